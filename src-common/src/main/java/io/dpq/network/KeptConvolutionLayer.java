package io.dpq.network;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * {@link KeptConvolution} at work. Deeplearning4j computes the whole convolution again on the way back, for the values before
 * the activation, at which it takes the activation's derivative. A rectifier is open exactly where its output is positive, and
 * the identity has no derivative to take, so the output of the way there tells the same and is kept until the way back. With
 * any other activation nothing is kept. For one thread, as a layer is.
 */
final class KeptConvolutionLayer extends ConvolutionLayer {
    private static final long serialVersionUID = 1L;
    private static final IActivation RECTIFIER = new ActivationReLU();

    KeptConvolutionLayer(final NeuralNetConfiguration conf, final DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public INDArray activate(final boolean training, final LayerWorkspaceMgr workspaces) {
        preOutput = null;
        final INDArray out = super.activate(training, workspaces);
        final IActivation activation = layerConf().getActivationFn();
        if (training && (activation instanceof ActivationIdentity || activation.equals(RECTIFIER))) {
            preOutput = out;
        }
        return out;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(final INDArray epsilon, final LayerWorkspaceMgr workspaces) {
        final Pair<Gradient, INDArray> gradients = super.backpropGradient(epsilon, workspaces);
        // Its memory belongs to the pass that ends here.
        preOutput = null;
        return gradients;
    }
}

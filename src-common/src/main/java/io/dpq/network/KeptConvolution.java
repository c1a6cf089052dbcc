package io.dpq.network;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of a convolution of images with the parameters and the arithmetic of Deeplearning4j's own, which is computed
 * once a training step; see {@link KeptConvolutionLayer}. Deeplearning4j writes it as JSON inside network.zip, hence the
 * constructor without arguments.
 */
final class KeptConvolution extends ConvolutionLayer {
    private static final long serialVersionUID = 1L;

    /** For deserialization only. */
    KeptConvolution() {}

    KeptConvolution(final Builder builder) {
        super(builder);
    }

    @Override
    public Layer instantiate(
            final NeuralNetConfiguration conf,
            final Collection<TrainingListener> trainingListeners,
            final int layerIndex,
            final INDArray layerParamsView,
            final boolean initializeParams,
            final DataType networkDataType) {
        final KeptConvolutionLayer layer = new KeptConvolutionLayer(conf, networkDataType);
        layer.setListeners(trainingListeners);
        layer.setIndex(layerIndex);
        layer.setParamsViewArray(layerParamsView);
        final Map<String, INDArray> parameters = initializer().init(conf, layerParamsView, initializeParams);
        layer.setParamTable(parameters);
        layer.setConf(conf);
        return layer;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof KeptConvolution && super.equals(other);
    }

    @Override
    protected boolean canEqual(final Object other) {
        return other instanceof KeptConvolution;
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }
}

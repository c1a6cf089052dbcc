package io.dpq.network;

import java.util.Objects;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * One quantization level at work, forward and backward written by hand: r' = r − h, H' = H + h, S' = S + q, where h is the
 * codeword chosen and q the softmax-weighted mean of all codewords. The choice itself has no gradient; everything else has.
 * The backward pass assigns anew instead of keeping arrays, which costs less than the memory would.
 */
final class QuantizationLayer extends BaseLayer<QuantizationBlock> {
    private static final long serialVersionUID = 1L;

    QuantizationLayer(final NeuralNetConfiguration conf, final DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public INDArray activate(final boolean training, final LayerWorkspaceMgr workspaces) {
        assertInputSet(false);
        final INDArray r = part(input, 0);
        final Assignment assignment = assign(r);
        final INDArray hard = assignment.hard();
        final INDArray soft = assignment.soft();
        final INDArray out = workspaces.create(
                ArrayType.ACTIVATIONS, input.dataType(), new long[] {input.size(0), 3L * dimensions()}, 'c');
        part(out, 0).assign(r.sub(hard));
        part(out, 1).assign(layerConf().isFirst() ? hard : hard.addi(part(input, 1)));
        part(out, 2).assign(layerConf().isFirst() ? soft : soft.addi(part(input, 2)));
        return out;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(final INDArray epsilon, final LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        final INDArray ofResidual = part(epsilon, 0);
        final INDArray ofHard = part(epsilon, 1);
        final INDArray ofSoft = part(epsilon, 2);
        final Assignment.Gradients gradients = assign(part(input, 0)).backward(ofHard.sub(ofResidual), ofSoft);

        final INDArray codebookGradient = Objects.requireNonNull(gradientViews.get(CodebookParamInitializer.CODEBOOK));
        codebookGradient.assign(gradients.codebook());
        final Gradient gradient = new DefaultGradient();
        gradient.setGradientFor(CodebookParamInitializer.CODEBOOK, codebookGradient, 'c');

        final INDArray next = workspaces.create(
                ArrayType.ACTIVATION_GRAD, input.dataType(), input.shape().clone(), 'c');
        if (!layerConf().isFirst()) {
            part(next, 1).assign(ofHard);
            part(next, 2).assign(ofSoft);
        }
        if (!layerConf().isFirst() || layerConf().isEndToEnd()) {
            part(next, 0).assign(gradients.residual().addi(ofResidual));
        }
        return new Pair<>(gradient, next);
    }

    private Assignment assign(final INDArray residual) {
        return new Assignment(
                residual,
                getParam(CodebookParamInitializer.CODEBOOK),
                layerConf().getSimilarity(),
                layerConf().getGamma());
    }

    private int dimensions() {
        return layerConf().getDimensions();
    }

    private INDArray part(final INDArray state, final int index) {
        final long from = (long) index * dimensions();
        return state.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + dimensions()));
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }
}

package io.dpq.network;

import java.nio.FloatBuffer;
import java.util.Objects;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/**
 * {@link PlaneNormalization} at work. Training on images [N, C, H, W] of floats is computed here, plane by plane: a plane of H·W
 * values is copied to the heap, where it stays in the nearest cache while it is summed, scaled and rectified. Deeplearning4j
 * takes mean and variance by general reductions, which compute the place of every value anew, and passes over all values
 * for every step. Everything else is left to it. For one thread, as a layer is.
 */
final class PlaneNormalizationLayer extends BatchNormalization {
    private static final long serialVersionUID = 2L;

    private final boolean rectified;
    /** Of the batch last trained on; null where the library computed it. */
    private float @Nullable [] means;

    private float[] variances = {};
    private float[] plane = {};
    private float[] second = {};
    /** What the library computed last in training, rectified: the gate of the gradient. */
    private @Nullable INDArray rectifiedOutput;

    PlaneNormalizationLayer(final NeuralNetConfiguration conf, final DataType dataType) {
        super(conf, dataType);
        this.rectified = ((PlaneNormalization) conf.getLayer()).isRectified();
    }

    @Override
    public INDArray activate(final boolean training, final LayerWorkspaceMgr workspaces) {
        assertInputSet(false);
        if (training && takes(input)) {
            rectifiedOutput = null;
            return train(workspaces);
        }
        means = null;
        final INDArray out = super.activate(training, workspaces);
        if (!rectified) {
            return out;
        }
        Activation.RELU.getActivationFunction().getActivation(out, training);
        rectifiedOutput = training ? out : null;
        return out;
    }

    private boolean takes(final INDArray x) {
        return x.rank() == 4
                && x.dataType() == DataType.FLOAT
                && layerConf().getCnn2DFormat() == CNN2DFormat.NCHW
                && !layerConf().isLockGammaBeta()
                && layerConf().isUseLogStd();
    }

    private INDArray train(final LayerWorkspaceMgr workspaces) {
        final int examples = (int) input.size(0);
        final int channels = (int) input.size(1);
        final float[] batchMeans = new float[channels];
        variances = new float[channels];
        final FloatBuffer in = floats(input);
        final INDArray out = inOrder(workspaces, ArrayType.ACTIVATIONS);
        final FloatBuffer result = out.data().asNioFloat().slice();
        final float[] gamma = getParam(BatchNormalizationParamInitializer.GAMMA).toFloatVector();
        final float[] beta = getParam(BatchNormalizationParamInitializer.BETA).toFloatVector();
        open();
        for (int c = 0; c < channels; c++) {
            statistics(in, examples, channels, c, batchMeans);
            final float scale = gamma[c] * inverse(variances[c]);
            final float shift = beta[c] - batchMeans[c] * scale;
            for (int n = 0; n < examples; n++) {
                final int at = (n * channels + c) * plane.length;
                in.get(at, plane);
                PlaneArithmetic.scale(plane, scale, shift);
                if (rectified) {
                    PlaneArithmetic.rectify(plane);
                }
                result.put(at, plane);
            }
        }
        means = batchMeans;
        return out;
    }

    private INDArray inOrder(final LayerWorkspaceMgr workspaces, final ArrayType type) {
        return workspaces.createUninitialized(type, DataType.FLOAT, input.shape(), 'c');
    }

    private float inverse(final float variance) {
        return (float) (1 / Math.sqrt(variance + layerConf().getEps()));
    }

    private void open() {
        final int length = (int) (input.size(2) * input.size(3));
        if (plane.length != length) {
            plane = new float[length];
            second = new float[length];
        }
    }

    /** Mean and variance of a channel, from those of its planes: no sum of squares that could cancel. */
    private void statistics(
            final FloatBuffer in, final int examples, final int channels, final int channel, final float[] batchMeans) {
        double sum = 0;
        double within = 0;
        double between = 0;
        for (int n = 0; n < examples; n++) {
            in.get((n * channels + channel) * plane.length, plane);
            final float centre = PlaneArithmetic.sum(plane) / plane.length;
            within += PlaneArithmetic.squares(plane, centre);
            sum += centre;
            between += (double) centre * centre;
        }
        final double centre = sum / examples;
        batchMeans[channel] = (float) centre;
        variances[channel] = (float)
                (within / ((double) examples * plane.length) + Math.max(0, between / examples - centre * centre));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(final INDArray epsilon, final LayerWorkspaceMgr workspaces) {
        assertInputSet(true);
        final float[] batchMeans = means;
        if (batchMeans != null) {
            return new Pair<>(gradients(), differentiate(epsilon, batchMeans, workspaces));
        }
        final INDArray gate = rectifiedOutput;
        rectifiedOutput = null;
        return super.backpropGradient(
                gate == null ? epsilon : epsilon.mul(gate.gt(0).castTo(epsilon.dataType())), workspaces);
    }

    /**
     * With the batch's own mean m and deviation s, y = γ(x − m)/s + β gives dβ = Σ g, dγ = Σ g(x − m)/s and
     * dx = γ/s · (g − dβ/M − (x − m)/s · dγ/M), where the sums go over the M values of the channel.
     */
    private INDArray differentiate(
            final INDArray epsilon, final float[] batchMeans, final LayerWorkspaceMgr workspaces) {
        final int examples = (int) input.size(0);
        final int channels = (int) input.size(1);
        final FloatBuffer in = floats(input);
        final FloatBuffer gradient = floats(epsilon);
        final INDArray out = inOrder(workspaces, ArrayType.ACTIVATION_GRAD);
        final FloatBuffer result = out.data().asNioFloat().slice();
        final float[] gamma = getParam(BatchNormalizationParamInitializer.GAMMA).toFloatVector();
        final float[] beta = getParam(BatchNormalizationParamInitializer.BETA).toFloatVector();
        open();
        final double count = (double) examples * plane.length;
        for (int c = 0; c < channels; c++) {
            final float centre = batchMeans[c];
            final float inverse = inverse(variances[c]);
            final float scale = gamma[c] * inverse;
            final float shift = beta[c] - centre * scale;
            double sum = 0;
            double product = 0;
            for (int n = 0; n < examples; n++) {
                read(in, gradient, (n * channels + c) * plane.length, scale, shift);
                sum += PlaneArithmetic.sum(second);
                product += PlaneArithmetic.products(second, plane, centre);
            }
            view(BatchNormalizationParamInitializer.BETA).putScalar(c, sum);
            view(BatchNormalizationParamInitializer.GAMMA).putScalar(c, product * inverse);
            final double ofInput = -scale * (double) inverse * inverse * product / count;
            final double constant = -scale * sum / count - ofInput * centre;
            for (int n = 0; n < examples; n++) {
                final int at = (n * channels + c) * plane.length;
                read(in, gradient, at, scale, shift);
                PlaneArithmetic.mix(plane, second, scale, (float) ofInput, (float) constant);
                result.put(at, plane);
            }
        }
        differentiateStatistics(batchMeans);
        return out;
    }

    private void read(
            final FloatBuffer in, final FloatBuffer gradient, final int at, final float scale, final float shift) {
        in.get(at, plane);
        gradient.get(at, second);
        if (rectified) {
            PlaneArithmetic.gate(second, plane, scale, shift);
        }
    }

    /** The running mean and log10 deviation move by what is subtracted from them, as in the library's layer. */
    private void differentiateStatistics(final float[] batchMeans) {
        final double keep = layerConf().getDecay();
        final INDArray mean = getParam(BatchNormalizationParamInitializer.GLOBAL_MEAN);
        final INDArray logarithm = getParam(BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
        final INDArray ofMean = view(BatchNormalizationParamInitializer.GLOBAL_MEAN);
        final INDArray ofLogarithm = view(BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
        for (int c = 0; c < batchMeans.length; c++) {
            ofMean.putScalar(c, (1 - keep) * (mean.getDouble(c) - batchMeans[c]));
            final double variance = Math.pow(10, 2 * logarithm.getDouble(c));
            ofLogarithm.putScalar(c, Math.log10(variance / (keep * variance + (1 - keep) * variances[c])) / 2);
        }
    }

    private INDArray view(final String parameter) {
        return Objects.requireNonNull(gradientViews.get(parameter));
    }

    private Gradient gradients() {
        final Gradient gradient = new DefaultGradient();
        gradientViews.forEach(gradient::setGradientFor);
        return gradient;
    }

    /** The values in order, shared where the array lies in order, else of a copy. */
    private static FloatBuffer floats(final INDArray array) {
        final boolean inOrder = array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array);
        return (inOrder ? array : array.dup('c')).data().asNioFloat().slice();
    }
}

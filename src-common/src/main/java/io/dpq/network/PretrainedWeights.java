package io.dpq.network;

import io.dpq.config.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Copies weights of a Keras 2 file into a backbone's layers of the same names. Keras' models are channel-last and
 * Deeplearning4j imports them so, which runs several times slower; only the weights are taken, turned from [height, width, in,
 * out] to [out, in, height, width], and rows of a dense layer behind a flattened image likewise.
 */
final class PretrainedWeights {
    private PretrainedWeights() {}

    /** Fills every layer with parameters among {@code layers}. */
    static void load(final ComputationGraph graph, final List<String> layers, final String file) {
        try (KerasFile weights = KerasFile.open(file)) {
            for (final String name : layers) {
                final Layer layer = graph.getLayer(name);
                if (!layer.paramTable(false).isEmpty()) {
                    copy(weights, name, layer, flattened(graph, name));
                }
            }
        }
    }

    private static void copy(
            final KerasFile weights,
            final String name,
            final Layer layer,
            final Optional<CnnToFeedForwardPreProcessor> flattened) {
        final String file = weights.file();
        if (!layer.paramTable(false).containsKey(ConvolutionParamInitializer.WEIGHT_KEY)) {
            throw UserException.data("The layer \"" + name + "\" takes no weights from Keras files such as " + file
                    + ", so remove backbone.weights or choose the backbone.kind it was made for.");
        }
        final Map<String, INDArray> arrays = weights.arrays(name);
        final @Nullable INDArray kernel = arrays.get("kernel");
        final @Nullable INDArray bias = arrays.get("bias");
        if (kernel == null || bias == null) {
            throw unfitting(file, "has no layer \"" + name + "\" with a kernel and a bias");
        }
        assign(layer.getParam(ConvolutionParamInitializer.WEIGHT_KEY), channelFirst(kernel, flattened), name, file);
        assign(layer.getParam(ConvolutionParamInitializer.BIAS_KEY), bias, name, file);
    }

    /** How the layer's input is flattened, where it comes from a convolution. */
    static Optional<CnnToFeedForwardPreProcessor> flattened(final ComputationGraph graph, final String name) {
        final GraphVertex vertex = graph.getConfiguration().getVertices().get(name);
        return vertex instanceof LayerVertex layer
                        && layer.getPreProcessor() instanceof CnnToFeedForwardPreProcessor flatten
                ? Optional.of(flatten)
                : Optional.empty();
    }

    /** A kernel in the order of channel-first layers; Keras flattens images row by row with the channel innermost. */
    static INDArray channelFirst(final INDArray kernel, final Optional<CnnToFeedForwardPreProcessor> flattened) {
        if (kernel.rank() == 4) {
            return kernel.permute(3, 2, 0, 1);
        }
        return flattened
                .filter(flatten ->
                        kernel.size(0) == flatten.getInputHeight() * flatten.getInputWidth() * flatten.getNumChannels())
                .map(flatten -> kernel.dup('c')
                        .reshape(
                                'c',
                                flatten.getInputHeight(),
                                flatten.getInputWidth(),
                                flatten.getNumChannels(),
                                kernel.size(1))
                        .permute(2, 0, 1, 3)
                        .dup('c')
                        .reshape('c', kernel.size(0), kernel.size(1)))
                .orElse(kernel);
    }

    private static void assign(final INDArray parameter, final INDArray values, final String name, final String file) {
        if (parameter.length() != values.length() || (parameter.rank() == 4 && !parameter.equalShapes(values))) {
            throw unfitting(
                    file,
                    "gives layer \"" + name + "\" the shape " + Arrays.toString(values.shape()) + " where "
                            + Arrays.toString(parameter.shape()) + " is needed");
        }
        parameter.assign(values.rank() == 4 ? values : values.reshape(parameter.shape()));
    }

    private static UserException unfitting(final String file, final String what) {
        return UserException.data("The weights file " + file + " " + what
                + ", so choose the backbone.kind it was made for or another file.");
    }
}

package io.dpq.network;

import io.dpq.config.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Fills the layers that {@link KerasLayers} made with the weights of the same file. For one graph. */
final class KerasWeights {
    private static final String KERNEL = "kernel";
    private static final String BIAS = "bias";

    private final ComputationGraph graph;

    KerasWeights(final ComputationGraph graph) {
        this.graph = graph;
    }

    /** Fills every layer. */
    void load(final KerasFile file, final List<KerasLayer> layers) {
        for (final KerasLayer layer : layers) {
            load(layer, file.arrays(layer.name()));
        }
    }

    private void load(final KerasLayer layer, final Map<String, INDArray> arrays) {
        switch (layer.type()) {
            case "Conv2D", "Convolution2D" -> convolution(layer, arrays);
            case "DepthwiseConv2D" -> {
                final String key = arrays.containsKey("depthwise_kernel") ? "depthwise_kernel" : KERNEL;
                // Stored as Keras stores it: [height, width, in, multiplier].
                weights(layer, layer.name(), needed(layer, arrays, key));
                bias(layer, arrays);
            }
            case "SeparableConv2D", "SeparableConvolution2D" -> {
                weights(layer, KerasLayers.depthwiseName(layer), needed(layer, arrays, "depthwise_kernel"));
                weights(layer, layer.name(), channelFirst(needed(layer, arrays, "pointwise_kernel")));
                bias(layer, arrays);
            }
            case "Dense" -> {
                weights(layer, layer.name(), needed(layer, arrays, KERNEL));
                bias(layer, arrays);
            }
            case "BatchNormalization" -> normalisation(layer, arrays);
            default -> {
                // The other kinds have no weights.
            }
        }
    }

    private static INDArray channelFirst(final INDArray kernel) {
        return kernel.permute(3, 2, 0, 1);
    }

    private void convolution(final KerasLayer layer, final Map<String, INDArray> arrays) {
        final INDArray kernel = channelFirst(needed(layer, arrays, KERNEL));
        final int groups = (int) layer.number("groups", 1);
        if (groups == 1) {
            weights(layer, layer.name(), kernel);
            bias(layer, arrays);
            return;
        }
        final long each = kernel.size(0) / groups;
        for (int group = 0; group < groups; group++) {
            final String name = KerasLayers.groupName(layer, group);
            final var part = NDArrayIndex.interval(group * each, (group + 1) * each);
            weights(layer, name, kernel.get(part, NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.all()));
            if (layer.flag("use_bias", true)) {
                set(
                        layer,
                        name,
                        DefaultParamInitializer.BIAS_KEY,
                        needed(layer, arrays, BIAS).get(part));
            }
        }
    }

    /** Where centre or scale is switched off, the file has no such array, and the layer begins with what does nothing. */
    private void normalisation(final KerasLayer layer, final Map<String, INDArray> arrays) {
        final String name = layer.name();
        if (layer.flag("scale", true)) {
            set(layer, name, BatchNormalizationParamInitializer.GAMMA, needed(layer, arrays, "gamma"));
        }
        if (layer.flag("center", true)) {
            set(layer, name, BatchNormalizationParamInitializer.BETA, needed(layer, arrays, "beta"));
        }
        set(layer, name, BatchNormalizationParamInitializer.GLOBAL_MEAN, needed(layer, arrays, "moving_mean"));
        set(layer, name, BatchNormalizationParamInitializer.GLOBAL_VAR, needed(layer, arrays, "moving_variance"));
    }

    private void weights(final KerasLayer layer, final String name, final INDArray values) {
        set(layer, name, DefaultParamInitializer.WEIGHT_KEY, values);
    }

    private void bias(final KerasLayer layer, final Map<String, INDArray> arrays) {
        if (layer.flag("use_bias", true)) {
            set(layer, layer.name(), DefaultParamInitializer.BIAS_KEY, needed(layer, arrays, BIAS));
        }
    }

    private static INDArray needed(final KerasLayer layer, final Map<String, INDArray> arrays, final String key) {
        final @Nullable INDArray found = arrays.get(key);
        if (found == null) {
            throw UserException.data("The file " + layer.file() + " has no weights \"" + key + "\" of the layer \""
                    + layer.name() + "\", so save the model again.");
        }
        return found;
    }

    private void set(final KerasLayer layer, final String name, final String key, final INDArray values) {
        final INDArray parameter = graph.getLayer(LayerNames.safe(name)).getParam(key);
        if (parameter.length() != values.length() || (values.rank() > 1 && !parameter.equalShapes(values))) {
            throw UserException.data(
                    "The file " + layer.file() + " gives the layer \"" + layer.name() + "\" weights of shape "
                            + Arrays.toString(values.shape()) + " where images of this size need "
                            + Arrays.toString(parameter.shape())
                            + ", so set image.crop to the side the model was made for.");
        }
        parameter.assign(values.rank() == 1 ? values.reshape(parameter.shape()) : values);
    }
}

package io.dpq.network;

import io.dpq.config.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The layers of a stored Deeplearning4j ComputationGraph up to a feature layer, with their weights. Layers that were frozen
 * there are not frozen here, but for backbone.frozen-up-to. For one thread.
 */
final class ZipBackbone {
    private final String file;
    private final ComputationGraph source;
    private final String feature;
    private final List<String> needed;

    private ZipBackbone(
            final String file, final ComputationGraph source, final String feature, final List<String> needed) {
        this.file = file;
        this.source = source;
        this.feature = feature;
        this.needed = needed;
    }

    /**
     * Reads a file.
     *
     * @param feature name of the vertex that yields features; absent takes the one before the output layer
     * @throws UserException where the file holds no graph that takes images, anything besides, or no such vertex
     */
    static ZipBackbone read(final String file, final Optional<String> feature) {
        final ComputationGraph source;
        try {
            source = NetworkZip.restore(Files.readAllBytes(Path.of(file)), false);
        } catch (final IOException | RuntimeException e) {
            throw UserException.data(
                    "The file " + file
                            + " cannot be taken for a backbone, so point backbone.weights to a Deeplearning4j"
                            + " ComputationGraph stored by ModelSerializer, with nothing besides.",
                    e);
        }
        final Map<String, List<String>> inputs = source.getConfiguration().getVertexInputs();
        if (source.getConfiguration().getNetworkInputs().size() != 1) {
            throw UserException.data(
                    "The network in " + file + " has several inputs, so choose one that takes images.");
        }
        final String last = feature.orElseGet(() -> last(source));
        if (!inputs.containsKey(last)) {
            throw UserException.usage("backbone.feature-layer names \"" + last + "\", which the network in " + file
                    + " does not have; choose one of " + String.join(", ", inputs.keySet()) + ".");
        }
        return new ZipBackbone(file, source, last, needed(source, inputs, last));
    }

    private static String last(final ComputationGraph source) {
        final String output = source.getConfiguration().getNetworkOutputs().get(0);
        final @Nullable Layer layer = layer(source, output);
        return layer instanceof BaseOutputLayer || layer instanceof LossLayer
                ? source.getConfiguration()
                        .getVertexInputs()
                        .getOrDefault(output, List.of(output))
                        .get(0)
                : output;
    }

    private static @Nullable Layer layer(final ComputationGraph source, final String name) {
        return source.getConfiguration().getVertices().get(name) instanceof LayerVertex vertex
                ? unfrozen(vertex.getLayerConf().getLayer())
                : null;
    }

    private static Layer unfrozen(final Layer layer) {
        return layer instanceof FrozenLayer frozen ? frozen.getLayer() : layer;
    }

    private static List<String> needed(
            final ComputationGraph source, final Map<String, List<String>> inputs, final String last) {
        final Set<String> found = Ancestors.of(inputs, last);
        return Arrays.stream(source.topologicalSortOrder())
                .mapToObj(index -> source.getVertices()[index].getVertexName())
                .filter(name -> found.contains(name) && inputs.containsKey(name))
                .toList();
    }

    /** Adds the layers behind {@code input} and returns the vertex that yields features [N, F]. */
    String add(final GraphAssembly graph, final String input, final int side) {
        final Map<String, String> values = new LinkedHashMap<>();
        values.put(source.getConfiguration().getNetworkInputs().get(0), input);
        for (final String name : needed) {
            final GraphVertex vertex = Objects.requireNonNull(
                            source.getConfiguration().getVertices().get(name))
                    .clone();
            final String[] from = source.getConfiguration().getVertexInputs().getOrDefault(name, List.of()).stream()
                    .map(before -> Objects.requireNonNull(values.get(before)))
                    .toArray(String[]::new);
            values.put(name, LayerNames.safe(name));
            if (vertex instanceof LayerVertex layered) {
                final Layer layer = unfrozen(layered.getLayerConf().getLayer());
                requireChannelFirst(name, layer);
                if (layer instanceof BaseOutputLayer || layer instanceof LossLayer) {
                    throw UserException.usage("backbone.feature-layer needs \"" + name + "\" of " + file
                            + ", which is an output layer, so choose one before it.");
                }
                graph.layer(LayerNames.safe(name), layer, layered.getPreProcessor(), from);
            } else {
                graph.vertex(
                        LayerNames.safe(name),
                        vertex instanceof FrozenVertex frozen ? frozen.getUnderlying() : vertex,
                        from);
            }
        }
        final String last = LayerNames.safe(feature);
        return yieldsImages(side) ? graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), last) : last;
    }

    /** A channel-last graph would flatten its images in another order. */
    private void requireChannelFirst(final String name, final Layer layer) {
        if ((layer instanceof ConvolutionLayer convolution && convolution.getCnn2dDataFormat() == CNN2DFormat.NHWC)
                || (layer instanceof SubsamplingLayer pooling && pooling.getCnn2dDataFormat() == CNN2DFormat.NHWC)) {
            throw UserException.data("The layer \"" + name + "\" of " + file
                    + " works channel-last, so build the network channel-first (CNN2DFormat.NCHW).");
        }
    }

    private boolean yieldsImages(final int side) {
        try {
            final InputType type = source.getConfiguration()
                    .clone()
                    .getLayerActivationTypes(InputType.convolutional(side, side, 3))
                    .get(feature);
            return type instanceof InputType.InputTypeConvolutional;
        } catch (final RuntimeException e) {
            throw UserException.data(
                    "The network in " + file + " does not take images of " + side
                            + " pixels, so set image.crop to the side it was made for.",
                    e);
        }
    }

    /** Copies the weights into a graph that has the layers. */
    void load(final ComputationGraph graph) {
        for (final String name : needed) {
            final org.deeplearning4j.nn.api.@Nullable Layer from = source.getLayer(name);
            if (from == null) {
                continue;
            }
            for (final Map.Entry<String, INDArray> parameter :
                    from.paramTable(false).entrySet()) {
                final INDArray to = graph.getLayer(LayerNames.safe(name)).getParam(parameter.getKey());
                if (!to.equalShapes(parameter.getValue())) {
                    throw UserException.data("The network in " + file + " gives the layer \"" + name
                            + "\" weights of shape "
                            + Arrays.toString(parameter.getValue().shape())
                            + " where colour images of this size need " + Arrays.toString(to.shape())
                            + ", so set image.crop to the side it was made for.");
                }
                to.assign(parameter.getValue().castTo(to.dataType()));
            }
        }
    }
}

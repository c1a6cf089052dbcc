package io.dpq.network;

import io.dpq.model.OnnxEmbedder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The part of a network that training leaves as it is, and the rest, which is a network of its own on what the frozen part
 * yields: the frozen part then need be computed only once for every image. Not thread-safe, as a graph is not.
 */
public final class FrozenPart {
    private final ComputationGraph whole;
    private final Set<String> frozen;
    private final String cut;
    private final long[] shape;

    private FrozenPart(final ComputationGraph whole, final Set<String> frozen, final String cut, final long[] shape) {
        this.whole = whole;
        this.frozen = frozen;
        this.cut = cut;
        this.shape = shape;
    }

    /**
     * The frozen part of a network on images of a side: what is frozen, and what follows and has nothing to learn (pooling,
     * joins). Empty where nothing is frozen, or where the rest looks at several of its layers.
     */
    public static Optional<FrozenPart> of(final ComputationGraph whole, final int side) {
        final Map<String, GraphVertex> vertices = whole.getConfiguration().getVertices();
        final Map<String, List<String>> inputs = whole.getConfiguration().getVertexInputs();
        final Set<String> frozen = new HashSet<>();
        for (final int index : whole.topologicalSortOrder()) {
            final String name = whole.getVertices()[index].getVertexName();
            final GraphVertex vertex = vertices.get(name);
            if (vertex != null
                    && (isFrozen(vertex)
                            || (learnsNothing(vertex) && frozen.containsAll(inputs.getOrDefault(name, List.of()))))) {
                frozen.add(name);
            }
        }
        final Set<String> border = new LinkedHashSet<>();
        inputs.forEach((name, from) -> {
            if (!frozen.contains(name)) {
                from.stream().filter(frozen::contains).forEach(border::add);
            }
        });
        // The image itself must not be needed behind the border either.
        final boolean imageNeeded = inputs.entrySet().stream()
                .anyMatch(entry ->
                        !frozen.contains(entry.getKey()) && entry.getValue().contains(DpqNetwork.INPUT));
        if (border.size() != 1 || imageNeeded) {
            return Optional.empty();
        }
        final String cut = border.iterator().next();
        // All of them: Deeplearning4j 1.0.0-M2.1 leaves a workspace open where one is asked for that follows the input.
        final Map<String, INDArray> activations =
                whole.feedForward(new INDArray[] {Nd4j.zeros(DataType.FLOAT, 1, 3, side, side)}, false);
        final long[] found = Objects.requireNonNull(activations.get(cut)).shape();
        return Optional.of(new FrozenPart(whole, frozen, cut, Arrays.copyOfRange(found, 1, found.length)));
    }

    private static boolean isFrozen(final GraphVertex vertex) {
        return vertex instanceof FrozenVertex
                || (vertex instanceof LayerVertex layer && layer.getLayerConf().getLayer() instanceof FrozenLayer);
    }

    /** Exact classes, since a subclass may have parameters. */
    private static boolean learnsNothing(final GraphVertex vertex) {
        if (vertex instanceof LayerVertex layered) {
            final Layer layer = layered.getLayerConf().getLayer();
            return layer.getClass() == SubsamplingLayer.class
                    || layer.getClass() == ActivationLayer.class
                    || layer.getClass() == GlobalPoolingLayer.class;
        }
        return vertex instanceof MergeVertex
                || vertex instanceof ElementWiseVertex
                || vertex instanceof SubsetVertex
                || vertex instanceof PreprocessorVertex;
    }

    /** The last vertex of the frozen part. */
    public String layer() {
        return cut;
    }

    /** Shape of what it yields of one image: [C, H, W] or [F]. */
    public long[] shape() {
        return shape.clone();
    }

    /** The frozen part as ONNX: images [N, 3, S, S] to what it yields, row by row, as {@link OnnxEmbedder} takes it. */
    public byte[] onnx() {
        return EncoderExport.upTo(whole, cut, Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    /** A new network of the rest, with the whole's weights and counts; its input bears the name of the last frozen vertex. */
    public ComputationGraph rest() {
        final ComputationGraphConfiguration configuration =
                whole.getConfiguration().clone();
        configuration.getVertices().keySet().removeAll(frozen);
        configuration.getVertexInputs().keySet().removeAll(frozen);
        configuration.setNetworkInputs(new ArrayList<>(List.of(cut)));
        final ComputationGraph rest = new ComputationGraph(configuration);
        rest.init();
        copy(whole, rest);
        return rest;
    }

    /**
     * The whole network with what a rest has learnt, its counts and its updater's state. There is one whole network: it is
     * changed.
     */
    public ComputationGraph whole(final ComputationGraph rest) {
        copy(rest, whole);
        UpdaterStates.copy(rest, whole);
        return whole;
    }

    private void copy(final ComputationGraph from, final ComputationGraph to) {
        learners(from)
                .forEach(name -> from.getLayer(name)
                        .paramTable(false)
                        .forEach(
                                (key, values) -> to.getLayer(name).getParam(key).assign(values)));
        to.getConfiguration().setIterationCount(from.getConfiguration().getIterationCount());
        to.getConfiguration().setEpochCount(from.getConfiguration().getEpochCount());
    }

    /** Layers behind the border that have parameters. */
    private List<String> learners(final ComputationGraph graph) {
        return Arrays.stream(graph.topologicalSortOrder())
                .mapToObj(index -> graph.getVertices()[index].getVertexName())
                .filter(name -> !frozen.contains(name) && graph.getLayer(name) != null)
                .filter(name -> !graph.getLayer(name).paramTable(false).isEmpty())
                .toList();
    }
}

package io.dpq.network;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;

/** Exports backbone and embedding of a trained graph to ONNX. Stateless. */
public final class EncoderExport {
    private static final String IMAGE = "image";
    private static final String VECTOR = "vector";
    /** The output of a part of the network. */
    static final String ACTIVATIONS = "activations.flat";
    /** Both sides of an image, where the embedding is the mean of theirs. */
    private static final String BOTH = ".both-sides";

    private EncoderExport() {}

    /**
     * The encoder as ONNX: input "image" [N, 3, S, S] float32 normalised by the image contract, or "vector" [N, length] of a
     * network without backbone; output "embedding" [N, D].
     *
     * @throws IllegalStateException for a layer that has no ONNX form, naming it
     */
    public static byte[] toOnnx(final ComputationGraph graph) {
        return toOnnx(graph, false);
    }

    /**
     * As {@link #toOnnx(ComputationGraph)}, of images.
     *
     * @param mirror whether an embedding is the mean of the image's own and of its mirror image's; the network then sees 2N images
     */
    public static byte[] toOnnx(final ComputationGraph graph, final boolean mirror) {
        final OnnxGraph onnx = new OnnxGraph();
        final String seen = enter(graph, onnx);
        if (mirror) {
            // Of the embeddings [2N, D] the first N are those of the images, in their order, and the others those of
            // the mirror images.
            final String embeddings = add(graph, DpqNetwork.EMBEDDING, BOTH, onnx, bothSides(onnx, seen));
            final String shape = onnx.constant("sides.shape", 2, -1, DpqNetwork.dimensions(graph));
            onnx.node(
                    "ReduceMean",
                    DpqNetwork.EMBEDDING,
                    List.of(onnx.node("Reshape", "sides", List.of(embeddings, shape))),
                    OnnxGraph.integers("axes", 0),
                    OnnxGraph.integer("keepdims", 0));
        } else {
            add(graph, DpqNetwork.EMBEDDING, "", onnx, seen);
        }
        onnx.output(DpqNetwork.EMBEDDING, "N", DpqNetwork.dimensions(graph));
        return onnx.toBytes();
    }

    /** Images, and behind all of them their mirror images: the width, axis 3, read from its end to its beginning. */
    private static String bothSides(final OnnxGraph onnx, final String images) {
        final String mirrored = onnx.node(
                "Slice",
                images + ".mirrored",
                List.of(
                        images,
                        onnx.constant("mirror.starts", -1),
                        onnx.constant("mirror.ends", Long.MIN_VALUE),
                        onnx.constant("mirror.axes", 3),
                        onnx.constant("mirror.steps", -1)));
        return onnx.node("Concat", images + BOTH, List.of(images, mirrored), OnnxGraph.integer("axis", 0));
    }

    /** The way from the image to one vertex, as ONNX with the output {@value #ACTIVATIONS} [N, length], flattened row by row. */
    static byte[] upTo(final ComputationGraph graph, final String vertex, final long length) {
        final OnnxGraph onnx = new OnnxGraph();
        final String last = add(graph, vertex, "", onnx, enter(graph, onnx));
        onnx.output(onnx.node("Flatten", ACTIVATIONS, List.of(last), OnnxGraph.integer("axis", 1)), "N", length);
        return onnx.toBytes();
    }

    /** The input. */
    private static String enter(final ComputationGraph graph, final OnnxGraph onnx) {
        if (DpqNetwork.takesVectors(graph)) {
            onnx.input(VECTOR, "N", vectorLength(graph));
            return VECTOR;
        }
        onnx.input(IMAGE, "N", 3, "S", "S");
        return IMAGE;
    }

    /** Adds what leads from the input, seen as {@code seen}, to the vertex {@code last}, under its name and a suffix. */
    private static String add(
            final ComputationGraph graph,
            final String last,
            final String suffix,
            final OnnxGraph onnx,
            final String seen) {
        final Map<String, GraphVertex> vertices = graph.getConfiguration().getVertices();
        final Map<String, List<String>> inputs = graph.getConfiguration().getVertexInputs();
        final Set<String> needed = Ancestors.of(inputs, last);
        final Map<String, String> values = new HashMap<>(Map.of(DpqNetwork.INPUT, seen, DpqNetwork.VECTOR, seen));
        final OnnxOperators operators = new OnnxOperators(onnx);
        for (final int index : graph.topologicalSortOrder()) {
            final String name = graph.getVertices()[index].getVertexName();
            final GraphVertex vertex = vertices.get(name);
            if (vertex != null && needed.contains(name)) {
                final List<String> from = Objects.requireNonNull(inputs.get(name)).stream()
                        .map(input -> Objects.requireNonNull(values.get(input)))
                        .toList();
                values.put(
                        name,
                        operators.add(name.equals(last) ? name + suffix : name, vertex, graph.getLayer(name), from));
            }
        }
        return Objects.requireNonNull(values.get(last));
    }

    /** Between a vector and its embedding stands one layer at the most that changes the length. */
    static long vectorLength(final ComputationGraph graph) {
        return graph.getLayer(DpqNetwork.EMBEDDING).conf().getLayer() instanceof DenseLayer dense
                ? dense.getNIn()
                : DpqNetwork.dimensions(graph);
    }

    /** What ONNX Runtime makes of batches of inputs. */
    static List<float[][]> run(final byte[] onnx, final List<float[]> batches, final long[] shape) {
        final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        final List<float[][]> outputs = new ArrayList<>();
        try (OrtSession session = environment.createSession(onnx)) {
            final String name = session.getInputNames().iterator().next();
            for (final float[] batch : batches) {
                try (OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(batch), shape);
                        OrtSession.Result result = session.run(Map.of(name, tensor))) {
                    outputs.add((float[][]) result.get(0).getValue());
                }
            }
            return outputs;
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime refuses the exported encoder.", e);
        }
    }
}

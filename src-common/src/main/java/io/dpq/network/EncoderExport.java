package io.dpq.network;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Exports backbone and embedding of a trained graph to ONNX. Stateless. */
public final class EncoderExport {
    private static final String IMAGE = "image";
    private static final String VECTOR = "vector";
    /** The output of a part of the network. */
    static final String ACTIVATIONS = "activations.flat";
    /** Inputs that an export is tried on. */
    static final int PROBES = 4;

    private EncoderExport() {}

    /**
     * The encoder as ONNX: input "image" [N, 3, S, S] float32 normalised by the image contract, or "vector" [N, length] of a
     * network without backbone; output "embedding" [N, D].
     *
     * @throws IllegalStateException for a layer that has no ONNX form, naming it
     */
    public static byte[] toOnnx(final ComputationGraph graph) {
        final OnnxGraph onnx = new OnnxGraph();
        add(graph, DpqNetwork.EMBEDDING, onnx);
        onnx.output(DpqNetwork.EMBEDDING, "N", DpqNetwork.dimensions(graph));
        return onnx.toBytes();
    }

    /** The way from the image to one vertex, as ONNX with the output {@value #ACTIVATIONS} [N, length], flattened row by row. */
    static byte[] upTo(final ComputationGraph graph, final String vertex, final long length) {
        final OnnxGraph onnx = new OnnxGraph();
        final String last = add(graph, vertex, onnx);
        onnx.output(onnx.node("Flatten", ACTIVATIONS, List.of(last), OnnxGraph.integer("axis", 1)), "N", length);
        return onnx.toBytes();
    }

    private static String add(final ComputationGraph graph, final String last, final OnnxGraph onnx) {
        final Map<String, GraphVertex> vertices = graph.getConfiguration().getVertices();
        final Map<String, List<String>> inputs = graph.getConfiguration().getVertexInputs();
        final Set<String> needed = Ancestors.of(inputs, last);
        final Map<String, String> values = new HashMap<>(Map.of(DpqNetwork.INPUT, IMAGE, DpqNetwork.VECTOR, VECTOR));
        if (DpqNetwork.takesVectors(graph)) {
            onnx.input(VECTOR, "N", vectorLength(graph));
        } else {
            onnx.input(IMAGE, "N", 3, "S", "S");
        }
        final OnnxOperators operators = new OnnxOperators(onnx);
        for (final int index : graph.topologicalSortOrder()) {
            final String name = graph.getVertices()[index].getVertexName();
            final GraphVertex vertex = vertices.get(name);
            if (vertex != null && needed.contains(name)) {
                final List<String> from = Objects.requireNonNull(inputs.get(name)).stream()
                        .map(input -> Objects.requireNonNull(values.get(input)))
                        .toList();
                values.put(name, operators.add(name, vertex, graph.getLayer(name), from));
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

    /**
     * Largest difference between the graph and its export on a seeded probe batch, relative to the largest embedding value.
     * Half of the batch is of faint inputs, which leave tanh unsaturated, half of loud ones; each half is measured by itself,
     * lest the one hide the other, and the worse one is returned, or NaN where anything is no number.
     */
    public static double parity(
            final ComputationGraph graph, final byte[] onnx, final NetworkSpec.Input input, final long seed) {
        final float[] values = probes(input, seed);
        final long[] shape = input.shape(PROBES);
        final INDArray expected =
                DpqNetwork.embed(graph, Nd4j.createFromArray(values).reshape('c', shape));
        return worseHalf(expected.toFloatMatrix(), run(onnx, values, shape));
    }

    /** Four seeded inputs, two of them faint and two loud. */
    static float[] probes(final NetworkSpec.Input input, final long seed) {
        final float[] values = new float[PROBES * input.values()];
        final Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (i < values.length / 2 ? 1 : 64));
        }
        return values;
    }

    static double worseHalf(final float[][] expected, final float[][] actual) {
        final int half = expected.length / 2;
        return Math.max(relative(expected, actual, 0, half), relative(expected, actual, half, expected.length));
    }

    private static double relative(final float[][] expected, final float[][] actual, final int from, final int to) {
        double difference = 0;
        double largest = 0;
        for (int row = from; row < to; row++) {
            for (int d = 0; d < expected[row].length; d++) {
                difference = Math.max(difference, Math.abs((double) actual[row][d] - expected[row][d]));
                largest = Math.max(largest, Math.abs(expected[row][d]));
            }
        }
        return difference / largest;
    }

    static float[][] run(final byte[] onnx, final float[] values, final long[] shape) {
        final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(onnx);
                OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), shape);
                OrtSession.Result result =
                        session.run(Map.of(session.getInputNames().iterator().next(), tensor))) {
            return (float[][]) result.get(0).getValue();
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime refuses the exported encoder.", e);
        }
    }
}

package io.dpq.network;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Exports backbone and embedding of a trained graph to ONNX. Stateless. */
public final class EncoderExport {
    private static final String IMAGE = "image";
    private static final int PROBES = 4;

    private EncoderExport() {}

    /**
     * The encoder as ONNX: input "image" [N, 3, S, S] float32 normalised by the image contract, output "embedding" [N, D].
     *
     * @throws IllegalStateException for a layer that has no ONNX form, naming it
     */
    public static byte[] toOnnx(final ComputationGraph graph) {
        final Map<String, GraphVertex> vertices = graph.getConfiguration().getVertices();
        final Map<String, List<String>> inputs = graph.getConfiguration().getVertexInputs();
        final Set<String> needed = ancestors(inputs, DpqNetwork.EMBEDDING);
        final OnnxGraph onnx = new OnnxGraph();
        onnx.input(IMAGE, "N", 3, "S", "S");
        final Map<String, String> values = new HashMap<>(Map.of(DpqNetwork.INPUT, IMAGE));
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
        final long dimensions =
                graph.getLayer(DpqNetwork.EMBEDDING).getParam("W").size(1);
        onnx.output(DpqNetwork.EMBEDDING, "N", dimensions);
        return onnx.toBytes();
    }

    private static Set<String> ancestors(final Map<String, List<String>> inputs, final String last) {
        final Set<String> found = new HashSet<>();
        final Deque<String> open = new ArrayDeque<>(List.of(last));
        while (!open.isEmpty()) {
            final String name = open.pop();
            if (found.add(name)) {
                open.addAll(inputs.getOrDefault(name, List.of()));
            }
        }
        return found;
    }

    /**
     * Largest difference between the graph and its export on a seeded probe batch, relative to the largest embedding value.
     * Half of the batch is of faint images, which leave tanh unsaturated, half of loud ones.
     */
    public static double parity(final ComputationGraph graph, final byte[] onnx, final int inputSide, final long seed) {
        final float[] images = new float[PROBES * 3 * inputSide * inputSide];
        final Random random = new Random(seed);
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) (random.nextGaussian() * (i < images.length / 2 ? 1 : 64));
        }
        final long[] shape = {PROBES, 3, inputSide, inputSide};
        final INDArray expected =
                DpqNetwork.embed(graph, Nd4j.createFromArray(images).reshape('c', shape));
        final INDArray actual = Nd4j.createFromArray(run(onnx, images, shape));
        return actual.sub(expected).amaxNumber().doubleValue()
                / expected.amaxNumber().doubleValue();
    }

    private static float[][] run(final byte[] onnx, final float[] images, final long[] shape) {
        final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(onnx);
                OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images), shape);
                OrtSession.Result result = session.run(Map.of(IMAGE, tensor))) {
            return (float[][]) result.get(0).getValue();
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime refuses the exported encoder.", e);
        }
    }
}

package io.dpq.network;

import org.deeplearning4j.nn.graph.ComputationGraph;

/** Exports backbone and embedding of a trained graph to ONNX. */
public final class EncoderExport {
    private EncoderExport() {}

    /**
     * The encoder as ONNX: input "image" [N, 3, S, S] float32 normalised by the image contract, output "embedding" [N, D].
     *
     * @throws IllegalStateException for a layer that has no ONNX form, naming it
     */
    public static byte[] toOnnx(final ComputationGraph graph) {
        throw new UnsupportedOperationException();
    }

    /**
     * Largest difference between the graph and its export on a seeded probe batch, relative to the largest embedding value.
     */
    public static double parity(final ComputationGraph graph, final byte[] onnx, final int inputSide, final long seed) {
        throw new UnsupportedOperationException();
    }
}

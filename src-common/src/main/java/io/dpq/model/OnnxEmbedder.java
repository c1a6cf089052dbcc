package io.dpq.model;

/** Embeds by ONNX Runtime on {@code encoder.onnx} (input "image" [N,3,S,S], output "embedding" [N,D]). Thread-safe. */
public final class OnnxEmbedder implements Embedder {
    /**
     * Opens a session.
     *
     * @param onnx the bytes of encoder.onnx
     * @param inputSide S
     * @param threads intra-op threads of one call
     */
    public OnnxEmbedder(final byte[] onnx, final int inputSide, final int threads) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int dimensions() {
        throw new UnsupportedOperationException();
    }

    @Override
    public float[] embed(final float[] images, final int count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}

package io.dpq.network;

import io.dpq.model.Embedder;

/** Embeds with the training network itself ({@code network.zip}): slower than ONNX, kept as an independent engine. */
public final class NetworkEmbedder implements Embedder {
    /** Restores a graph from the bytes of network.zip. */
    public NetworkEmbedder(final byte[] networkZip, final int inputSide) {
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

package io.dpq.model;

/** Backbone and embedding: images in, embeddings out. Implementations are thread-safe. */
public interface Embedder extends AutoCloseable {
    /** Length D of an embedding. */
    int dimensions();

    /** Length of the vectors that are embedded, which must be read as they are; 0 where inputs are images. */
    default int vectorLength() {
        return 0;
    }

    /**
     * Embeds a batch.
     *
     * @param images {@code count} inputs: of {@link io.dpq.image.ImageContract#tensorLength()} floats, channel first, or of
     *     {@link #vectorLength()} floats
     * @param count images in the batch, at least 1
     * @return {@code count} × D values in −1…1, row by row
     */
    float[] embed(float[] images, int count);

    @Override
    void close();
}

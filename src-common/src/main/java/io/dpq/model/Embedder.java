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

    /**
     * Embeds a batch whose inputs lie apart, as those do that several threads prepare.
     *
     * @param inputs at least one, each as long as an input of {@link #embed(float[], int)}
     * @param embeddings receives as many × D values in −1…1, row by row
     */
    default void embed(final float[][] inputs, final float[] embeddings) {
        final int length = inputs[0].length;
        final float[] together = new float[Math.multiplyExact(inputs.length, length)];
        for (int i = 0; i < inputs.length; i++) {
            System.arraycopy(inputs[i], 0, together, i * length, length);
        }
        final float[] embedded = embed(together, inputs.length);
        System.arraycopy(embedded, 0, embeddings, 0, embedded.length);
    }

    @Override
    void close();
}

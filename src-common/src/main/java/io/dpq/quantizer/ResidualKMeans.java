package io.dpq.quantizer;

/** Starts codebooks by K-means on residuals, level by level. */
public final class ResidualKMeans {
    private ResidualKMeans() {}

    /**
     * Learns codebooks from embeddings.
     *
     * @param vectors {@code count} embeddings of length {@code dimensions}, row by row
     * @param iterations Lloyd steps per level
     * @param seed same seed, same result
     */
    public static Codebooks fit(
            final float[] vectors,
            final int count,
            final int dimensions,
            final int levels,
            final int codewords,
            final int iterations,
            final long seed) {
        throw new UnsupportedOperationException();
    }
}

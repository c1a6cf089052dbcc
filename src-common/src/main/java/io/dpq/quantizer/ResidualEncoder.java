package io.dpq.quantizer;

/**
 * Greedy residual encoding: level l takes the codeword nearest in L2 to what the levels before it left over. Ties go to the
 * lowest codeword. Thread-safe; buffers are per call.
 */
public final class ResidualEncoder {
    /** Prepares the codeword tables. */
    public ResidualEncoder(final Codebooks codebooks) {
        throw new UnsupportedOperationException();
    }

    /**
     * Encodes a batch.
     *
     * @param vectors {@code count} embeddings of length D, row by row
     * @param codes receives {@code count} × L codes, row by row, each 0…K−1
     */
    public void encode(final float[] vectors, final int count, final short[] codes) {
        throw new UnsupportedOperationException();
    }
}

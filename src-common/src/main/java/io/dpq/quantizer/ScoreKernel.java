package io.dpq.quantizer;

/**
 * How the scores of vectors against all codewords of a level are computed; the hot loops of {@link ResidualEncoder}.
 * Implementations are stateless and thread-safe. They may sum in any order, as long as each score takes at most one rounding a
 * dimension and two more: the encoder checks again whatever lies within that error.
 */
interface ScoreKernel {
    /** What computes, for the log. */
    String description();

    /** Rows that are scored at once; buffers are padded to a multiple of this. */
    int rowsAtOnce();

    /** Lays the codewords of a level out as this kernel reads them. */
    Level prepare(Codebooks codebooks, int level, float[] penalties);

    /**
     * The one codeword whose score exceeds all others by more than a margin.
     *
     * @param scores the first {@code count} are finite or negative infinity, the largest being finite
     * @param count that {@link Level#width} told
     * @return −1 where none does; also where one does so narrowly that the kernel would have to look closer to tell
     */
    int leader(float[] scores, int count, double margin);

    /**
     * At least the squared length of {@code dimensions} values from {@code at} on, and hardly more: it may be summed in float, and
     * what underflows there is allowed for.
     */
    double square(float[] values, int at, int dimensions);

    /** Takes the {@code dimensions} values from {@code codeword} on off the residual that begins at {@code at}. */
    void subtract(float[] residuals, int at, float[] values, int codeword, int dimensions);

    /** The codewords of one level, laid out. Immutable and thread-safe. */
    interface Level {
        /** Scores that a row has: K, or a little more, the rest being negative infinity. */
        int width();

        /**
         * Computes {@code scores[row][k] = ⟨residual of row, c_k⟩ + penalty_k} in float.
         *
         * @param residuals rows that begin every {@code stride} values, zeros behind their D
         * @param stride D, or one more where D is odd
         * @param rows a multiple of {@link ScoreKernel#rowsAtOnce}
         * @param scores receives {@code rows} arrays of at least {@link #width} values
         */
        void score(float[] residuals, int stride, int rows, float[][] scores);
    }
}

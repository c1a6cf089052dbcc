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

    /** The largest of the first {@code count} scores. */
    float max(float[] scores, int count);

    /** Where the only one of the first {@code count} scores that reaches {@code threshold} stands; −1 where several do. */
    int onlyOne(float[] scores, int count, float threshold);

    /** The codewords of one level, laid out. Immutable and thread-safe. */
    interface Level {
        /** Scores that a row has: K, or a little more, the rest being negative infinity. */
        int width();

        /**
         * Computes {@code scores[row][k] = ⟨residual of row, c_k⟩ + penalty_k} in float.
         *
         * @param residuals rows of length D, one after the other
         * @param rows a multiple of {@link ScoreKernel#rowsAtOnce}
         * @param scores receives {@code rows} arrays of at least {@link #width} values
         */
        void score(float[] residuals, int rows, float[][] scores);
    }
}

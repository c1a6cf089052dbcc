package io.dpq.quantizer;

/**
 * How residuals choose among the codewords of a level: the definition, and scores in float that come close enough to it to
 * decide nearly always. Implementations are immutable and thread-safe.
 */
interface Choice {
    /** The codewords of a level, laid out so that the kernel computes this choice's scores. */
    ScoreKernel.Level table(ScoreKernel kernel, int level);

    /**
     * How far a score in float may be from the exact one, or the definition from it, for every codeword of the level and any
     * residual up to the given length.
     */
    double bound(int level, double length);

    /** The definition: of the codewords of a level the one of the largest merit wins, of equal ones the lowest. */
    double merit(float[] residuals, int at, int level, int codeword);

    /**
     * A bound on the squared length of what a winner leaves over.
     *
     * @param kernel to measure by
     * @param before the same bound on what it chose for
     * @param score the largest score of the level
     * @param bound that {@link #bound} gave
     * @param left what is left over, of which D values begin at {@code at}
     */
    double squareAfter(ScoreKernel kernel, double before, float score, double bound, float[] left, int at);

    /** That of codebooks. */
    static Choice of(final Codebooks codebooks) {
        return switch (codebooks.similarity()) {
            case L2 -> new NearestCodeword(codebooks);
            case COSINE -> new LargestCosine(codebooks);
        };
    }
}

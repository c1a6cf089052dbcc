package io.dpq.quantizer;

/**
 * {@link Similarity#L2}, by definition −Σ (r − c)² in double, summed in the order of the dimensions. The nearest codeword is also
 * the one with the largest ⟨r, c⟩ − ‖c‖²/2, which kernels compute. The bound is the usual one of a sum of D + 1 rounded terms,
 * (D + 2) · 2⁻²⁴ · (‖r‖ ‖c‖ + ‖c‖²/2), plus that of the definition's own rounding.
 */
final class NearestCodeword implements Choice {
    private final Codebooks codebooks;
    private final float[] values;
    private final float[][] penalties;

    /** Largest ‖c‖ of each level. */
    private final double[] longest;

    NearestCodeword(final Codebooks codebooks) {
        this.codebooks = codebooks;
        this.values = codebooks.values();
        this.penalties = new float[codebooks.levels()][codebooks.codewords()];
        this.longest = new double[codebooks.levels()];
        for (int level = 0; level < longest.length; level++) {
            for (int k = 0; k < codebooks.codewords(); k++) {
                final double square = Squares.of(values, codebooks.offset(level, k), codebooks.dimensions());
                penalties[level][k] = (float) (-0.5 * square);
                longest[level] = Math.max(longest[level], Math.sqrt(square));
            }
        }
    }

    @Override
    public ScoreKernel.Level table(final ScoreKernel kernel, final int level) {
        return kernel.prepare(codebooks, level, penalties[level]);
    }

    @Override
    public double bound(final int level, final double length) {
        final int dimensions = codebooks.dimensions();
        final double product = length * longest[level] + 0.5 * longest[level] * longest[level];
        if (!(product < ResidualEncoder.LARGE)) {
            return Double.POSITIVE_INFINITY;
        }
        final double sum = length + longest[level];
        return ResidualEncoder.SLACK
                * ((dimensions + 2) * (ResidualEncoder.FLOAT_UNIT * product + Float.MIN_VALUE)
                        + 0.5 * (dimensions + 2) * ResidualEncoder.DOUBLE_UNIT * sum * sum);
    }

    @Override
    public double merit(final float[] residuals, final int at, final int level, final int codeword) {
        final int offset = codebooks.offset(level, codeword);
        double sum = 0;
        for (int d = 0; d < codebooks.dimensions(); d++) {
            final double difference = (double) residuals[at + d] - values[offset + d];
            sum += difference * difference;
        }
        return -sum;
    }

    /** ‖r − c‖² = ‖r‖² − 2 (⟨r, c⟩ − ‖c‖²/2), where the winner's score is at most 3 bounds below the largest seen. */
    @Override
    public double squareAfter(
            final ScoreKernel kernel,
            final double before,
            final float score,
            final double bound,
            final float[] left,
            final int at) {
        return ResidualEncoder.SLACK * Math.max(0, before - 2 * score + 6 * bound);
    }
}

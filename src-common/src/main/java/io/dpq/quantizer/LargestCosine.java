package io.dpq.quantizer;

/**
 * {@link Similarity#COSINE}, by definition (Σ r c) · (1/‖c‖) in double, summed in the order of the dimensions, 0 where c has no
 * length; the length of r changes no order. Kernels compute ⟨r, c/‖c‖⟩ with the direction rounded to float, a rounding more a
 * term than a plain sum: (D + 4) · 2⁻²⁴ · ‖r‖ bounds the error, plus that of the definition's own rounding.
 */
final class LargestCosine implements Choice {
    private final Codebooks codebooks;
    private final float[] values;
    private final Codebooks directions;
    private final double[][] inverseLengths;

    LargestCosine(final Codebooks codebooks) {
        this.codebooks = codebooks;
        this.values = codebooks.values();
        this.inverseLengths = new double[codebooks.levels()][codebooks.codewords()];
        final float[] unit = new float[values.length];
        for (int level = 0; level < codebooks.levels(); level++) {
            for (int k = 0; k < codebooks.codewords(); k++) {
                final int offset = codebooks.offset(level, k);
                final double square = Squares.of(values, offset, codebooks.dimensions());
                final double inverse = square > 0 ? 1 / Math.sqrt(square) : 0;
                inverseLengths[level][k] = inverse;
                for (int d = 0; d < codebooks.dimensions(); d++) {
                    unit[offset + d] = (float) (values[offset + d] * inverse);
                }
            }
        }
        this.directions = new Codebooks(codebooks.levels(), codebooks.codewords(), codebooks.dimensions(), unit);
    }

    @Override
    public ScoreKernel.Level table(final ScoreKernel kernel, final int level) {
        return kernel.prepare(directions, level, new float[codebooks.codewords()]);
    }

    @Override
    public double bound(final int level, final double length) {
        if (!(length < ResidualEncoder.LARGE)) {
            return Double.POSITIVE_INFINITY;
        }
        return ResidualEncoder.SLACK
                * (codebooks.dimensions() + 4)
                * ((ResidualEncoder.FLOAT_UNIT + ResidualEncoder.DOUBLE_UNIT) * length
                        + (1 + length) * Float.MIN_VALUE);
    }

    @Override
    public double merit(final float[] residuals, final int at, final int level, final int codeword) {
        final int offset = codebooks.offset(level, codeword);
        double sum = 0;
        for (int d = 0; d < codebooks.dimensions(); d++) {
            sum += (double) residuals[at + d] * values[offset + d];
        }
        return sum * inverseLengths[level][codeword];
    }

    /** The score tells no length, so that it is measured. */
    @Override
    public double squareAfter(
            final ScoreKernel kernel,
            final double before,
            final float score,
            final double bound,
            final float[] left,
            final int at) {
        return kernel.square(left, at, codebooks.dimensions());
    }
}

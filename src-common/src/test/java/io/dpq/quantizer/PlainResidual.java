package io.dpq.quantizer;

/** The definition of greedy residual encoding, word for word: the oracle of the fast implementation. */
final class PlainResidual {
    private PlainResidual() {}

    static short[] encode(final Codebooks codebooks, final float[] vectors, final int count) {
        final short[] codes = new short[count * codebooks.levels()];
        for (int row = 0; row < count; row++) {
            final float[] residual = new float[codebooks.dimensions()];
            for (int d = 0; d < residual.length; d++) {
                residual[d] = vectors[row * residual.length + d];
            }
            for (int level = 0; level < codebooks.levels(); level++) {
                int best = 0;
                for (int k = 1; k < codebooks.codewords(); k++) {
                    if (merit(codebooks, residual, level, k) > merit(codebooks, residual, level, best)) {
                        best = k;
                    }
                }
                codes[row * codebooks.levels() + level] = (short) best;
                for (int d = 0; d < residual.length; d++) {
                    residual[d] -= codebooks.value(level, best, d);
                }
            }
        }
        return codes;
    }

    private static double merit(final Codebooks codebooks, final float[] residual, final int level, final int k) {
        return codebooks.similarity() == Similarity.COSINE
                ? projection(codebooks, residual, level, k)
                : -distance(codebooks, residual, level, k);
    }

    /** The cosine times the residual's length, which is the same for all codewords. */
    private static double projection(final Codebooks codebooks, final float[] residual, final int level, final int k) {
        double product = 0;
        for (int d = 0; d < residual.length; d++) {
            product += (double) residual[d] * codebooks.value(level, k, d);
        }
        // In four sums, as the definition takes lengths.
        final double[] squares = new double[4];
        for (int d = 0; d < residual.length; d++) {
            final double value = codebooks.value(level, k, d);
            squares[d < residual.length / 4 * 4 ? d % 4 : 0] += value * value;
        }
        final double square = squares[0] + squares[1] + squares[2] + squares[3];
        return square > 0 ? product * (1 / Math.sqrt(square)) : 0;
    }

    private static double distance(final Codebooks codebooks, final float[] residual, final int level, final int k) {
        double sum = 0;
        for (int d = 0; d < residual.length; d++) {
            final double difference = (double) residual[d] - codebooks.value(level, k, d);
            sum += difference * difference;
        }
        return sum;
    }
}

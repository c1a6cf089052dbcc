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
                int nearest = 0;
                for (int k = 1; k < codebooks.codewords(); k++) {
                    if (distance(codebooks, residual, level, k) < distance(codebooks, residual, level, nearest)) {
                        nearest = k;
                    }
                }
                codes[row * codebooks.levels() + level] = (short) nearest;
                for (int d = 0; d < residual.length; d++) {
                    residual[d] -= codebooks.value(level, nearest, d);
                }
            }
        }
        return codes;
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

package io.dpq.image;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * By the incubating Vector API: two pixels of three channels at a time, each times its weight. The class that knows the module
 * jdk.incubator.vector in this package, which a JVM has only where it was started with {@code --add-modules
 * jdk.incubator.vector}: nothing may refer to it by name but {@link RowPass}.
 */
final class VectorRowPass implements RowPass {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
    private static final int LANES = INTS.length();
    private static final int CHANNELS = 3;
    private static final int PAIR = 2 * CHANNELS;
    private static final int HALF = 1 << (Weights.PRECISION - 1);

    VectorRowPass() {
        if (IntVector.SPECIES_PREFERRED.length() < LANES) {
            // What the processor has no registers for would be done object by object.
            throw new UnsupportedOperationException("vectors of 256 bits");
        }
    }

    @Override
    public void across(
            final byte[] in,
            final int inWidth,
            final int rows,
            final Weights weights,
            final int[] out,
            final int width) {
        final int pairs = (weights.taps() + 1) / 2;
        final int[] factors = factors(weights, pairs, width);
        // A pair that begins at the last pixel reads beyond it, where the weights are zero.
        final int[] line = new int[inWidth * CHANNELS + pairs * PAIR + LANES];
        final int[] sums = new int[LANES];
        for (int y = 0; y < rows; y++) {
            widen(in, y * inWidth * CHANNELS, line, inWidth * CHANNELS);
            row(line, weights, factors, pairs, sums, out, y * width * CHANNELS, width);
        }
    }

    /** For each output position and pair of taps the six weights of its values, and two zeros. */
    private static int[] factors(final Weights weights, final int pairs, final int width) {
        final int[] factors = new int[width * pairs * LANES];
        for (int x = 0; x < width; x++) {
            for (int tap = 0; tap < weights.count()[x]; tap++) {
                final int at = (x * pairs + tap / 2) * LANES + tap % 2 * CHANNELS;
                final int weight = weights.weight()[x * weights.taps() + tap];
                factors[at] = weight;
                factors[at + 1] = weight;
                factors[at + 2] = weight;
            }
        }
        return factors;
    }

    private static void widen(final byte[] in, final int from, final int[] line, final int count) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            ((IntVector) ByteVector.fromArray(BYTES, in, from + i).convertShape(VectorOperators.B2I, INTS, 0))
                    .and(0xFF)
                    .intoArray(line, i);
        }
        for (; i < count; i++) {
            line[i] = in[from + i] & 0xFF;
        }
    }

    private static void row(
            final int[] line,
            final Weights weights,
            final int[] factors,
            final int pairs,
            final int[] sums,
            final int[] out,
            final int to,
            final int width) {
        for (int x = 0; x < width; x++) {
            int from = weights.first()[x] * CHANNELS;
            int factor = x * pairs * LANES;
            IntVector sum = IntVector.fromArray(INTS, line, from).mul(IntVector.fromArray(INTS, factors, factor));
            for (int left = weights.count()[x] - 2; left > 0; left -= 2) {
                from += PAIR;
                factor += LANES;
                sum = sum.add(IntVector.fromArray(INTS, line, from).mul(IntVector.fromArray(INTS, factors, factor)));
            }
            sum.intoArray(sums, 0);
            final int at = to + x * CHANNELS;
            out[at] = (HALF + sums[0] + sums[3]) >> Weights.PRECISION;
            out[at + 1] = (HALF + sums[1] + sums[4]) >> Weights.PRECISION;
            out[at + 2] = (HALF + sums[2] + sums[5]) >> Weights.PRECISION;
        }
    }
}

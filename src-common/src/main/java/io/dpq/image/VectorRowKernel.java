package io.dpq.image;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * By the incubating Vector API: two pixels of three channels at a time across, eight values
 * at a time down. The class that knows the module
 * jdk.incubator.vector in this package, which a JVM has only where it was started with {@code --add-modules
 * jdk.incubator.vector}: nothing may refer to it by name but {@link RowKernel}.
 */
final class VectorRowKernel implements RowKernel {
    private static final int CHANNELS = 3;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
    /** The second pixel of two in the place of the first. */
    private static final VectorShuffle<Integer> SECOND = VectorShuffle.fromValues(INTS, 3, 4, 5, 0, 1, 2, 6, 7);

    private static final int LANES = INTS.length();
    private static final int MAX = 255;
    private static final int PAIR = 2 * CHANNELS;
    private static final int HALF = 1 << (Weights.PRECISION - 1);

    /**
     * RGB as a sum over five neighbours in the row Y Cb Cr Y Cb Cr …, two before to two behind, each times what depends on the
     * colour that is asked for: so no value need change its lane.
     */
    private static final int[][] COLOURS = {
        {0, 0, 1 << Ycc.FIXED},
        {0, 1 << Ycc.FIXED, Ycc.CB_TO_B},
        {1 << Ycc.FIXED, Ycc.CB_TO_G, 0},
        {0, Ycc.CR_TO_G, 0},
        {Ycc.CR_TO_R, 0, 0}
    };

    private static final int BEFORE = COLOURS.length / 2;
    /** Three vectors hold whole pixels: the factors of each of their lanes, neighbour by neighbour. */
    private static final int[] FACTORS = new int[3 * COLOURS.length * LANES];
    /** Of each of those lanes, the rounding, and the centre of both differences. */
    private static final int[] OFFSETS = new int[3 * LANES];

    private static final int STEP = COLOURS.length * LANES;

    static {
        final int[] centre = {Ycc.CR_TO_R, Ycc.CB_TO_G + Ycc.CR_TO_G, Ycc.CB_TO_B};
        for (int lane = 0; lane < 3 * LANES; lane++) {
            OFFSETS[lane] = Ycc.HALF - Ycc.CENTRE * centre[lane % CHANNELS];
            for (int neighbour = 0; neighbour < COLOURS.length; neighbour++) {
                FACTORS[lane / LANES * STEP + neighbour * LANES + lane % LANES] = COLOURS[neighbour][lane % CHANNELS];
            }
        }
    }

    VectorRowKernel() {
        if (IntVector.SPECIES_PREFERRED.length() < LANES) {
            // What the processor has no registers for would be done object by object.
            throw new UnsupportedOperationException("vectors of 256 bits");
        }
    }

    @Override
    public void rgb(final byte[] ycc, final int pixels, final int[] rgb) {
        final int values = pixels * CHANNELS;
        // As whole numbers behind where the result will be: what is written was read before, and nobody else need hold
        // it.
        for (int i = 0; i < values; i += LANES) {
            ((IntVector) ByteVector.fromArray(BYTES, ycc, i).convertShape(VectorOperators.B2I, INTS, 0))
                    .and(MAX)
                    .intoArray(rgb, i + BEFORE);
        }
        int factor = 0;
        int offset = 0;
        for (int i = 0; i < values; i += LANES) {
            IntVector.fromArray(INTS, OFFSETS, offset)
                    .add(IntVector.fromArray(INTS, rgb, i).mul(IntVector.fromArray(INTS, FACTORS, factor)))
                    .add(IntVector.fromArray(INTS, rgb, i + 1).mul(IntVector.fromArray(INTS, FACTORS, factor + LANES)))
                    .add(IntVector.fromArray(INTS, rgb, i + 2)
                            .mul(IntVector.fromArray(INTS, FACTORS, factor + 2 * LANES)))
                    .add(IntVector.fromArray(INTS, rgb, i + 3)
                            .mul(IntVector.fromArray(INTS, FACTORS, factor + 3 * LANES)))
                    .add(IntVector.fromArray(INTS, rgb, i + 4)
                            .mul(IntVector.fromArray(INTS, FACTORS, factor + 4 * LANES)))
                    .lanewise(VectorOperators.ASHR, Ycc.FIXED)
                    .max(0)
                    .min(MAX)
                    .intoArray(rgb, i);
            offset = offset == 2 * LANES ? 0 : offset + LANES;
            factor = factor == 2 * STEP ? 0 : factor + STEP;
        }
    }

    /** For each output position and pair of taps the six weights of its values, and two zeros. */
    @Override
    public int[] factors(final Weights weights) {
        final int width = weights.first().length;
        final int pairs = pairs(weights);
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

    private static int pairs(final Weights weights) {
        return (weights.most() + 1) / 2;
    }

    @Override
    public void across(final int[] line, final Weights weights, final int[] factors, final int[] out) {
        final int[] first = weights.first();
        final int step = factors.length / first.length;
        final int[] count = weights.count();
        for (int x = 0; x < first.length; x++) {
            int from = first[x] * CHANNELS;
            int factor = x * step;
            IntVector sum = IntVector.fromArray(INTS, line, from).mul(IntVector.fromArray(INTS, factors, factor));
            for (int left = count[x] - 2; left > 0; left -= 2) {
                from += PAIR;
                factor += LANES;
                sum = sum.add(IntVector.fromArray(INTS, line, from).mul(IntVector.fromArray(INTS, factors, factor)));
            }
            // What lies behind the three is written over by the next position.
            sum.add(sum.rearrange(SECOND))
                    .add(HALF)
                    .lanewise(VectorOperators.ASHR, Weights.PRECISION)
                    .intoArray(out, x * CHANNELS);
        }
    }

    @Override
    public void down(
            final int[][] rows, final Weights weights, final int y, final byte[] out, final int to, final int values) {
        final int[] weight = weights.weight();
        final int tap = y * weights.taps();
        final int count = weights.count()[y];
        int i = 0;
        for (; i + LANES <= values; i += LANES) {
            IntVector sum = IntVector.broadcast(INTS, HALF);
            for (int k = 0; k < count; k++) {
                sum = sum.add(IntVector.fromArray(INTS, rows[k], i).mul(weight[tap + k]));
            }
            ((ByteVector) sum.lanewise(VectorOperators.ASHR, Weights.PRECISION)
                            .convertShape(VectorOperators.I2B, BYTES, 0))
                    .intoArray(out, to + i);
        }
        for (; i < values; i++) {
            int sum = HALF;
            for (int k = 0; k < count; k++) {
                sum += weight[tap + k] * rows[k][i];
            }
            out[to + i] = (byte) (sum >> Weights.PRECISION);
        }
    }
}

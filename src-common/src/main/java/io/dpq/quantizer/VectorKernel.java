package io.dpq.quantizer;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Scores by the incubating Vector API. Six rows by two vectors of codewords are summed in registers, or twelve where vectors
 * have 512 bits, since such machines have twice as many of them. Many rows rather than many vectors: an array of Java lies across
 * the lines of the cache, so that to load a vector takes two of them, to spread one value of a row a single one. Two dimensions
 * a turn: the arithmetic of indices competes with the multiplications. And the sums are stored where they are, since C2 stops
 * inlining methods of ours, but not those of the Vector API, in a body of this size, and then every sum becomes an object.
 *
 * <p>The only class of this package that knows the module jdk.incubator.vector, which a JVM has only where it was started with
 * {@code --add-modules jdk.incubator.vector}: nothing may refer to it by name but {@link Kernels}.
 */
final class VectorKernel implements ScoreKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> WHOLE = SPECIES.withLanes(int.class);
    /** Of the order that floats have, negative infinity. */
    private static final int NOTHING = Float.floatToRawIntBits(Float.NEGATIVE_INFINITY) ^ Integer.MAX_VALUE;

    private static final int LANES = SPECIES.length();
    private static final boolean WIDE = SPECIES.vectorBitSize() >= 512;
    private static final int PANEL = 2 * LANES;
    private static final int ROWS = WIDE ? 12 : 6;

    @Override
    public String description() {
        return "Vector API, " + SPECIES.vectorBitSize() + " bits";
    }

    @Override
    public int rowsAtOnce() {
        return ROWS;
    }

    @Override
    public Level prepare(final Codebooks codebooks, final int level, final float[] penalties) {
        final int dimensions = codebooks.dimensions();
        final int panels = (penalties.length + PANEL - 1) / PANEL;
        final float[] padded = Arrays.copyOf(penalties, panels * PANEL);
        Arrays.fill(padded, penalties.length, padded.length, Float.NEGATIVE_INFINITY);
        final int depth = (dimensions + 1) / 2 * 2;
        final float[] table = new float[panels * depth * PANEL];
        for (int k = 0; k < penalties.length; k++) {
            for (int d = 0; d < dimensions; d++) {
                table[(k / PANEL * depth + d) * PANEL + k % PANEL] = codebooks.value(level, k, d);
            }
        }
        return new Panels(table, padded);
    }

    /**
     * Floats are compared as whole numbers of the same order, whose lowest bits make room for the vector that each comes from: one
     * pass keeps the best two of every lane and knows where the best one stood.
     */
    @Override
    public int leader(final float[] scores, final int count, final double margin) {
        final int vectors = count / LANES;
        final int place = (1 << (Integer.SIZE - Integer.numberOfLeadingZeros(vectors - 1))) - 1;
        IntVector first = IntVector.broadcast(WHOLE, NOTHING);
        IntVector second = first;
        for (int vector = 0; vector < vectors; vector++) {
            final IntVector bits =
                    FloatVector.fromArray(SPECIES, scores, vector * LANES).reinterpretAsInts();
            final IntVector key = bits.lanewise(
                            VectorOperators.XOR,
                            bits.lanewise(VectorOperators.ASHR, Integer.SIZE - 1)
                                    .lanewise(VectorOperators.AND, Integer.MAX_VALUE))
                    .lanewise(VectorOperators.AND, ~place)
                    .lanewise(VectorOperators.OR, vector);
            second = second.max(first.min(key));
            first = first.max(key);
        }
        final int best = first.reduceLanes(VectorOperators.MAX);
        final VectorMask<Integer> lanes = first.compare(VectorOperators.EQ, best);
        if (lanes.trueCount() > 1) {
            return -1;
        }
        final int next = second.max(first.blend(NOTHING, lanes)).reduceLanes(VectorOperators.MAX);
        final int leader = (best & place) * LANES + lanes.firstTrue();
        return ordered(next | place) < Math.nextDown((float) (scores[leader] - margin)) ? leader : -1;
    }

    @Override
    public double square(final float[] values, final int at, final int dimensions) {
        FloatVector sums = FloatVector.zero(SPECIES);
        int d = 0;
        for (; d + LANES <= dimensions; d += LANES) {
            final FloatVector x = FloatVector.fromArray(SPECIES, values, at + d);
            sums = x.fma(x, sums);
        }
        double sum = sums.reduceLanes(VectorOperators.ADD);
        for (; d < dimensions; d++) {
            sum += (double) values[at + d] * values[at + d];
        }
        return ResidualEncoder.SLACK * (sum + dimensions * (double) Float.MIN_NORMAL);
    }

    /** The float of a whole number that is ordered as floats are. */
    private static float ordered(final int number) {
        return Float.intBitsToFloat(number ^ (number >> (Integer.SIZE - 1) & Integer.MAX_VALUE));
    }

    @Override
    public void subtract(
            final float[] residuals, final int at, final float[] values, final int codeword, final int dimensions) {
        int d = 0;
        for (; d + LANES <= dimensions; d += LANES) {
            FloatVector.fromArray(SPECIES, residuals, at + d)
                    .sub(FloatVector.fromArray(SPECIES, values, codeword + d))
                    .intoArray(residuals, at + d);
        }
        for (; d < dimensions; d++) {
            residuals[at + d] -= values[codeword + d];
        }
    }

    /** Codewords as [panel][dimension × codeword of the panel]. */
    private static final class Panels implements Level {
        private final float[] table;
        private final float[] penalties;

        Panels(final float[] table, final float[] penalties) {
            this.table = table;
            this.penalties = penalties;
        }

        @Override
        public int width() {
            return penalties.length;
        }

        @Override
        public void score(final float[] residuals, final int stride, final int rows, final float[][] scores) {
            for (int panel = 0; panel < penalties.length / PANEL; panel++) {
                for (int row = 0; row < rows; row += ROWS) {
                    if (WIDE) {
                        twelve(residuals, row * stride, stride, table, penalties, panel * PANEL, scores, row);
                    } else {
                        six(residuals, row * stride, stride, table, penalties, panel * PANEL, scores, row);
                    }
                }
            }
        }

        /** Twelve sums in the sixteen registers that vectors of 256 bits have. */
        private static void six(
                final float[] x,
                final int at,
                final int stride,
                final float[] table,
                final float[] penalties,
                final int k,
                final float[][] scores,
                final int row) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, penalties, k);
            FloatVector b0 = FloatVector.fromArray(SPECIES, penalties, k + LANES);
            FloatVector a1 = a0;
            FloatVector b1 = b0;
            FloatVector a2 = a0;
            FloatVector b2 = b0;
            FloatVector a3 = a0;
            FloatVector b3 = b0;
            FloatVector a4 = a0;
            FloatVector b4 = b0;
            FloatVector a5 = a0;
            FloatVector b5 = b0;
            final int at1 = at + stride;
            final int at2 = at1 + stride;
            final int at3 = at2 + stride;
            final int at4 = at3 + stride;
            final int at5 = at4 + stride;
            final int from = k * stride;
            for (int d = 0; d < stride; d++) {
                final FloatVector a = FloatVector.fromArray(SPECIES, table, from + d * PANEL);
                final FloatVector b = FloatVector.fromArray(SPECIES, table, from + d * PANEL + LANES);
                final FloatVector x0 = FloatVector.broadcast(SPECIES, x[at + d]);
                a0 = x0.fma(a, a0);
                b0 = x0.fma(b, b0);
                final FloatVector x1 = FloatVector.broadcast(SPECIES, x[at1 + d]);
                a1 = x1.fma(a, a1);
                b1 = x1.fma(b, b1);
                final FloatVector x2 = FloatVector.broadcast(SPECIES, x[at2 + d]);
                a2 = x2.fma(a, a2);
                b2 = x2.fma(b, b2);
                final FloatVector x3 = FloatVector.broadcast(SPECIES, x[at3 + d]);
                a3 = x3.fma(a, a3);
                b3 = x3.fma(b, b3);
                final FloatVector x4 = FloatVector.broadcast(SPECIES, x[at4 + d]);
                a4 = x4.fma(a, a4);
                b4 = x4.fma(b, b4);
                final FloatVector x5 = FloatVector.broadcast(SPECIES, x[at5 + d]);
                a5 = x5.fma(a, a5);
                b5 = x5.fma(b, b5);
            }
            a0.intoArray(scores[row], k);
            b0.intoArray(scores[row], k + LANES);
            a1.intoArray(scores[row + 1], k);
            b1.intoArray(scores[row + 1], k + LANES);
            a2.intoArray(scores[row + 2], k);
            b2.intoArray(scores[row + 2], k + LANES);
            a3.intoArray(scores[row + 3], k);
            b3.intoArray(scores[row + 3], k + LANES);
            a4.intoArray(scores[row + 4], k);
            b4.intoArray(scores[row + 4], k + LANES);
            a5.intoArray(scores[row + 5], k);
            b5.intoArray(scores[row + 5], k + LANES);
        }

        /** Twenty-four sums in the thirty-two registers that vectors of 512 bits have. */
        private static void twelve(
                final float[] x,
                final int at,
                final int stride,
                final float[] table,
                final float[] penalties,
                final int k,
                final float[][] scores,
                final int row) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, penalties, k);
            FloatVector b0 = FloatVector.fromArray(SPECIES, penalties, k + LANES);
            FloatVector a1 = a0;
            FloatVector b1 = b0;
            FloatVector a2 = a0;
            FloatVector b2 = b0;
            FloatVector a3 = a0;
            FloatVector b3 = b0;
            FloatVector a4 = a0;
            FloatVector b4 = b0;
            FloatVector a5 = a0;
            FloatVector b5 = b0;
            FloatVector a6 = a0;
            FloatVector b6 = b0;
            FloatVector a7 = a0;
            FloatVector b7 = b0;
            FloatVector a8 = a0;
            FloatVector b8 = b0;
            FloatVector a9 = a0;
            FloatVector b9 = b0;
            FloatVector a10 = a0;
            FloatVector b10 = b0;
            FloatVector a11 = a0;
            FloatVector b11 = b0;
            final int at1 = at + stride;
            final int at2 = at1 + stride;
            final int at3 = at2 + stride;
            final int at4 = at3 + stride;
            final int at5 = at4 + stride;
            final int at6 = at5 + stride;
            final int at7 = at6 + stride;
            final int at8 = at7 + stride;
            final int at9 = at8 + stride;
            final int at10 = at9 + stride;
            final int at11 = at10 + stride;
            final int from = k * stride;
            for (int d = 0; d < stride; d += 2) {
                final FloatVector a = FloatVector.fromArray(SPECIES, table, from + d * PANEL);
                final FloatVector b = FloatVector.fromArray(SPECIES, table, from + d * PANEL + LANES);
                final FloatVector x0 = FloatVector.broadcast(SPECIES, x[at + d]);
                a0 = x0.fma(a, a0);
                b0 = x0.fma(b, b0);
                final FloatVector x1 = FloatVector.broadcast(SPECIES, x[at1 + d]);
                a1 = x1.fma(a, a1);
                b1 = x1.fma(b, b1);
                final FloatVector x2 = FloatVector.broadcast(SPECIES, x[at2 + d]);
                a2 = x2.fma(a, a2);
                b2 = x2.fma(b, b2);
                final FloatVector x3 = FloatVector.broadcast(SPECIES, x[at3 + d]);
                a3 = x3.fma(a, a3);
                b3 = x3.fma(b, b3);
                final FloatVector x4 = FloatVector.broadcast(SPECIES, x[at4 + d]);
                a4 = x4.fma(a, a4);
                b4 = x4.fma(b, b4);
                final FloatVector x5 = FloatVector.broadcast(SPECIES, x[at5 + d]);
                a5 = x5.fma(a, a5);
                b5 = x5.fma(b, b5);
                final FloatVector x6 = FloatVector.broadcast(SPECIES, x[at6 + d]);
                a6 = x6.fma(a, a6);
                b6 = x6.fma(b, b6);
                final FloatVector x7 = FloatVector.broadcast(SPECIES, x[at7 + d]);
                a7 = x7.fma(a, a7);
                b7 = x7.fma(b, b7);
                final FloatVector x8 = FloatVector.broadcast(SPECIES, x[at8 + d]);
                a8 = x8.fma(a, a8);
                b8 = x8.fma(b, b8);
                final FloatVector x9 = FloatVector.broadcast(SPECIES, x[at9 + d]);
                a9 = x9.fma(a, a9);
                b9 = x9.fma(b, b9);
                final FloatVector x10 = FloatVector.broadcast(SPECIES, x[at10 + d]);
                a10 = x10.fma(a, a10);
                b10 = x10.fma(b, b10);
                final FloatVector x11 = FloatVector.broadcast(SPECIES, x[at11 + d]);
                a11 = x11.fma(a, a11);
                b11 = x11.fma(b, b11);
                final FloatVector c = FloatVector.fromArray(SPECIES, table, from + d * PANEL + 2 * LANES);
                final FloatVector e = FloatVector.fromArray(SPECIES, table, from + d * PANEL + 3 * LANES);
                final FloatVector y0 = FloatVector.broadcast(SPECIES, x[at + d + 1]);
                a0 = y0.fma(c, a0);
                b0 = y0.fma(e, b0);
                final FloatVector y1 = FloatVector.broadcast(SPECIES, x[at1 + d + 1]);
                a1 = y1.fma(c, a1);
                b1 = y1.fma(e, b1);
                final FloatVector y2 = FloatVector.broadcast(SPECIES, x[at2 + d + 1]);
                a2 = y2.fma(c, a2);
                b2 = y2.fma(e, b2);
                final FloatVector y3 = FloatVector.broadcast(SPECIES, x[at3 + d + 1]);
                a3 = y3.fma(c, a3);
                b3 = y3.fma(e, b3);
                final FloatVector y4 = FloatVector.broadcast(SPECIES, x[at4 + d + 1]);
                a4 = y4.fma(c, a4);
                b4 = y4.fma(e, b4);
                final FloatVector y5 = FloatVector.broadcast(SPECIES, x[at5 + d + 1]);
                a5 = y5.fma(c, a5);
                b5 = y5.fma(e, b5);
                final FloatVector y6 = FloatVector.broadcast(SPECIES, x[at6 + d + 1]);
                a6 = y6.fma(c, a6);
                b6 = y6.fma(e, b6);
                final FloatVector y7 = FloatVector.broadcast(SPECIES, x[at7 + d + 1]);
                a7 = y7.fma(c, a7);
                b7 = y7.fma(e, b7);
                final FloatVector y8 = FloatVector.broadcast(SPECIES, x[at8 + d + 1]);
                a8 = y8.fma(c, a8);
                b8 = y8.fma(e, b8);
                final FloatVector y9 = FloatVector.broadcast(SPECIES, x[at9 + d + 1]);
                a9 = y9.fma(c, a9);
                b9 = y9.fma(e, b9);
                final FloatVector y10 = FloatVector.broadcast(SPECIES, x[at10 + d + 1]);
                a10 = y10.fma(c, a10);
                b10 = y10.fma(e, b10);
                final FloatVector y11 = FloatVector.broadcast(SPECIES, x[at11 + d + 1]);
                a11 = y11.fma(c, a11);
                b11 = y11.fma(e, b11);
            }
            a0.intoArray(scores[row], k);
            b0.intoArray(scores[row], k + LANES);
            a1.intoArray(scores[row + 1], k);
            b1.intoArray(scores[row + 1], k + LANES);
            a2.intoArray(scores[row + 2], k);
            b2.intoArray(scores[row + 2], k + LANES);
            a3.intoArray(scores[row + 3], k);
            b3.intoArray(scores[row + 3], k + LANES);
            a4.intoArray(scores[row + 4], k);
            b4.intoArray(scores[row + 4], k + LANES);
            a5.intoArray(scores[row + 5], k);
            b5.intoArray(scores[row + 5], k + LANES);
            a6.intoArray(scores[row + 6], k);
            b6.intoArray(scores[row + 6], k + LANES);
            a7.intoArray(scores[row + 7], k);
            b7.intoArray(scores[row + 7], k + LANES);
            a8.intoArray(scores[row + 8], k);
            b8.intoArray(scores[row + 8], k + LANES);
            a9.intoArray(scores[row + 9], k);
            b9.intoArray(scores[row + 9], k + LANES);
            a10.intoArray(scores[row + 10], k);
            b10.intoArray(scores[row + 10], k + LANES);
            a11.intoArray(scores[row + 11], k);
            b11.intoArray(scores[row + 11], k + LANES);
        }
    }
}

package io.dpq.quantizer;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Scores by the incubating Vector API. Six rows by two vectors of codewords are summed in registers, or by four where vectors
 * have 512 bits, since such machines have 32 of them: to spread a value of a row over a vector takes as long as to multiply one,
 * so the more is multiplied by it the better. The only class of this package that knows the module
 * jdk.incubator.vector, which a JVM has only where it was started with {@code --add-modules jdk.incubator.vector}: nothing may
 * refer to it by name but {@link Kernels}.
 */
final class VectorKernel implements ScoreKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final boolean WIDE = SPECIES.vectorBitSize() >= 512;
    private static final int PANEL = (WIDE ? 4 : 2) * LANES;
    private static final int ROWS = WIDE ? 4 : 6;

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
        final float[][] tables = new float[panels][dimensions * PANEL];
        for (int k = 0; k < penalties.length; k++) {
            for (int d = 0; d < dimensions; d++) {
                tables[k / PANEL][d * PANEL + k % PANEL] = codebooks.value(level, k, d);
            }
        }
        return new Panels(dimensions, tables, padded);
    }

    @Override
    public float max(final float[] scores, final int count) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int k = 0; k < count; k += LANES) {
            max = max.max(FloatVector.fromArray(SPECIES, scores, k));
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    @Override
    public int onlyOne(final float[] scores, final int count, final float threshold) {
        int found = -1;
        for (int k = 0; k < count; k += LANES) {
            final VectorMask<Float> reached =
                    FloatVector.fromArray(SPECIES, scores, k).compare(VectorOperators.GE, threshold);
            if (reached.anyTrue()) {
                if (found >= 0 || reached.trueCount() > 1) {
                    return -1;
                }
                found = k + reached.firstTrue();
            }
        }
        return found;
    }

    /** Codewords as [panel][dimension × codeword of the panel]. */
    private static final class Panels implements Level {
        private final int dimensions;
        private final float[][] tables;
        private final float[] penalties;

        Panels(final int dimensions, final float[][] tables, final float[] penalties) {
            this.dimensions = dimensions;
            this.tables = tables;
            this.penalties = penalties;
        }

        @Override
        public int width() {
            return penalties.length;
        }

        @Override
        public void score(final float[] residuals, final int rows, final float[][] scores) {
            for (int panel = 0; panel < tables.length; panel++) {
                for (int row = 0; row < rows; row += ROWS) {
                    final int at = row * dimensions;
                    if (WIDE) {
                        wide(residuals, at, dimensions, tables[panel], penalties, panel * PANEL, scores, row);
                    } else {
                        tile(residuals, at, dimensions, tables[panel], penalties, panel * PANEL, scores, row);
                    }
                }
            }
        }

        private static void tile(
                final float[] x,
                final int at,
                final int dimensions,
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
            final int at1 = at + dimensions;
            final int at2 = at1 + dimensions;
            final int at3 = at2 + dimensions;
            final int at4 = at3 + dimensions;
            final int at5 = at4 + dimensions;
            for (int d = 0; d < dimensions; d++) {
                final FloatVector a = FloatVector.fromArray(SPECIES, table, d * PANEL);
                final FloatVector b = FloatVector.fromArray(SPECIES, table, d * PANEL + LANES);
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
            store(a0, b0, scores[row], k);
            store(a1, b1, scores[row + 1], k);
            store(a2, b2, scores[row + 2], k);
            store(a3, b3, scores[row + 3], k);
            store(a4, b4, scores[row + 4], k);
            store(a5, b5, scores[row + 5], k);
        }

        private static void wide(
                final float[] x,
                final int at,
                final int dimensions,
                final float[] table,
                final float[] penalties,
                final int k,
                final float[][] scores,
                final int row) {
            FloatVector a0 = FloatVector.fromArray(SPECIES, penalties, k);
            FloatVector b0 = FloatVector.fromArray(SPECIES, penalties, k + LANES);
            FloatVector c0 = FloatVector.fromArray(SPECIES, penalties, k + 2 * LANES);
            FloatVector e0 = FloatVector.fromArray(SPECIES, penalties, k + 3 * LANES);
            FloatVector a1 = a0;
            FloatVector b1 = b0;
            FloatVector c1 = c0;
            FloatVector e1 = e0;
            FloatVector a2 = a0;
            FloatVector b2 = b0;
            FloatVector c2 = c0;
            FloatVector e2 = e0;
            FloatVector a3 = a0;
            FloatVector b3 = b0;
            FloatVector c3 = c0;
            FloatVector e3 = e0;
            final int at1 = at + dimensions;
            final int at2 = at1 + dimensions;
            final int at3 = at2 + dimensions;
            for (int d = 0; d < dimensions; d++) {
                final FloatVector a = FloatVector.fromArray(SPECIES, table, d * PANEL);
                final FloatVector b = FloatVector.fromArray(SPECIES, table, d * PANEL + LANES);
                final FloatVector c = FloatVector.fromArray(SPECIES, table, d * PANEL + 2 * LANES);
                final FloatVector e = FloatVector.fromArray(SPECIES, table, d * PANEL + 3 * LANES);
                final FloatVector x0 = FloatVector.broadcast(SPECIES, x[at + d]);
                a0 = x0.fma(a, a0);
                b0 = x0.fma(b, b0);
                c0 = x0.fma(c, c0);
                e0 = x0.fma(e, e0);
                final FloatVector x1 = FloatVector.broadcast(SPECIES, x[at1 + d]);
                a1 = x1.fma(a, a1);
                b1 = x1.fma(b, b1);
                c1 = x1.fma(c, c1);
                e1 = x1.fma(e, e1);
                final FloatVector x2 = FloatVector.broadcast(SPECIES, x[at2 + d]);
                a2 = x2.fma(a, a2);
                b2 = x2.fma(b, b2);
                c2 = x2.fma(c, c2);
                e2 = x2.fma(e, e2);
                final FloatVector x3 = FloatVector.broadcast(SPECIES, x[at3 + d]);
                a3 = x3.fma(a, a3);
                b3 = x3.fma(b, b3);
                c3 = x3.fma(c, c3);
                e3 = x3.fma(e, e3);
            }
            store(a0, b0, scores[row], k);
            store(c0, e0, scores[row], k + 2 * LANES);
            store(a1, b1, scores[row + 1], k);
            store(c1, e1, scores[row + 1], k + 2 * LANES);
            store(a2, b2, scores[row + 2], k);
            store(c2, e2, scores[row + 2], k + 2 * LANES);
            store(a3, b3, scores[row + 3], k);
            store(c3, e3, scores[row + 3], k + 2 * LANES);
        }

        private static void store(final FloatVector a, final FloatVector b, final float[] scores, final int k) {
            a.intoArray(scores, k);
            b.intoArray(scores, k + LANES);
        }
    }
}

package io.dpq.quantizer;

/**
 * Scores in plain Java, written so that the JIT compiler vectorises it: loops over whole arrays from index 0, one array
 * written, fused multiply-adds. Runs everywhere.
 */
final class PlainKernel implements ScoreKernel {
    /** Codewords a block; short enough for a row's sums to stay in the first-level cache. */
    private static final int BLOCK = 256;

    /** Dimensions a pass: each pass loads and stores the sums once. With eight, the compiler gives up on the loop. */
    private static final int STEP = 4;

    @Override
    public String description() {
        return "plain Java";
    }

    @Override
    public int rowsAtOnce() {
        return 1;
    }

    @Override
    public Level prepare(final Codebooks codebooks, final int level, final float[] penalties) {
        final int count = (codebooks.codewords() + BLOCK - 1) / BLOCK;
        final float[][][] blocks = new float[count][codebooks.dimensions()][];
        for (int block = 0; block < count; block++) {
            final int from = block * BLOCK;
            final int width = Math.min(BLOCK, codebooks.codewords() - from);
            for (int d = 0; d < codebooks.dimensions(); d++) {
                final float[] row = new float[width];
                for (int k = 0; k < width; k++) {
                    row[k] = codebooks.value(level, from + k, d);
                }
                blocks[block][d] = row;
            }
        }
        return new Blocks(blocks, penalties);
    }

    @Override
    public int leader(final float[] scores, final int count, final double margin) {
        float first = Float.NEGATIVE_INFINITY;
        float second = Float.NEGATIVE_INFINITY;
        int leader = -1;
        for (int k = 0; k < count; k++) {
            // Nearly always false: a branch that is hardly ever taken costs less than to compute both maxima.
            if (scores[k] > second) {
                if (scores[k] > first) {
                    second = first;
                    first = scores[k];
                    leader = k;
                } else {
                    second = scores[k];
                }
            }
        }
        return second < Math.nextDown((float) (first - margin)) ? leader : -1;
    }

    @Override
    public double square(final float[] values, final int at, final int dimensions) {
        return ResidualEncoder.SLACK * Squares.of(values, at, dimensions);
    }

    @Override
    public void subtract(
            final float[] residuals, final int at, final float[] values, final int codeword, final int dimensions) {
        for (int d = 0; d < dimensions; d++) {
            residuals[at + d] -= values[codeword + d];
        }
    }

    /** Codewords as [block][dimension][codeword of the block]. */
    private static final class Blocks implements Level {
        private final float[][][] blocks;
        private final float[] penalties;

        Blocks(final float[][][] blocks, final float[] penalties) {
            this.blocks = blocks;
            this.penalties = penalties;
        }

        @Override
        public int width() {
            return penalties.length;
        }

        @Override
        public void score(final float[] residuals, final int stride, final int rows, final float[][] scores) {
            if (blocks.length == 1) {
                for (int row = 0; row < rows; row++) {
                    System.arraycopy(penalties, 0, scores[row], 0, penalties.length);
                }
                add(residuals, stride, rows, blocks[0], penalties.length, scores);
                return;
            }
            final float[][] sums = new float[rows][BLOCK];
            for (int block = 0; block < blocks.length; block++) {
                final int from = block * BLOCK;
                final int width = Math.min(BLOCK, penalties.length - from);
                for (int row = 0; row < rows; row++) {
                    System.arraycopy(penalties, from, sums[row], 0, width);
                }
                add(residuals, stride, rows, blocks[block], width, sums);
                for (int row = 0; row < rows; row++) {
                    System.arraycopy(sums[row], 0, scores[row], from, width);
                }
            }
        }

        private static void add(
                final float[] residuals,
                final int stride,
                final int rows,
                final float[][] table,
                final int width,
                final float[][] sums) {
            final int dimensions = table.length;
            int d = 0;
            for (; d + STEP <= dimensions; d += STEP) {
                for (int row = 0; row < rows; row++) {
                    final int r = row * stride + d;
                    add4(
                            sums[row],
                            width,
                            table[d],
                            table[d + 1],
                            table[d + 2],
                            table[d + 3],
                            residuals[r],
                            residuals[r + 1],
                            residuals[r + 2],
                            residuals[r + 3]);
                }
            }
            for (; d < dimensions; d++) {
                for (int row = 0; row < rows; row++) {
                    add1(sums[row], width, table[d], residuals[row * stride + d]);
                }
            }
        }

        private static void add4(
                final float[] sums,
                final int width,
                final float[] t0,
                final float[] t1,
                final float[] t2,
                final float[] t3,
                final float x0,
                final float x1,
                final float x2,
                final float x3) {
            for (int k = 0; k < width; k++) {
                sums[k] = Math.fma(x3, t3[k], Math.fma(x2, t2[k], Math.fma(x1, t1[k], Math.fma(x0, t0[k], sums[k]))));
            }
        }

        private static void add1(final float[] sums, final int width, final float[] t, final float x) {
            for (int k = 0; k < width; k++) {
                sums[k] = Math.fma(x, t[k], sums[k]);
            }
        }
    }
}

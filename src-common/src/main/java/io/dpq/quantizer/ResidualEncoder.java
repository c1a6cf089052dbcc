package io.dpq.quantizer;

import java.util.Arrays;

/**
 * Greedy residual encoding (arXiv 1906.06698, hard codes): level l takes the codeword nearest in L2 to what the levels before
 * it left over, then subtracts it. Ties go to the lowest codeword. Immutable and thread-safe; buffers are per call.
 *
 * <p>The nearest codeword is the one with the largest ⟨r, c⟩ − ‖c‖²/2. Every inner product is one chain of fused
 * multiply-adds in the order of the dimensions, and residuals are kept in float, so a code depends on its own vector and
 * codebooks alone: not on the batch around it, not on how the loop was compiled, and not on later levels. Two codewords whose
 * distances differ by less than the rounding of that chain (about D · 2⁻²⁴ · ‖r‖ · ‖c‖) count as near ties: the same one wins
 * every time, but exact arithmetic might choose the other. Codewords of equal values always tie exactly.
 */
public final class ResidualEncoder {
    /** Codewords a block; short enough for a row's accumulators to stay in the first-level cache. */
    private static final int BLOCK = 256;

    /** Rows that share one pass over a block of codewords. */
    private static final int ROWS = 16;

    private final Codebooks codebooks;

    /** [level][block][dimension][codeword of the block]: the JIT vectorises loops over whole arrays from index 0. */
    private final float[][][][] blocks;

    /** −‖c‖²/2 as [level][block][codeword of the block]. */
    private final float[][][] penalties;

    private final float[] values;

    /** Prepares the codeword tables, about as large as the codebooks themselves. */
    public ResidualEncoder(final Codebooks codebooks) {
        this.codebooks = codebooks;
        this.values = codebooks.values();
        final int count = (codebooks.codewords() + BLOCK - 1) / BLOCK;
        this.blocks = new float[codebooks.levels()][count][][];
        this.penalties = new float[codebooks.levels()][count][];
        for (int level = 0; level < codebooks.levels(); level++) {
            for (int block = 0; block < count; block++) {
                blocks[level][block] = transposed(level, block);
                penalties[level][block] = penalty(level, block);
            }
        }
    }

    private int width(final int block) {
        return Math.min(BLOCK, codebooks.codewords() - block * BLOCK);
    }

    private float[][] transposed(final int level, final int block) {
        final float[][] table = new float[codebooks.dimensions()][width(block)];
        for (int k = 0; k < width(block); k++) {
            for (int d = 0; d < codebooks.dimensions(); d++) {
                table[d][k] = codebooks.value(level, block * BLOCK + k, d);
            }
        }
        return table;
    }

    private float[] penalty(final int level, final int block) {
        final float[] penalty = new float[width(block)];
        for (int k = 0; k < penalty.length; k++) {
            double square = 0;
            for (int d = 0; d < codebooks.dimensions(); d++) {
                final double value = codebooks.value(level, block * BLOCK + k, d);
                square += value * value;
            }
            penalty[k] = (float) (-0.5 * square);
        }
        return penalty;
    }

    /**
     * Encodes a batch.
     *
     * @param vectors {@code count} embeddings of length D, row by row, all finite
     * @param codes receives {@code count} × L codes, row by row, each 0…K−1
     * @throws IllegalArgumentException where an array is too short
     */
    public void encode(final float[] vectors, final int count, final short[] codes) {
        final int dimensions = codebooks.dimensions();
        final int levels = codebooks.levels();
        if (count < 0 || vectors.length < (long) count * dimensions || codes.length < (long) count * levels) {
            throw new IllegalArgumentException("Encoding " + count + " vectors of length " + dimensions + " at "
                    + levels + " levels does not fit arrays of " + vectors.length + " values and " + codes.length
                    + " codes.");
        }
        final float[] residuals = new float[ROWS * dimensions];
        final float[][] scores = new float[ROWS][Math.min(BLOCK, codebooks.codewords())];
        final float[] best = new float[ROWS];
        final int[] winners = new int[ROWS];
        for (int from = 0; from < count; from += ROWS) {
            final int rows = Math.min(ROWS, count - from);
            System.arraycopy(vectors, from * dimensions, residuals, 0, rows * dimensions);
            for (int level = 0; level < levels; level++) {
                nearest(residuals, rows, level, scores, best, winners);
                for (int row = 0; row < rows; row++) {
                    codes[(from + row) * levels + level] = (short) winners[row];
                    subtract(residuals, row * dimensions, codebooks.offset(level, winners[row]), dimensions);
                }
            }
        }
    }

    private void nearest(
            final float[] residuals,
            final int rows,
            final int level,
            final float[][] scores,
            final float[] best,
            final int[] winners) {
        Arrays.fill(best, Float.NEGATIVE_INFINITY);
        Arrays.fill(winners, 0);
        for (int block = 0; block < blocks[level].length; block++) {
            score(residuals, rows, blocks[level][block], penalties[level][block], scores);
            for (int row = 0; row < rows; row++) {
                pick(scores[row], width(block), block * BLOCK, row, best, winners);
            }
        }
    }

    /** scores[row][k] = −‖c_k‖²/2 + ⟨r_row, c_k⟩, four dimensions a pass to spare loads and stores of the sums. */
    private static void score(
            final float[] residuals,
            final int rows,
            final float[][] table,
            final float[] penalty,
            final float[][] scores) {
        final int dimensions = table.length;
        for (int row = 0; row < rows; row++) {
            System.arraycopy(penalty, 0, scores[row], 0, penalty.length);
        }
        int d = 0;
        for (; d + 4 <= dimensions; d += 4) {
            for (int row = 0; row < rows; row++) {
                final int r = row * dimensions + d;
                add4(
                        scores[row],
                        penalty.length,
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
                add(scores[row], penalty.length, table[d], residuals[row * dimensions + d]);
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

    private static void add(final float[] sums, final int width, final float[] t, final float x) {
        for (int k = 0; k < width; k++) {
            sums[k] = Math.fma(x, t[k], sums[k]);
        }
    }

    private static void pick(
            final float[] scores,
            final int width,
            final int base,
            final int row,
            final float[] best,
            final int[] winners) {
        float top = best[row];
        int winner = winners[row];
        for (int k = 0; k < width; k++) {
            if (scores[k] > top) {
                top = scores[k];
                winner = base + k;
            }
        }
        best[row] = top;
        winners[row] = winner;
    }

    private void subtract(final float[] residuals, final int at, final int codeword, final int dimensions) {
        for (int d = 0; d < dimensions; d++) {
            residuals[at + d] -= values[codeword + d];
        }
    }
}

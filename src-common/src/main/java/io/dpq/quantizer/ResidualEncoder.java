package io.dpq.quantizer;

import java.util.Arrays;

/**
 * Greedy residual encoding (arXiv 1906.06698, hard codes): level l takes the codeword nearest in L2 to what the levels before
 * it left over, then subtracts it. Immutable and thread-safe; buffers are per call.
 *
 * <p>The definition, to the last bit: residuals are float, r_1 = x and r_{l+1} = r_l − c; the distance of a codeword is
 * Σ (r − c)² in double, summed in the order of the dimensions; the smallest wins, of equal ones the lowest codeword. A code
 * therefore depends on its own vector and codebooks alone: not on the batch around it, not on the machine, not on later levels.
 *
 * <p>The nearest codeword is also the one with the largest ⟨r, c⟩ − ‖c‖²/2, which a {@link ScoreKernel} computes fast in float.
 * Where exactly one codeword's score comes within twice the error bound of the largest, it is the winner of the definition as
 * well; the rare others are decided by the definition itself. The bound is the usual one of a sum of D + 1 rounded terms,
 * (D + 2) · 2⁻²⁴ · (‖r‖ ‖c‖ + ‖c‖²/2), plus that of the definition's own rounding.
 *
 * <p>Residuals are updated rather than scores corrected by a table of codeword products: updating takes D of the K · D
 * operations of a level, whereas such a table has K² · L(L − 1)/2 entries and loses precision to cancellation, level by level.
 */
public final class ResidualEncoder {
    /** Rows that share one pass over a level's codewords. */
    private static final int ROWS = 24;

    private static final double FLOAT_UNIT = 0x1p-24;
    private static final double DOUBLE_UNIT = 0x1p-53;

    /** Covers second-order terms and the rounding of the bound itself. */
    private static final double SLACK = 1.01;

    /** Beyond this a float sum might overflow. */
    private static final double LARGE = 1e37;

    private final Codebooks codebooks;
    private final ScoreKernel kernel;
    private final ScoreKernel.Level[] levels;

    /** Largest ‖c‖ of each level. */
    private final double[] longest;

    private final float[] values;

    /** Prepares the codeword tables, about as large as the codebooks themselves, for the fastest kernel of this JVM. */
    public ResidualEncoder(final Codebooks codebooks) {
        this(codebooks, Kernels.best());
    }

    ResidualEncoder(final Codebooks codebooks, final ScoreKernel kernel) {
        this.codebooks = codebooks;
        this.kernel = kernel;
        this.values = codebooks.values();
        this.levels = new ScoreKernel.Level[codebooks.levels()];
        this.longest = new double[levels.length];
        for (int level = 0; level < levels.length; level++) {
            final float[] penalties = new float[codebooks.codewords()];
            for (int k = 0; k < penalties.length; k++) {
                final double square = square(values, codebooks.offset(level, k), codebooks.dimensions());
                penalties[k] = (float) (-0.5 * square);
                longest[level] = Math.max(longest[level], Math.sqrt(square));
            }
            levels[level] = kernel.prepare(codebooks, level, penalties);
        }
    }

    /** What it encodes with. */
    public Codebooks codebooks() {
        return codebooks;
    }

    /** Which kernel computes, for the log. */
    public String kernel() {
        return kernel.description();
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
        if (count < 0 || vectors.length < (long) count * dimensions || codes.length < (long) count * levels.length) {
            throw new IllegalArgumentException("Encoding " + count + " vectors of length " + dimensions + " at "
                    + levels.length + " levels does not fit arrays of " + vectors.length + " values and " + codes.length
                    + " codes.");
        }
        final float[] residuals = new float[ROWS * dimensions];
        final float[][] scores = new float[ROWS][levels[0].width()];
        final double[] squares = new double[ROWS];
        for (int from = 0; from < count; from += ROWS) {
            final int rows = Math.min(ROWS, count - from);
            System.arraycopy(vectors, from * dimensions, residuals, 0, rows * dimensions);
            Arrays.fill(residuals, rows * dimensions, residuals.length, 0);
            for (int row = 0; row < rows; row++) {
                squares[row] = square(residuals, row * dimensions, dimensions);
            }
            final int padded = (rows + kernel.rowsAtOnce() - 1) / kernel.rowsAtOnce() * kernel.rowsAtOnce();
            for (int level = 0; level < levels.length; level++) {
                levels[level].score(residuals, padded, scores);
                for (int row = 0; row < rows; row++) {
                    final int winner = choose(level, residuals, row, scores[row], squares);
                    codes[(from + row) * levels.length + level] = (short) winner;
                    subtract(residuals, row * dimensions, codebooks.offset(level, winner), dimensions);
                }
            }
        }
    }

    /** The winner of a level; leaves in {@code squares} a bound on what the residual's squared length will be. */
    private int choose(
            final int level, final float[] residuals, final int row, final float[] scores, final double[] squares) {
        final double bound = bound(level, Math.sqrt(squares[row]));
        if (!(bound < LARGE)) {
            final int winner = nearest(level, residuals, row, scores, Float.NaN);
            // Whatever the sums were: from here on the bound is infinite, and every level is decided by the definition.
            squares[row] = Double.POSITIVE_INFINITY;
            return winner;
        }
        final int width = levels[level].width();
        final float max = kernel.max(scores, width);
        final float threshold = Math.nextDown((float) (max - 2 * bound));
        final int only = kernel.onlyOne(scores, width, threshold);
        // ‖r − c‖² = ‖r‖² − 2 (⟨r, c⟩ − ‖c‖²/2), where the winner's score is at most 3 bounds below the largest seen.
        squares[row] = SLACK * Math.max(0, squares[row] - 2 * max + 6 * bound);
        return only >= 0 ? only : nearest(level, residuals, row, scores, threshold);
    }

    /** How far a score in float may be from the exact one, or the definition from it, for every codeword of the level. */
    private double bound(final int level, final double length) {
        final int dimensions = codebooks.dimensions();
        final double product = length * longest[level] + 0.5 * longest[level] * longest[level];
        if (!(product < LARGE)) {
            return Double.POSITIVE_INFINITY;
        }
        final double sum = length + longest[level];
        return SLACK
                * ((dimensions + 2) * (FLOAT_UNIT * product + Float.MIN_VALUE)
                        + 0.5 * (dimensions + 2) * DOUBLE_UNIT * sum * sum);
    }

    /** The winner by the definition among the codewords whose score reaches {@code threshold}; NaN stands for all. */
    private int nearest(
            final int level, final float[] residuals, final int row, final float[] scores, final float threshold) {
        int winner = -1;
        double least = 0;
        for (int k = 0; k < codebooks.codewords(); k++) {
            if (scores[k] < threshold) {
                continue;
            }
            final double distance = distance(residuals, row * codebooks.dimensions(), codebooks.offset(level, k));
            if (winner < 0 || distance < least) {
                winner = k;
                least = distance;
            }
        }
        return winner;
    }

    private double distance(final float[] residuals, final int at, final int codeword) {
        double sum = 0;
        for (int d = 0; d < codebooks.dimensions(); d++) {
            final double difference = (double) residuals[at + d] - values[codeword + d];
            sum += difference * difference;
        }
        return sum;
    }

    private void subtract(final float[] residuals, final int at, final int codeword, final int dimensions) {
        for (int d = 0; d < dimensions; d++) {
            residuals[at + d] -= values[codeword + d];
        }
    }

    /** Squared length, in four sums that the processor adds at once. */
    private static double square(final float[] values, final int at, final int dimensions) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int d = 0;
        for (; d + 4 <= dimensions; d += 4) {
            s0 += (double) values[at + d] * values[at + d];
            s1 += (double) values[at + d + 1] * values[at + d + 1];
            s2 += (double) values[at + d + 2] * values[at + d + 2];
            s3 += (double) values[at + d + 3] * values[at + d + 3];
        }
        for (; d < dimensions; d++) {
            s0 += (double) values[at + d] * values[at + d];
        }
        return s0 + s1 + s2 + s3;
    }
}

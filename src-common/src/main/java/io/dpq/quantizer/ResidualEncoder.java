package io.dpq.quantizer;

import java.util.Arrays;

/**
 * Greedy residual encoding (arXiv 1906.06698, hard codes): level l takes the codeword most similar to what the levels before it
 * left over, then subtracts it. Immutable and thread-safe; buffers are per call.
 *
 * <p>The definition, to the last bit: residuals are float, r_1 = x and r_{l+1} = r_l − c; the codeword of the largest merit wins,
 * of equal ones the lowest, where a merit is computed in double ({@link NearestCodeword}, {@link LargestCosine}). A code
 * therefore depends on its own vector and codebooks alone: not on the batch around it, not on the machine, not on later levels.
 *
 * <p>A {@link ScoreKernel} computes scores fast in float that are ordered as the merits are, but for their rounding. Where exactly
 * one codeword's score comes within twice the error bound of the largest, it is the winner of the definition as well; the rare
 * others are decided by the definition itself.
 *
 * <p>Residuals are updated rather than scores corrected by a table of codeword products: updating takes D of the K · D
 * operations of a level, whereas such a table has K² · L(L − 1)/2 entries and loses precision to cancellation, level by level.
 */
public final class ResidualEncoder {
    /** Rows that share one pass over a level's codewords. */
    private static final int ROWS = 24;

    static final double FLOAT_UNIT = 0x1p-24;
    static final double DOUBLE_UNIT = 0x1p-53;

    /** Covers second-order terms and the rounding of a bound itself. */
    static final double SLACK = 1.01;

    /** Beyond this a float sum might overflow. */
    static final double LARGE = 1e37;

    private final Codebooks codebooks;
    private final Choice choice;
    private final ScoreKernel kernel;
    private final ScoreKernel.Level[] levels;
    private final float[] values;

    /** Prepares the codeword tables, about as large as the codebooks themselves, for the fastest kernel of this JVM. */
    public ResidualEncoder(final Codebooks codebooks) {
        this(codebooks, Kernels.best());
    }

    ResidualEncoder(final Codebooks codebooks, final ScoreKernel kernel) {
        this.codebooks = codebooks;
        this.choice = Choice.of(codebooks);
        this.kernel = kernel;
        this.values = codebooks.values();
        this.levels = new ScoreKernel.Level[codebooks.levels()];
        Arrays.setAll(levels, level -> choice.table(kernel, level));
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
     * Whether a vector has none but finite values, which {@link #encode} asks of all.
     *
     * @param at where its D values begin
     */
    public boolean isFinite(final float[] vectors, final int at) {
        // What is not finite makes the sum so; a finite vector whose sum overflows is looked at value by value.
        if (Double.isFinite(kernel.square(vectors, at, codebooks.dimensions()))) {
            return true;
        }
        for (int d = at; d < at + codebooks.dimensions(); d++) {
            if (!Float.isFinite(vectors[d])) {
                return false;
            }
        }
        return true;
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
        // Even, since kernels take two dimensions at once.
        final int stride = (dimensions + 1) / 2 * 2;
        final float[] residuals = new float[ROWS * stride];
        final float[][] scores = new float[ROWS][levels[0].width()];
        final double[] squares = new double[ROWS];
        for (int from = 0; from < count; from += ROWS) {
            final int rows = Math.min(ROWS, count - from);
            for (int row = 0; row < rows; row++) {
                System.arraycopy(vectors, (from + row) * dimensions, residuals, row * stride, dimensions);
                squares[row] = kernel.square(residuals, row * stride, dimensions);
            }
            Arrays.fill(residuals, rows * stride, residuals.length, 0);
            final int padded = (rows + kernel.rowsAtOnce() - 1) / kernel.rowsAtOnce() * kernel.rowsAtOnce();
            for (int level = 0; level < levels.length; level++) {
                levels[level].score(residuals, stride, padded, scores);
                for (int row = 0; row < rows; row++) {
                    codes[(from + row) * levels.length + level] =
                            (short) take(level, residuals, row * stride, scores[row], squares, row);
                }
            }
        }
    }

    /** Subtracts the winner of a level; leaves in {@code squares} a bound on the squared length of what remains. */
    private int take(
            final int level,
            final float[] residuals,
            final int at,
            final float[] scores,
            final double[] squares,
            final int row) {
        final double bound = choice.bound(level, Math.sqrt(squares[row]));
        final int dimensions = codebooks.dimensions();
        if (!(bound < LARGE)) {
            final int winner = best(level, residuals, at, scores, Float.NaN);
            kernel.subtract(residuals, at, values, codebooks.offset(level, winner), dimensions);
            // Whatever the sums were: from here on the bound is infinite, and every level is decided by the definition.
            squares[row] = Double.POSITIVE_INFINITY;
            return winner;
        }
        final int leader = kernel.leader(scores, levels[level].width(), 2 * bound);
        final float max = leader >= 0 ? scores[leader] : max(scores);
        final int winner =
                leader >= 0 ? leader : best(level, residuals, at, scores, Math.nextDown((float) (max - 2 * bound)));
        kernel.subtract(residuals, at, values, codebooks.offset(level, winner), dimensions);
        squares[row] = choice.squareAfter(kernel, squares[row], max, bound, residuals, at);
        return winner;
    }

    private float max(final float[] scores) {
        float max = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < codebooks.codewords(); k++) {
            max = Math.max(max, scores[k]);
        }
        return max;
    }

    /** The winner by the definition among the codewords whose score reaches {@code threshold}; NaN stands for all. */
    private int best(
            final int level, final float[] residuals, final int at, final float[] scores, final float threshold) {
        int winner = -1;
        double most = 0;
        for (int k = 0; k < codebooks.codewords(); k++) {
            if (scores[k] < threshold) {
                continue;
            }
            final double merit = choice.merit(residuals, at, level, k);
            if (winner < 0 || merit > most) {
                winner = k;
                most = merit;
            }
        }
        return winner;
    }
}

package io.dpq.quantizer;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The codebooks of a residual (additive) quantizer: L levels of K codewords of full length D, and the similarity by which a
 * residual chooses among them. Immutable and thread-safe.
 */
public final class Codebooks implements Serializable {
    private static final long serialVersionUID = 2L;

    private final int levels;
    private final int codewords;
    private final int dimensions;
    private final float[] values;
    private final Similarity similarity;

    /**
     * Copies the given codebooks, among which residuals choose by {@link Similarity#L2}.
     *
     * @param values codewords in the order [level][codeword][dimension], length levels · codewords · dimensions, all finite
     */
    public Codebooks(final int levels, final int codewords, final int dimensions, final float[] values) {
        this(levels, codewords, dimensions, values, Similarity.L2);
    }

    private Codebooks(
            final int levels,
            final int codewords,
            final int dimensions,
            final float[] values,
            final Similarity similarity) {
        if (levels < 1 || codewords < 2 || codewords > Short.MAX_VALUE + 1 || dimensions < 1) {
            throw new IllegalArgumentException(
                    "Codebooks of shape [" + levels + ", " + codewords + ", " + dimensions + "] cannot exist.");
        }
        if (values.length != (long) levels * codewords * dimensions) {
            throw new IllegalArgumentException("Codebooks of shape [" + levels + ", " + codewords + ", " + dimensions
                    + "] hold " + (long) levels * codewords * dimensions + " values, not " + values.length + ".");
        }
        for (final float value : values) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("Codebooks hold a value that is not finite: " + value + ".");
            }
        }
        this.levels = levels;
        this.codewords = codewords;
        this.dimensions = dimensions;
        this.values = values.clone();
        this.similarity = similarity;
    }

    /** The same codewords, chosen among by another similarity. */
    public Codebooks by(final Similarity other) {
        return new Codebooks(levels, codewords, dimensions, values, other);
    }

    /** By what a residual chooses its codeword. */
    public Similarity similarity() {
        return similarity;
    }

    /** Levels L. */
    public int levels() {
        return levels;
    }

    /** Codewords per level K. */
    public int codewords() {
        return codewords;
    }

    /** Length D of a codeword. */
    public int dimensions() {
        return dimensions;
    }

    /** Bits that a code of the first {@code level} levels (counted from 1) takes. */
    public int bits(final int level) {
        return level * (Integer.SIZE - Integer.numberOfLeadingZeros(codewords - 1));
    }

    /** Where codeword {@code codeword} of level {@code level}, both counted from 0, begins in {@link #values()}. */
    public int offset(final int level, final int codeword) {
        return (level * codewords + codeword) * dimensions;
    }

    /** One value, all indices counted from 0. */
    public float value(final int level, final int codeword, final int dimension) {
        return values[offset(level, codeword) + dimension];
    }

    /** A copy of all values in the order [level][codeword][dimension]. */
    public float[] values() {
        return values.clone();
    }

    /** The first {@code count} levels: they quantize exactly as they do within the whole. */
    public Codebooks prefix(final int count) {
        return new Codebooks(count, codewords, dimensions, Arrays.copyOf(values, offset(count, 0)), similarity);
    }

    /** Equal where shape, similarity and every value agree. */
    @Override
    public boolean equals(final Object other) {
        return other instanceof Codebooks that
                && levels == that.levels
                && codewords == that.codewords
                && dimensions == that.dimensions
                && similarity == that.similarity
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Codebooks[" + levels + ", " + codewords + ", " + dimensions + "]";
    }
}

package io.dpq.quantizer;

/**
 * Asymmetric distances of one query to codes: table T_m[k] = ⟨q, c_m(k)⟩, and score(q, item; l) = Σ_{m≤l} T_m[code_m]
 * (AQD by inner product, arXiv 1906.06698; larger is nearer). Immutable and thread-safe.
 *
 * <p>The arithmetic is canonical: a table entry is the inner product summed in double in the order of the dimensions and
 * rounded once to float; a score is the double sum of its entries in the order of the levels. Items of equal codes therefore
 * have equal scores to the last bit, wherever and in whatever order they are scored.
 */
public final class LookupTables {
    private final float[][] tables;

    /**
     * Computes L × K inner products.
     *
     * @param query an embedding of length D
     * @throws IllegalArgumentException where the query has another length
     */
    public LookupTables(final Codebooks codebooks, final float[] query) {
        if (query.length != codebooks.dimensions()) {
            throw new IllegalArgumentException("A query of length " + query.length
                    + " does not fit codewords of length " + codebooks.dimensions() + ".");
        }
        tables = new float[codebooks.levels()][codebooks.codewords()];
        for (int level = 0; level < tables.length; level++) {
            for (int k = 0; k < codebooks.codewords(); k++) {
                double sum = 0;
                for (int d = 0; d < query.length; d++) {
                    sum += (double) query[d] * codebooks.value(level, k, d);
                }
                tables[level][k] = (float) sum;
            }
        }
    }

    /** Levels L. */
    public int levels() {
        return tables.length;
    }

    /** T_level[codeword], level counted from 0. */
    public float at(final int level, final int codeword) {
        return tables[level][codeword];
    }

    /**
     * The score of an item by the first {@code levels} levels of its code.
     *
     * @param codes codes row by row, each row beginning with its {@code levels} first levels
     * @param offset where the item's code begins
     */
    public double score(final short[] codes, final int offset, final int levels) {
        double sum = 0;
        for (int level = 0; level < levels; level++) {
            sum += tables[level][codes[offset + level]];
        }
        return sum;
    }
}

package io.dpq.quantizer;

/**
 * Inner products ⟨c_m(j), c_n(k)⟩ of codewords of different levels, and from them the squared norm of what a code stands for:
 * ‖H_l‖² = Σ_m ‖c_m‖² + 2 Σ_{m&lt;n} ⟨c_m, c_n⟩. They depend on codes alone, so that L2 distances to codes need no vectors.
 * Immutable and thread-safe.
 */
public final class CrossTerms {
    /** Entries of all tables together, 256 MiB: beyond them adding up codewords is the better way. */
    private static final long MOST_ENTRIES = 1L << 25;

    private final int codewords;
    private final double[][] squares;
    /** By the pair of levels m &lt; n, then by j · K + k. */
    private final double[][][] products;

    /**
     * Computes K² · L(L − 1)/2 inner products.
     *
     * @throws IllegalArgumentException where they would be more than 2²⁵
     */
    public CrossTerms(final Codebooks codebooks) {
        final int levels = codebooks.levels();
        codewords = codebooks.codewords();
        if ((long) codewords * codewords * levels * (levels - 1) / 2 > MOST_ENTRIES) {
            throw new IllegalArgumentException(levels + " levels of " + codewords
                    + " codewords have too many cross terms; add up the codewords instead.");
        }
        squares = new double[levels][codewords];
        products = new double[levels][levels][];
        for (int m = 0; m < levels; m++) {
            for (int j = 0; j < codewords; j++) {
                squares[m][j] = product(codebooks, m, j, m, j);
            }
            for (int n = m + 1; n < levels; n++) {
                final double[] table = new double[codewords * codewords];
                for (int j = 0; j < codewords; j++) {
                    for (int k = 0; k < codewords; k++) {
                        table[j * codewords + k] = product(codebooks, m, j, n, k);
                    }
                }
                products[m][n] = table;
            }
        }
    }

    private static double product(final Codebooks codebooks, final int m, final int j, final int n, final int k) {
        double sum = 0;
        for (int d = 0; d < codebooks.dimensions(); d++) {
            sum += (double) codebooks.value(m, j, d) * codebooks.value(n, k, d);
        }
        return sum;
    }

    /** ⟨c_m(j), c_n(k)⟩ of levels m &lt; n, counted from 0. */
    public double at(final int m, final int j, final int n, final int k) {
        return products[m][n][j * codewords + k];
    }

    /**
     * ‖H_l‖² of a code.
     *
     * @param codes codes row by row, each row beginning with its {@code levels} first levels
     * @param offset where the code begins
     * @param levels l, 0…L
     */
    public double squaredNorm(final short[] codes, final int offset, final int levels) {
        double sum = 0;
        for (int n = 0; n < levels; n++) {
            sum += squares[n][codes[offset + n]];
            for (int m = 0; m < n; m++) {
                sum += 2 * at(m, codes[offset + m], n, codes[offset + n]);
            }
        }
        return sum;
    }
}

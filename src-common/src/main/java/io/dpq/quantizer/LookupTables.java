package io.dpq.quantizer;

/**
 * Asymmetric distances of one query to codes: table T_m[k] = ⟨q, c_m(k)⟩, and score(q, item; l) = Σ_{m≤l} T_m[code_m]
 * (method: AQD by inner product; larger is nearer). Immutable and thread-safe.
 */
public final class LookupTables {
    /**
     * Computes L × K inner products.
     *
     * @param query an embedding of length D
     */
    public LookupTables(final Codebooks codebooks, final float[] query) {
        throw new UnsupportedOperationException();
    }

    /** T_level[codeword], level counted from 0. */
    public float at(final int level, final int codeword) {
        throw new UnsupportedOperationException();
    }
}

package io.dpq.quantizer;

/** By what a residual r is compared with codewords c; the largest value wins, of equal ones the lowest codeword. */
public enum Similarity {
    /** −‖r − c‖²: the nearest codeword (arXiv 1906.06698). */
    L2,
    /** The cosine of r and c, 0 where one of them has no length: what the authors' released code takes. */
    COSINE
}

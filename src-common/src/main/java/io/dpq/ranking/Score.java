package io.dpq.ranking;

/** By what rows rank, from their inner product with the query. A score is larger where a row is nearer. */
public enum Score {
    /** ⟨q, h⟩. */
    INNER_PRODUCT {
        @Override
        public double of(final double inner, final double norm) {
            return inner;
        }
    },
    /** ‖q‖² − ‖q − h‖²: the same order as the squared distance, nearest first. */
    L2 {
        @Override
        public double of(final double inner, final double norm) {
            return 2 * inner - norm;
        }
    },
    /** ‖q‖ · cos(q, h), 0 where h is 0. */
    COSINE {
        @Override
        public double of(final double inner, final double norm) {
            return norm > 0 ? inner / Math.sqrt(norm) : 0;
        }
    };

    /**
     * The score of a row h.
     *
     * @param inner ⟨q, h⟩
     * @param norm ‖h‖²
     */
    public abstract double of(double inner, double norm);
}

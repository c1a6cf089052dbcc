package io.dpq.eval;

import io.dpq.ranking.Ranking;
import java.io.Serializable;

/**
 * How a query ranks the rows of a block. Immutable and thread-safe; travels to executors.
 *
 * @param <B> kind of block
 */
interface Search<B> extends Serializable {
    /** Rankings of a query: one a code length. */
    int rankings();

    /**
     * The block as a query ranks it.
     *
     * @param query to ask
     * @param index of the query among all that are asked
     * @param r groups beyond rank {@code r} are left out
     * @return as many as {@link #rankings}
     */
    Ranking[] rank(Query query, int index, B block, long r);

    /** Groups that a query's rankings of blocks hold together, at the most. */
    double groups(long rows, int blocks, long r);
}

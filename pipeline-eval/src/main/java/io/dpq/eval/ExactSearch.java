package io.dpq.eval;

import io.dpq.ranking.Ranking;
import io.dpq.ranking.Score;

/** Ranks unquantized embeddings. No record, because Spark's Kryo cannot write one. */
final class ExactSearch implements Search<EmbeddingBlock> {
    private static final long serialVersionUID = 1L;

    private final Score score;

    ExactSearch(final Score score) {
        this.score = score;
    }

    @Override
    public int rankings() {
        return 1;
    }

    @Override
    public Ranking[] rank(final Query query, final int index, final EmbeddingBlock block, final long r) {
        return new Ranking[] {block.rank(query, index, score, r)};
    }

    @Override
    public double groups(final long rows, final int blocks, final long r) {
        return Math.min((double) rows, (double) blocks * r);
    }
}

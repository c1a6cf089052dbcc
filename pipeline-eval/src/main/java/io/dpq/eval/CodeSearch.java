package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.CodeScores;
import io.dpq.ranking.Ranking;
import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;

/**
 * Ranks codes by the prefixes of some lengths. No record, because Spark's Kryo cannot write one.
 *
 * <p>Asymmetric (AQD): the query stays a real vector. Symmetric (SQD): it is quantized as the rows are, by as many levels.
 */
final class CodeSearch implements Search<CodeBlock> {
    private static final long serialVersionUID = 1L;

    private final Codebooks codebooks;
    private final Score score;
    private final int first;
    /** Codes of all queries, L each; empty where queries stay real. */
    private final short[] queryCodes;

    private final Ties ties;

    private CodeSearch(
            final Codebooks codebooks, final Score score, final int first, final short[] queryCodes, final Ties ties) {
        this.codebooks = codebooks;
        this.score = score;
        this.first = first;
        this.queryCodes = queryCodes;
        this.ties = ties;
    }

    /**
     * AQD.
     *
     * @param first level to rank by, counted from 1; later ones follow
     */
    static CodeSearch asymmetric(final Codebooks codebooks, final Score score, final int first) {
        return new CodeSearch(codebooks, score, first, new short[0], Ties.EXPECTED);
    }

    /** SQD, with the codes of all queries that will be asked, L each. */
    static CodeSearch symmetric(
            final Codebooks codebooks, final Score score, final int first, final short[] queryCodes) {
        return new CodeSearch(codebooks, score, first, queryCodes, Ties.EXPECTED);
    }

    /** The same of blocks that were packed for another rule of ties: rows that rank alike are one group or not. */
    CodeSearch by(final Ties rule) {
        return new CodeSearch(codebooks, score, first, queryCodes, rule);
    }

    @Override
    public int rankings() {
        return codebooks.levels() - first + 1;
    }

    @Override
    public Ranking[] rank(final Query query, final int index, final CodeBlock block, final long r) {
        final CodeScores scores = queryCodes.length == 0
                ? CodeScores.asymmetric(codebooks, query.embedding(), score, first)
                : CodeScores.symmetric(codebooks, queryCodes, index * codebooks.levels(), score, first);
        return block.rank(scores, query.labels(), index, r);
    }

    @Override
    public double groups(final long rows, final int blocks, final long r) {
        return groups(ties, codebooks.levels(), codebooks.codewords(), first, rows, blocks, r);
    }

    /** Groups that a query's rankings of blocks hold together, at the most, at the levels from {@code first} to L. */
    static double groups(
            final Ties ties,
            final int levels,
            final int codewords,
            final int first,
            final long rows,
            final int blocks,
            final long r) {
        double groups = 0;
        for (int level = first; level <= levels; level++) {
            final double perBlock =
                    ties == Ties.ID ? (double) rows : Math.min((double) rows, Math.pow(codewords, level));
            groups += Math.min((double) rows, blocks * Math.min(perBlock, (double) r));
        }
        return groups;
    }
}

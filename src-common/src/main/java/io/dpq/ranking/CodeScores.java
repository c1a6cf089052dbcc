package io.dpq.ranking;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;

/**
 * How one query scores codes at each level. Asymmetric (AQD, arXiv 1906.06698): the query is real, and one table serves all
 * levels. Symmetric (SQD): level l meets the query as l levels quantize it, so each level has a table of its own. Immutable
 * and thread-safe.
 */
public final class CodeScores {
    /** Of each level, or one for all. */
    private final LookupTables[] tables;

    private final Score score;
    private final int first;

    private CodeScores(final LookupTables[] tables, final Score score, final int first) {
        this.tables = tables;
        this.score = score;
        this.first = first;
    }

    /** The inner product with a query of which only its tables are known, at all levels. */
    static CodeScores of(final LookupTables tables) {
        return new CodeScores(new LookupTables[] {tables}, Score.INNER_PRODUCT, 1);
    }

    /**
     * AQD.
     *
     * @param query of length D
     * @param first level to rank by, counted from 1; later ones follow
     */
    public static CodeScores asymmetric(
            final Codebooks codebooks, final float[] query, final Score score, final int first) {
        return new CodeScores(new LookupTables[] {new LookupTables(codebooks, query)}, score, first);
    }

    /**
     * SQD.
     *
     * @param codes holds the query's code of L levels from {@code offset} on
     * @param first level to rank by, counted from 1; later ones follow
     */
    public static CodeScores symmetric(
            final Codebooks codebooks, final short[] codes, final int offset, final Score score, final int first) {
        final LookupTables[] tables = new LookupTables[codebooks.levels()];
        final float[] query = new float[codebooks.dimensions()];
        for (int level = 0; level < tables.length; level++) {
            for (int d = 0; d < query.length; d++) {
                query[d] += codebooks.value(level, codes[offset + level], d);
            }
            if (level >= first - 1) {
                tables[level] = new LookupTables(codebooks, query);
            }
        }
        return new CodeScores(tables, score, first);
    }

    /** The first level to rank by, counted from 0. */
    int first() {
        return first - 1;
    }

    /** Whether a level's inner product is that of the level before it and one entry more. */
    boolean adds() {
        return tables.length == 1;
    }

    /** What a level (from 0) adds. */
    float entry(final int level, final int codeword) {
        return tables[0].at(level, codeword);
    }

    /** Where levels do not add up: the inner product with a code's first levels up to {@code level}, counted from 0. */
    double inner(final short[] codes, final int offset, final int level) {
        return tables[level].score(codes, offset, level + 1);
    }

    /** Whether {@link #score} needs the lengths of what codes stand for. */
    boolean needsNorms() {
        return score != Score.INNER_PRODUCT;
    }

    double score(final double inner, final double norm) {
        return score.of(inner, norm);
    }
}

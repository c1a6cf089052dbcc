package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.ranking.Ties;
import java.util.List;
import java.util.Locale;

/**
 * How a retrieval is cut, and what memory that takes: derived from numbers alone, so that a night can be planned before there
 * is a table.
 *
 * @param rows of the database
 * @param queries to ask
 * @param levels L
 * @param codewords K
 * @param r rank to cut at, 1 to {@code rows}
 * @param ties how equal scores rank
 * @param blockRows rows a task takes at the most
 */
record RetrievalPlan(long rows, long queries, int levels, int codewords, long r, Ties ties, int blockRows) {
    /** Heap that a group takes while two rankings of 40 bytes a group merge into one, which is then copied to its size. */
    private static final long MERGE_BYTES = 160;

    private static final long GROUP_BYTES = 40;
    /** Of a block: a ranking a level while it is made, and the rows themselves. */
    private static final long ROW_LEVEL_BYTES = 40;

    private static final long ROW_BYTES = 80;

    /** Groups shuffled in one wave at the most. */
    private static final long GROUPS_PER_WAVE = 50_000_000;

    /** Queries whose figures the driver collects at a time, about 1 KiB a query and ranking. */
    private static final int QUERIES_PER_WAVE = 8192;

    /** The plan of a configuration for so many rows and queries. */
    static RetrievalPlan of(
            final Settings settings, final int levels, final int codewords, final long rows, final long queries) {
        final long r = settings.r() == 0 ? rows : Math.min(settings.r(), rows);
        return new RetrievalPlan(rows, queries, levels, codewords, r, settings.ties(), settings.blockRows());
    }

    /** Blocks the database is cut into. */
    long blocks() {
        return (rows + blockRows - 1) / blockRows;
    }

    /** Groups of the longest ranking that a task merges. */
    long largestRanking() {
        final double codes = ties == Ties.ID ? (double) rows : Math.pow(codewords, levels);
        return (long) Math.min(codes, (double) r);
    }

    /**
     * Queries asked at a time.
     *
     * @param blocks that hold rows
     * @param groups that a query's rankings of blocks hold together
     */
    static int wave(final int blocks, final double groups) {
        return blocks > 1 ? (int) Math.max(1, Math.min(QUERIES_PER_WAVE, GROUPS_PER_WAVE / groups)) : QUERIES_PER_WAVE;
    }

    /**
     * Two rankings that merge, and the ranking they merge into, are in memory at once.
     *
     * @param groups of the longest ranking
     * @param heap bytes that a task has
     * @throws UserException where there is not room enough
     */
    static void requireRoom(final long blocks, final long groups, final long heap) {
        if (!fits(blocks, groups, heap)) {
            throw UserException.usage("The rankings of " + blocks + " blocks merge into one of " + groups
                    + " groups, which takes more than the " + (heap >> 20)
                    + " MiB of heap a task has; set evaluate.r to the rank that matters, or raise"
                    + " resources.executor-heap.");
        }
    }

    /** The same for embeddings, of which each is a group of its own, {@code r} at the most. */
    static void requireRoomForEmbeddings(final long blocks, final long r, final long heap) {
        if (!fits(blocks, r, heap)) {
            throw UserException.usage("The rankings of " + blocks + " blocks of embeddings merge into one of " + r
                    + " rows, which takes more than the " + (heap >> 20)
                    + " MiB of heap a task has; set evaluate.embedding=false and evaluate.baselines=[], set evaluate.r to the"
                    + " rank that matters, or raise resources.executor-heap.");
        }
    }

    private static boolean fits(final long blocks, final long groups, final long heap) {
        return blocks <= 1 || (groups <= heap / MERGE_BYTES && groups <= Integer.MAX_VALUE / 4);
    }

    /**
     * The plan in sentences.
     *
     * @param heap bytes that a task has
     * @throws UserException where a ranking does not fit
     */
    List<String> lines(final long heap) {
        requireRoom(blocks(), largestRanking(), heap);
        final long taskRows = Math.min(rows, blockRows);
        final long task = taskRows * (ROW_LEVEL_BYTES * levels + ROW_BYTES);
        final double groups = CodeSearch.groups(ties, levels, codewords, 1, rows, (int) blocks(), r);
        final int wave = wave((int) blocks(), groups);
        final long waves = (queries + wave - 1) / wave;
        final String shuffled = blocks() == 1
                ? "nothing is shuffled"
                : String.format(
                        Locale.ROOT,
                        "each shuffles at most %.1f GiB",
                        Math.min(wave, queries) * groups * GROUP_BYTES / (1L << 30));
        return List.of(
                rows + " rows are " + blocks() + " blocks, " + queries + " queries are asked in " + waves
                        + " waves, and " + shuffled + ".",
                "A task ranks up to " + taskRows + " rows a query and takes up to " + (task >> 20) + " MiB of the "
                        + (heap >> 20) + " MiB of heap that resources leave it"
                        + (task > heap
                                ? "; lower evaluate.block-rows to " + heap / (ROW_LEVEL_BYTES * levels + ROW_BYTES)
                                        + " or raise resources.executor-heap."
                                : "."));
    }
}

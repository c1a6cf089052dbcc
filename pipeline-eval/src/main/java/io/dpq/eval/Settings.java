package io.dpq.eval;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.ResourcePlan;
import io.dpq.lake.LakeSettings;
import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;
import java.util.List;
import java.util.Optional;

/**
 * The job's own keys, checked.
 *
 * @param modelPath model directory
 * @param codesPath code table
 * @param querySource what the queries are
 * @param queryRows of a code table that are drawn as queries
 * @param queries where they are: a lake, or a code table as if it were one of vectors
 * @param levels that are reported, 0 for all
 * @param r rank to cut at, 0 for the whole database
 * @param ties how equal scores rank
 * @param report directory of the report
 * @param randomBaseline whether random codes are scored as well
 * @param batchSize queries the network sees at once
 * @param blockRows rows of the database a task takes at the most
 * @param taskHeap bytes of Java heap that a task may count on
 * @param threads a task computes with
 * @param seed of the random codes, of what baselines learn and of resampling
 * @param score by what rows rank
 * @param symmetric whether quantized queries are scored as well
 * @param excludeSelf whether the row that is the query itself is left out of its ranking
 * @param embedding whether the unquantized embeddings are ranked as well, where the table has them
 * @param baselines other quantizers to learn and score on the same embeddings
 * @param baselineSample embeddings they learn from
 * @param compare earlier report to set the figures against
 * @param maxDrop most that mAP of the last level may fall below that report
 * @param thumbnails queries shown with what they find; 0 shows none
 * @param images lake of the database's images, where one is configured
 * @param expected what the plan reckons with before there is a table
 */
record Settings(
        String modelPath,
        String codesPath,
        QuerySource querySource,
        int queryRows,
        LakeSettings queries,
        int levels,
        long r,
        Ties ties,
        String report,
        boolean randomBaseline,
        int batchSize,
        int blockRows,
        long taskHeap,
        int threads,
        long seed,
        Score score,
        boolean symmetric,
        boolean excludeSelf,
        boolean embedding,
        List<BaselineKind> baselines,
        int baselineSample,
        Optional<String> compare,
        Optional<Double> maxDrop,
        int thumbnails,
        Optional<LakeSettings> images,
        Optional<Expected> expected) {
    /** So many rows of 64 levels, the most there are, still fit into one array of Java. */
    private static final int MOST_BLOCK_ROWS = 16_000_000;

    /**
     * Numbers to plan by.
     *
     * @param rows of the code table
     * @param queries to ask
     */
    record Expected(long rows, long queries) {}

    /** Whether embeddings are asked for, by themselves or by a baseline that is set against them. */
    boolean ranksEmbeddings() {
        return embedding || !baselines.isEmpty();
    }

    static Settings from(final DpqConfig config) {
        final ResourcePlan plan = ResourcePlan.from(config);
        return new Settings(
                config.string("model.path"),
                config.string("codes.path"),
                config.choice("evaluate.query-source", QuerySource.class),
                config.integer("evaluate.query-rows", 1, 10_000_000),
                queries(config),
                config.integer("evaluate.levels", 0, 64),
                config.whole("evaluate.r", 0, Long.MAX_VALUE),
                config.choice("evaluate.ties", Ties.class),
                config.string("evaluate.report"),
                config.bool("evaluate.random-baseline"),
                config.integer("evaluate.batch-size", 1, 4096),
                config.integer("evaluate.block-rows", 1, MOST_BLOCK_ROWS),
                plan.executorHeap() / plan.tasks(),
                plan.threadsPerTask(),
                config.seed(),
                config.choice("evaluate.score", Score.class),
                config.bool("evaluate.symmetric"),
                config.bool("evaluate.exclude-self"),
                config.bool("evaluate.embedding"),
                BaselineKind.from(config, "evaluate.baselines"),
                config.integer("evaluate.baseline-sample", 256, 1_000_000),
                config.optionalString("evaluate.compare"),
                maxDrop(config),
                config.integer("evaluate.thumbnails", 0, 100),
                config.isSet("encode.lake.path")
                        ? Optional.of(LakeSettings.from(config, "encode.lake"))
                        : Optional.empty(),
                config.isSet("evaluate.expected.rows")
                        ? Optional.of(new Expected(
                                config.whole("evaluate.expected.rows", 1, 1L << 50),
                                config.whole("evaluate.expected.queries", 1, 1L << 40)))
                        : Optional.empty());
    }

    private static LakeSettings queries(final DpqConfig config) {
        final String section = "evaluate.queries";
        return config.choice("evaluate.query-source", QuerySource.class) == QuerySource.CODES
                ? new LakeSettings(
                        section,
                        LakeSettings.Kind.VECTORS,
                        config.optionalString(section + ".path").orElseGet(() -> config.string("codes.path")),
                        config.optionalString(section + ".list"))
                : LakeSettings.from(config, section);
    }

    private static Optional<Double> maxDrop(final DpqConfig config) {
        final String key = "evaluate.gate.max-drop";
        if (!config.isSet(key)) {
            return Optional.empty();
        }
        if (config.optionalString("evaluate.compare").isEmpty()) {
            throw UserException.usage("The key '" + key
                    + "' asks by how much mAP may fall below an earlier report; set evaluate.compare to that report.");
        }
        return Optional.of(config.decimal(key, 0, 1));
    }
}

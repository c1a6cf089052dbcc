package io.dpq.eval;

import io.dpq.config.DpqConfig;
import io.dpq.job.ResourcePlan;
import io.dpq.lake.LakeSettings;
import io.dpq.ranking.Ties;

/**
 * The job's own keys, checked.
 *
 * @param modelPath model directory
 * @param codesPath code table
 * @param queries lake of the query images
 * @param r rank to cut at, 0 for the whole database
 * @param ties how equal scores rank
 * @param report directory of the report
 * @param randomBaseline whether random codes are scored as well
 * @param batchSize queries the network sees at once
 * @param blockRows rows of the database a task takes at the most
 * @param taskHeap bytes of Java heap that a task may count on
 * @param threads a task computes with
 * @param seed of the random codes
 */
record Settings(
        String modelPath,
        String codesPath,
        LakeSettings queries,
        long r,
        Ties ties,
        String report,
        boolean randomBaseline,
        int batchSize,
        int blockRows,
        long taskHeap,
        int threads,
        long seed) {
    static Settings from(final DpqConfig config) {
        final ResourcePlan plan = ResourcePlan.from(config);
        return new Settings(
                config.string("model.path"),
                config.string("codes.path"),
                LakeSettings.from(config, "evaluate.queries"),
                config.whole("evaluate.r", 0, Long.MAX_VALUE),
                config.choice("evaluate.ties", Ties.class),
                config.string("evaluate.report"),
                config.bool("evaluate.random-baseline"),
                config.integer("evaluate.batch-size", 1, 4096),
                config.integer("evaluate.block-rows", 1, 100_000_000),
                plan.executorHeap() / plan.tasks(),
                plan.threadsPerTask(),
                config.seed());
    }
}

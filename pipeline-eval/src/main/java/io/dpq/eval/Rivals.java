package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;

/**
 * What the model's codes are set against on the same embeddings: these themselves, ranked exactly, and other quantizers.
 *
 * @param spark the session
 * @param codebooks of the model, for the lengths of codes
 * @param settings of the job
 * @param queries to ask
 * @param measures to take
 * @param selves index of every query by its id where a query's own row is left out
 * @param stopwatch told of every step
 */
record Rivals(
        SparkSession spark,
        Codebooks codebooks,
        Settings settings,
        List<Query> queries,
        Measures measures,
        Map<String, Integer> selves,
        Stopwatch stopwatch) {
    /**
     * Their figures.
     *
     * @param embedding the unquantized embeddings; null where there are none
     * @param baselines method by method, shortest code first
     */
    record Result(Report.@Nullable Ranked embedding, List<Report.Baseline> baselines) {
        static final Result NONE = new Result(null, List.of());
    }

    /**
     * Measures them.
     *
     * @param embeddings rows {@code id, labels, embedding}
     * @param expectedRows of them, to plan by
     */
    Result run(final Dataset<Row> embeddings, final long expectedRows) {
        final long blockRows = blockRows(codebooks.dimensions(), settings);
        final JavaRDD<EmbeddingBlock> blocks = new EmbeddingBlocks(
                        codebooks.dimensions(), settings.ties(), blockRows, selves)
                .of(embeddings, expectedRows);
        final TableSummary summary = TableSummary.of(blocks);
        stopwatch.lap("packEmbeddings");
        final Retrieval.Expected expected = summary.expected(queries, measures);
        final Figures exact = new Retrieval<>(new ExactSearch(settings.score()), measures)
                .run(context(), blocks, summary, queries, expected);
        stopwatch.lap("rankEmbeddings");
        final List<Report.Baseline> baselines = new ArrayList<>();
        if (!settings.baselines().isEmpty()) {
            final List<Baseline> learnt = new BaselineTraining(codebooks, settings)
                    .learn(context(), EmbeddingSample.of(embeddings, codebooks.dimensions(), settings));
            stopwatch.lap("learnBaselines");
            for (final Baseline baseline : learnt) {
                baselines.addAll(figures(baseline, blocks, expected));
            }
            stopwatch.lap("rankBaselines");
        }
        blocks.unpersist();
        return new Result(Report.Ranked.of(measures, exact, 0), baselines);
    }

    private static long blockRows(final int dimensions, final Settings settings) {
        return EmbeddingBlocks.rowsPerBlock(dimensions, settings.blockRows(), settings.taskHeap());
    }

    /** Blocks that so many embeddings are cut into. */
    static long blocks(final int dimensions, final Settings settings, final long rows) {
        final long each = blockRows(dimensions, settings);
        return (rows + each - 1) / each;
    }

    private JavaSparkContext context() {
        return JavaSparkContext.fromSparkContext(spark.sparkContext());
    }

    private List<Report.Baseline> figures(
            final Baseline baseline, final JavaRDD<EmbeddingBlock> embeddings, final Retrieval.Expected expected) {
        final Score score = baseline.isBinary() ? Score.INNER_PRODUCT : settings.score();
        final JavaRDD<CodeBlock> encoded = embeddings.map(block -> block.encoded(baseline, score));
        encoded.persist(StorageLevel.MEMORY_AND_DISK());
        final TableSummary summary =
                TableSummary.of(encoded, baseline.codebooks().levels(), codebooks.codewords());
        final Figures figures = new Retrieval<>(baseline.search(queries, score).by(settings.ties()), measures)
                .run(context(), encoded, summary, baseline.embedded(queries), expected);
        encoded.unpersist();
        final List<Report.Baseline> rows = new ArrayList<>();
        for (int i = 0; i < figures.means().length; i++) {
            final int level = baseline.firstLevel() + i;
            rows.add(new Report.Baseline(
                    baseline.kind().name().toLowerCase(Locale.ROOT),
                    level,
                    codebooks.bits(level),
                    figures.map(i),
                    Measures.ndcg(figures.means()[i]),
                    baseline.relativeError(level)));
        }
        return rows;
    }
}

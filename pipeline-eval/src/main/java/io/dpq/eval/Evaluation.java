package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Score;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a report, from codes and embedded queries.
 *
 * @param spark the session
 * @param codebooks [L, K, D]
 * @param settings of the job
 * @param queries to ask
 * @param stopwatch told of every step
 */
record Evaluation(
        SparkSession spark, Codebooks codebooks, Settings settings, List<Query> queries, Stopwatch stopwatch) {
    /**
     * The figures.
     *
     * @param levels one entry a code length
     * @param embedding the unquantized embeddings; null where the table has none
     * @param baselines other quantizers
     * @param precisions average precision of every query, [level][query]
     * @param relevantRows of every query
     * @param rows of the database
     * @param measures that were taken, cut at most at {@code rows}
     * @param excluded rows left out because they are the query itself
     */
    @SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
    record Result(
            List<Report.Level> levels,
            Report.@Nullable Ranked embedding,
            List<Report.Baseline> baselines,
            double[][] precisions,
            long[] relevantRows,
            long rows,
            Measures measures,
            int excluded) {
        long emptyQueries() {
            return Arrays.stream(relevantRows).filter(count -> count == 0).count();
        }

        long relevantPairs() {
            return Arrays.stream(relevantRows).sum();
        }
    }

    /**
     * Evaluates.
     *
     * @param table rows {@code id, labels, level_1 … level_L}
     * @param embeddings rows {@code id, labels, embedding}; null where the table has none
     * @param expectedRows of the table, to plan by
     */
    Result run(final Dataset<Row> table, final @Nullable Dataset<Row> embeddings, final long expectedRows) {
        final CodeBlocks packing = new CodeBlocks(
                codebooks.levels(),
                codebooks.codewords(),
                settings.ties(),
                settings.blockRows(),
                selves(),
                settings.score() == Score.INNER_PRODUCT ? Optional.empty() : Optional.of(codebooks));
        final JavaRDD<CodeBlock> blocks = packing.of(table, expectedRows);
        final TableSummary summary = TableSummary.of(blocks, codebooks.levels(), codebooks.codewords());
        final RetrievalPlan plan =
                RetrievalPlan.of(settings, codebooks.levels(), codebooks.codewords(), summary.rows(), queries.size());
        final Measures measures = new Measures(plan.r());
        final Retrieval.Expected expected = summary.expected(queries, measures);
        if (Arrays.stream(expected.relevantRows()).allMatch(count -> count == 0)) {
            throw UserException.data("No query of " + settings.queries().path()
                    + " shares a label with any row of the code table at " + settings.codesPath()
                    + "; encode a labelled lake with the same classes, or correct evaluate.queries.");
        }
        if (settings.excludeSelf() && summary.excluded() == 0) {
            throw UserException.data("evaluate.exclude-self is set, but no query of "
                    + settings.queries().path() + " has the id of a row of the code table at " + settings.codesPath()
                    + "; ids are paths below the lake's root, so give evaluate.queries.path the root that was encoded and"
                    + " choose by evaluate.queries.list, or set evaluate.exclude-self=false.");
        }
        stopwatch.lap("packCodes");
        RetrievalPlan.requireRoom(summary.blocks(), plan.largestRanking(), settings.taskHeap());
        if (embeddings != null) {
            // Of these every row is a rank of its own; better said now than after the codes were ranked.
            RetrievalPlan.requireRoomForEmbeddings(
                    Rivals.blocks(codebooks.dimensions(), settings, summary.rows()), plan.r(), settings.taskHeap());
        }
        final Figures figures = ask(asymmetric(), measures, blocks, summary, expected);
        stopwatch.lap("rank");
        final Figures symmetric = settings.symmetric() ? ask(symmetric(), measures, blocks, summary, expected) : null;
        stopwatch.lap("rankSymmetric");
        blocks.unpersist();
        final Figures random = settings.randomBaseline() ? random(packing, table, expectedRows, measures) : null;
        stopwatch.lap("rankRandom");
        final Rivals.Result rivals = embeddings == null
                ? Rivals.Result.NONE
                : new Rivals(spark, codebooks, settings, queries, measures, selves(), stopwatch)
                        .run(embeddings, expectedRows);
        return new Result(
                levels(measures, figures, symmetric, random, summary),
                rivals.embedding(),
                rivals.baselines(),
                figures.precisions(),
                expected.relevantRows(),
                summary.rows(),
                measures,
                summary.excluded());
    }

    private Map<String, Integer> selves() {
        final Map<String, Integer> selves = new HashMap<>();
        for (int i = 0; i < queries.size() && settings.excludeSelf(); i++) {
            selves.put(queries.get(i).id(), i);
        }
        return selves;
    }

    private CodeSearch asymmetric() {
        return CodeSearch.asymmetric(codebooks, settings.score(), 1).by(settings.ties());
    }

    private CodeSearch symmetric() {
        return CodeSearch.symmetric(codebooks, settings.score(), 1, codes()).by(settings.ties());
    }

    private Figures ask(
            final CodeSearch search,
            final Measures measures,
            final JavaRDD<CodeBlock> blocks,
            final TableSummary summary,
            final Retrieval.Expected expected) {
        return new Retrieval<>(search, measures)
                .run(JavaSparkContext.fromSparkContext(spark.sparkContext()), blocks, summary, queries, expected);
    }

    private Figures random(
            final CodeBlocks packing, final Dataset<Row> table, final long expectedRows, final Measures measures) {
        final JavaRDD<CodeBlock> blocks = packing.random(table, expectedRows, settings.seed());
        final TableSummary summary = TableSummary.of(blocks, codebooks.levels(), codebooks.codewords());
        final Figures figures = ask(asymmetric(), measures, blocks, summary, summary.expected(queries, measures));
        blocks.unpersist();
        return figures;
    }

    private float[] vectors() {
        final int dimensions = codebooks.dimensions();
        final float[] vectors = new float[Math.multiplyExact(queries.size(), dimensions)];
        for (int i = 0; i < queries.size(); i++) {
            System.arraycopy(queries.get(i).embedding(), 0, vectors, i * dimensions, dimensions);
        }
        return vectors;
    }

    private short[] codes() {
        final short[] codes = new short[queries.size() * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(vectors(), queries.size(), codes);
        return codes;
    }

    private List<Report.Level> levels(
            final Measures measures,
            final Figures figures,
            final @Nullable Figures symmetric,
            final @Nullable Figures random,
            final TableSummary summary) {
        final double[] errors = Reconstruction.meanSquaredErrors(codebooks, vectors(), codes(), queries.size());
        final List<Report.Level> levels = new ArrayList<>();
        for (int level = 0; level < codebooks.levels(); level++) {
            final double[] means = figures.means()[level];
            levels.add(new Report.Level(
                    level + 1,
                    codebooks.bits(level + 1),
                    figures.map(level),
                    random == null ? null : random.map(level),
                    errors[level + 1],
                    errors[0] > 0 ? errors[level + 1] / errors[0] : 0,
                    summary.deadCodewords(level),
                    summary.entropy(level),
                    Measures.ndcg(means),
                    symmetric == null ? null : symmetric.map(level),
                    Report.Curves.of(measures, means),
                    symmetric == null ? null : Report.Ranked.of(measures, symmetric, level)));
        }
        return levels;
    }
}

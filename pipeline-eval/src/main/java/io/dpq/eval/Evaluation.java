package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ties;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a report, from codes and embedded queries.
 *
 * @param codebooks [L, K, D]
 * @param settings of the job
 * @param stopwatch told of every step
 */
record Evaluation(Codebooks codebooks, Settings settings, Stopwatch stopwatch) {
    /** Heap that a group takes while two rankings of 32 bytes a group merge into one, which is then copied to its size. */
    private static final long MERGE_BYTES = 128;

    /**
     * The figures.
     *
     * @param levels one entry a code length
     * @param rows of the database
     * @param r rank that was cut at, at most {@code rows}
     * @param emptyQueries queries without any relevant row
     * @param relevantPairs pairs of a query and a relevant row
     */
    record Result(List<Report.Level> levels, long rows, long r, long emptyQueries, long relevantPairs) {}

    /**
     * Evaluates.
     *
     * @param table rows {@code id, labels, level_1 … level_L}
     * @param expectedRows of the table, to plan by
     */
    Result run(final SparkSession spark, final Dataset<Row> table, final long expectedRows, final List<Query> queries) {
        final CodeBlocks packing =
                new CodeBlocks(codebooks.levels(), codebooks.codewords(), settings.ties(), settings.blockRows());
        final JavaRDD<CodeBlock> blocks = packing.of(table, expectedRows);
        final TableSummary summary = TableSummary.of(blocks, codebooks.levels(), codebooks.codewords());
        final long[] relevant = queries.stream()
                .mapToLong(query -> summary.relevantRows(query.labels()))
                .toArray();
        long pairs = 0;
        long empty = 0;
        for (final long count : relevant) {
            pairs += count;
            empty += count == 0 ? 1 : 0;
        }
        if (pairs == 0) {
            throw UserException.data("No query of " + settings.queries().path()
                    + " shares a label with any row of the code table at " + settings.codesPath()
                    + "; encode a labelled lake with the same classes, or correct evaluate.queries.");
        }
        stopwatch.lap("packCodes");
        final long r = settings.r() == 0 ? summary.rows() : Math.min(settings.r(), summary.rows());
        requireRoom(summary.blocks(), groups(summary.rows(), r), settings.taskHeap());
        final double[] map = means(spark, blocks, summary, queries, r);
        blocks.unpersist();
        stopwatch.lap("rank");
        final double @Nullable [] random = settings.randomBaseline()
                ? random(spark, packing.random(table, expectedRows, settings.seed()), queries, r)
                : null;
        stopwatch.lap("rankRandom");
        return new Result(levels(map, random, errors(queries), summary), summary.rows(), r, empty, pairs);
    }

    private long groups(final long rows, final long r) {
        final double codes = settings.ties() == Ties.ID
                ? (double) rows
                : Math.pow(codebooks.codewords(), (double) codebooks.levels());
        return (long) Math.min(codes, (double) Math.min(rows, r));
    }

    /** Two rankings that merge, and the ranking they merge into, are in memory at once. */
    static void requireRoom(final int blocks, final long groups, final long heap) {
        if (blocks > 1 && (groups > heap / MERGE_BYTES || groups > Integer.MAX_VALUE / 4)) {
            throw UserException.usage("The rankings of " + blocks + " blocks merge into one of " + groups
                    + " groups, which takes more than the " + (heap >> 20)
                    + " MiB of heap a task has; set evaluate.r to the rank that matters, or raise"
                    + " resources.executor-heap.");
        }
    }

    private double[] random(
            final SparkSession spark, final JavaRDD<CodeBlock> blocks, final List<Query> queries, final long r) {
        final TableSummary summary = TableSummary.of(blocks, codebooks.levels(), codebooks.codewords());
        final double[] map = means(spark, blocks, summary, queries, r);
        blocks.unpersist();
        return map;
    }

    private double[] means(
            final SparkSession spark,
            final JavaRDD<CodeBlock> blocks,
            final TableSummary summary,
            final List<Query> queries,
            final long r) {
        final double[][] precisions = new Retrieval(codebooks, r)
                .averagePrecisions(JavaSparkContext.fromSparkContext(spark.sparkContext()), blocks, summary, queries);
        final double[] means = new double[codebooks.levels()];
        // In the order of the queries, so that the sums round alike every time.
        for (final double[] query : precisions) {
            for (int level = 0; level < means.length; level++) {
                means[level] += query[level];
            }
        }
        for (int level = 0; level < means.length; level++) {
            means[level] /= precisions.length;
        }
        return means;
    }

    private double[] errors(final List<Query> queries) {
        final int dimensions = codebooks.dimensions();
        final float[] vectors = new float[Math.multiplyExact(queries.size(), dimensions)];
        for (int i = 0; i < queries.size(); i++) {
            System.arraycopy(queries.get(i).embedding(), 0, vectors, i * dimensions, dimensions);
        }
        final short[] codes = new short[queries.size() * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(vectors, queries.size(), codes);
        return Reconstruction.meanSquaredErrors(codebooks, vectors, codes, queries.size());
    }

    private List<Report.Level> levels(
            final double[] map, final double @Nullable [] random, final double[] errors, final TableSummary summary) {
        final List<Report.Level> levels = new ArrayList<>();
        for (int level = 0; level < map.length; level++) {
            levels.add(new Report.Level(
                    level + 1,
                    codebooks.bits(level + 1),
                    map[level],
                    random == null ? null : random[level],
                    errors[level + 1],
                    errors[0] > 0 ? errors[level + 1] / errors[0] : 0,
                    summary.deadCodewords(level),
                    summary.entropy(level)));
        }
        return levels;
    }
}

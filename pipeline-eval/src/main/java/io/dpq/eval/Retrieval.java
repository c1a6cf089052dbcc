package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import io.dpq.ranking.AveragePrecision;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ranking;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Average precision of every query at every level, over the cluster: every chunk of queries meets every block of the database,
 * and the partial rankings of a query and level merge. Where the database is one block nothing is shuffled; where it is
 * several, chunks go in waves, so that what is shuffled at a time stays within bounds. The database stays on the executors.
 * Results are the same to the last bit however the database and the queries are split.
 *
 * @param codebooks [L, K, D]
 * @param r rank to cut at; at least the rows of the table to cut nowhere
 */
record Retrieval(Codebooks codebooks, long r) {
    /** Tasks a core, so that no core waits long for the last. */
    private static final int TASKS_PER_CORE = 4;

    private static final int LARGEST_CHUNK = 64;

    /** Groups shuffled in one wave at the most, 32 bytes each. */
    private static final long GROUPS_PER_WAVE = 64_000_000;

    /** AP as [query][level]. */
    double[][] averagePrecisions(
            final JavaSparkContext spark,
            final JavaRDD<CodeBlock> blocks,
            final TableSummary summary,
            final List<Query> queries) {
        final double[][] result = new double[queries.size()][codebooks.levels()];
        final int tasks = spark.defaultParallelism() * TASKS_PER_CORE;
        final boolean merge = summary.blocks() > 1;
        final int wave = merge ? queriesPerWave(summary) : queries.size();
        for (int from = 0; from < queries.size(); from += wave) {
            final int to = Math.min(queries.size(), from + wave);
            final Broadcast<Task> task = spark.broadcast(
                    new Task(codebooks, queries.subList(from, to).toArray(new Query[0]), r));
            final List<Range> chunks = chunks(to - from, (tasks + summary.blocks() - 1) / summary.blocks());
            final JavaPairRDD<Range, CodeBlock> pairs =
                    spark.parallelize(chunks, chunks.size()).cartesian(blocks);
            final JavaPairRDD<Integer, Double> values = merge
                    ? pairs.flatMapToPair(pair -> task.value().rankings(pair._1(), pair._2()))
                            .reduceByKey((a, b) -> a.merge(b).top(task.value().r), tasks)
                            .mapValues(ranking -> AveragePrecision.of(ranking, task.value().r))
                    : pairs.flatMapToPair(pair -> task.value().precisions(pair._1(), pair._2()));
            for (final Tuple2<Integer, Double> value : values.collect()) {
                result[from + value._1() / codebooks.levels()][value._1() % codebooks.levels()] = value._2();
            }
            task.destroy();
        }
        return result;
    }

    private int queriesPerWave(final TableSummary summary) {
        double groups = 0;
        for (int level = 0; level < codebooks.levels(); level++) {
            final double perBlock = Math.min((double) summary.rows(), Math.pow(codebooks.codewords(), level + 1.0));
            groups += Math.min((double) summary.rows(), summary.blocks() * Math.min(perBlock, (double) r));
        }
        return (int) Math.max(1, Math.min(Integer.MAX_VALUE, GROUPS_PER_WAVE / groups));
    }

    private static List<Range> chunks(final int queries, final int wanted) {
        final int size = Math.max(1, Math.min(LARGEST_CHUNK, queries / wanted));
        final List<Range> chunks = new ArrayList<>();
        for (int from = 0; from < queries; from += size) {
            chunks.add(new Range(from, Math.min(queries, from + size)));
        }
        return chunks;
    }

    /** A chunk of queries, from the first to before the last. No record, because Spark's Kryo cannot write one. */
    private static final class Range implements Serializable {
        private static final long serialVersionUID = 1L;

        private final int from;
        private final int to;

        Range(final int from, final int to) {
            this.from = from;
            this.to = to;
        }
    }

    /** What every task of a wave needs. No record, because Spark's Kryo cannot write one. */
    private static final class Task implements Serializable {
        private static final long serialVersionUID = 1L;

        private final Codebooks codebooks;
        private final Query[] queries;
        private final long r;

        Task(final Codebooks codebooks, final Query[] queries, final long r) {
            this.codebooks = codebooks;
            this.queries = queries;
            this.r = r;
        }

        Iterator<Tuple2<Integer, Ranking>> rankings(final Range range, final CodeBlock block) {
            final List<Tuple2<Integer, Ranking>> results = new ArrayList<>();
            for (int query = range.from; query < range.to; query++) {
                final Ranking[] rankings = rank(queries[query], block);
                for (int level = 0; level < rankings.length; level++) {
                    results.add(new Tuple2<>(query * rankings.length + level, rankings[level]));
                }
            }
            return results.iterator();
        }

        Iterator<Tuple2<Integer, Double>> precisions(final Range range, final CodeBlock block) {
            final List<Tuple2<Integer, Double>> results = new ArrayList<>();
            for (int query = range.from; query < range.to; query++) {
                final Ranking[] rankings = rank(queries[query], block);
                for (int level = 0; level < rankings.length; level++) {
                    results.add(new Tuple2<>(query * rankings.length + level, AveragePrecision.of(rankings[level], r)));
                }
            }
            return results.iterator();
        }

        private Ranking[] rank(final Query query, final CodeBlock block) {
            return block.rank(new LookupTables(codebooks, query.embedding()), query.labels(), r);
        }
    }
}

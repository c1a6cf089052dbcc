package io.dpq.eval;

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
 * The figures of every query, over the cluster: every chunk of queries meets every block of the database, and the partial
 * rankings of a query merge. Queries go in waves, so that what is shuffled and collected at a time stays within bounds; where
 * the database is one block nothing is shuffled. The database stays on the executors. Results are the same to the last bit
 * however the database and the queries are split.
 *
 * @param <B> kind of block
 * @param search ranks a block
 * @param measures to take of every ranking
 */
record Retrieval<B>(Search<B> search, Measures measures) {
    /** Tasks a core, so that no core waits long for the last. */
    private static final int TASKS_PER_CORE = 4;

    private static final int LARGEST_CHUNK = 64;

    /**
     * What is known of a query before it is asked.
     *
     * @param relevantRows rows of the database that share a label with it
     * @param idealGain discounted gain of the best ranking there could be
     */
    @SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
    record Expected(long[] relevantRows, double[] idealGain) {}

    /** Asks all queries. */
    Figures run(
            final JavaSparkContext spark,
            final JavaRDD<B> blocks,
            final TableSummary summary,
            final List<Query> queries,
            final Expected expected) {
        final int rankings = search.rankings();
        final Figures.Collector figures = new Figures.Collector(queries.size(), rankings, measures.size());
        final int tasks = spark.defaultParallelism() * TASKS_PER_CORE;
        final boolean merge = summary.blocks() > 1;
        final int wave =
                RetrievalPlan.wave(summary.blocks(), search.groups(summary.rows(), summary.blocks(), measures.r()));
        for (int from = 0; from < queries.size(); from += wave) {
            final int to = Math.min(queries.size(), from + wave);
            final Broadcast<Task<B>> task = spark.broadcast(
                    new Task<>(search, measures, from, queries.subList(from, to).toArray(new Query[0]), expected));
            final List<Range> chunks = chunks(to - from, (tasks + summary.blocks() - 1) / summary.blocks());
            final JavaPairRDD<Range, B> pairs =
                    spark.parallelize(chunks, chunks.size()).cartesian(blocks);
            final JavaPairRDD<Integer, double[]> values = merge
                    ? pairs.flatMapToPair(pair -> task.value().rankings(pair._1(), pair._2()))
                            .reduceByKey(
                                    (a, b) ->
                                            a.merge(b).top(task.value().measures.r()),
                                    tasks)
                            .mapToPair(ranked -> new Tuple2<>(
                                    ranked._1(), task.value().figures(ranked._1() / rankings, ranked._2())))
                    : pairs.flatMapToPair(pair -> task.value().figures(pair._1(), pair._2()));
            figures.add(from, to, values.collect());
            task.destroy();
        }
        return figures.build();
    }

    private static List<Range> chunks(final int queries, final int wanted) {
        final int size = Math.max(1, Math.min(LARGEST_CHUNK, queries / wanted));
        final List<Range> chunks = new ArrayList<>();
        for (int from = 0; from < queries; from += size) {
            chunks.add(new Range(from, Math.min(queries, from + size)));
        }
        return chunks;
    }

    /** A chunk of a wave's queries, from the first to before the last. No record, because Spark's Kryo cannot write one. */
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
    private static final class Task<B> implements Serializable {
        private static final long serialVersionUID = 1L;

        private final Search<B> search;
        private final Measures measures;
        /** Queries before this wave's. */
        private final int before;

        private final Query[] queries;
        private final long[] relevantRows;
        private final double[] idealGain;

        Task(
                final Search<B> search,
                final Measures measures,
                final int before,
                final Query[] queries,
                final Expected expected) {
            this.search = search;
            this.measures = measures;
            this.before = before;
            this.queries = queries;
            this.relevantRows = expected.relevantRows();
            this.idealGain = expected.idealGain();
        }

        Iterator<Tuple2<Integer, Ranking>> rankings(final Range range, final B block) {
            final List<Tuple2<Integer, Ranking>> results = new ArrayList<>();
            for (int query = range.from; query < range.to; query++) {
                final Ranking[] rankings = rank(query, block);
                for (int i = 0; i < rankings.length; i++) {
                    results.add(new Tuple2<>(query * rankings.length + i, rankings[i]));
                }
            }
            return results.iterator();
        }

        Iterator<Tuple2<Integer, double[]>> figures(final Range range, final B block) {
            final List<Tuple2<Integer, double[]>> results = new ArrayList<>();
            for (int query = range.from; query < range.to; query++) {
                final Ranking[] rankings = rank(query, block);
                for (int i = 0; i < rankings.length; i++) {
                    results.add(new Tuple2<>(query * rankings.length + i, figures(query, rankings[i])));
                }
            }
            return results.iterator();
        }

        double[] figures(final int query, final Ranking ranking) {
            return measures.of(ranking, relevantRows[before + query], idealGain[before + query]);
        }

        private Ranking[] rank(final int query, final B block) {
            return search.rank(queries[query], before + query, block, measures.r());
        }
    }
}

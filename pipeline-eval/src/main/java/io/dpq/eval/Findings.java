package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import io.dpq.ranking.Score;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The first rows that some queries find, with their ids, which ranking itself does without: one pass over the table.
 *
 * @param codebooks [L, K, D]
 * @param score by what rows rank
 * @param excludeSelf whether a query's own row is left out
 */
record Findings(Codebooks codebooks, Score score, boolean excludeSelf) {
    /** Rows shown of each query and level. */
    static final int SHOWN = 10;

    /** A row that was found. No record, because Spark's Kryo cannot write one. */
    static final class Hit implements Serializable {
        private static final long serialVersionUID = 1L;

        /** The best first; equal scores by id, so that the order depends on nothing else. */
        private static final Comparator<Hit> BEST_FIRST =
                Comparator.comparingDouble((Hit hit) -> -hit.score).thenComparing(hit -> hit.id);

        private final String id;
        private final String[] labels;
        private final double score;

        Hit(final String id, final List<String> labels, final double score) {
            this.id = id;
            this.labels = labels.toArray(new String[0]);
            this.score = score;
        }

        String id() {
            return id;
        }

        boolean sharesLabelWith(final Query query) {
            return !Collections.disjoint(List.of(labels), query.labels());
        }
    }

    /**
     * What queries find.
     *
     * @param table rows {@code id, labels, level_1 … level_L}
     * @return [query][level], best first
     */
    List<List<List<Hit>>> of(final SparkSession spark, final Dataset<Row> table, final List<Query> queries) {
        final JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        final Broadcast<Task> task =
                context.broadcast(new Task(codebooks, score, excludeSelf, queries.toArray(new Query[0])));
        final List<List<Hit>> best = table.toJavaRDD()
                .mapPartitions(rows -> List.of(task.value().best(rows)).iterator())
                .treeReduce(Findings::merged);
        task.destroy();
        final List<List<List<Hit>>> findings = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            findings.add(List.copyOf(best.subList(i * codebooks.levels(), (i + 1) * codebooks.levels())));
        }
        return findings;
    }

    private static List<List<Hit>> merged(final List<List<Hit>> some, final List<List<Hit>> others) {
        final List<List<Hit>> merged = new ArrayList<>(some.size());
        for (int i = 0; i < some.size(); i++) {
            final List<Hit> all = new ArrayList<>(some.get(i));
            all.addAll(others.get(i));
            all.sort(Hit.BEST_FIRST);
            merged.add(new ArrayList<>(all.subList(0, Math.min(SHOWN, all.size()))));
        }
        return merged;
    }

    /** What every task needs. No record, because Spark's Kryo cannot write one. */
    private static final class Task implements Serializable {
        private static final long serialVersionUID = 1L;

        private final Codebooks codebooks;
        private final Score score;
        private final boolean excludeSelf;
        private final Query[] queries;

        Task(final Codebooks codebooks, final Score score, final boolean excludeSelf, final Query[] queries) {
            this.codebooks = codebooks;
            this.score = score;
            this.excludeSelf = excludeSelf;
            this.queries = queries;
        }

        List<List<Hit>> best(final Iterator<Row> rows) {
            final List<PriorityQueue<Hit>> best = new ArrayList<>();
            final LookupTables[] tables = new LookupTables[queries.length];
            final int levels = codebooks.levels();
            for (int i = 0; i < queries.length; i++) {
                tables[i] = new LookupTables(codebooks, queries[i].embedding());
                for (int level = 0; level < levels; level++) {
                    best.add(new PriorityQueue<>(Hit.BEST_FIRST.reversed()));
                }
            }
            final short[] code = new short[levels];
            while (rows.hasNext()) {
                final Row row = rows.next();
                for (int level = 0; level < levels; level++) {
                    code[level] = row.getShort(2 + level);
                }
                for (int level = 0; level < levels; level++) {
                    final double norm = norm(code, level + 1);
                    for (int i = 0; i < queries.length; i++) {
                        if (!excludeSelf || !row.getString(0).equals(queries[i].id())) {
                            offer(
                                    best.get(i * levels + level),
                                    row,
                                    score.of(tables[i].score(code, 0, level + 1), norm));
                        }
                    }
                }
            }
            final List<List<Hit>> sorted = new ArrayList<>();
            for (final PriorityQueue<Hit> queue : best) {
                final ArrayList<Hit> hits = new ArrayList<>(queue);
                hits.sort(Hit.BEST_FIRST);
                sorted.add(hits);
            }
            return sorted;
        }

        private static void offer(final PriorityQueue<Hit> best, final Row row, final double value) {
            final Hit worst = best.size() < SHOWN ? null : best.peek();
            if (worst != null && value < worst.score) {
                return;
            }
            best.add(new Hit(row.getString(0), Labels.of(row, 1), value));
            if (best.size() > SHOWN) {
                best.remove();
            }
        }

        /** Squared length of what a code stands for, where the score asks for it. */
        private double norm(final short[] code, final int levels) {
            if (score == Score.INNER_PRODUCT) {
                return 0;
            }
            double norm = 0;
            for (int d = 0; d < codebooks.dimensions(); d++) {
                double value = 0;
                for (int level = 0; level < levels; level++) {
                    value += codebooks.value(level, code[level], d);
                }
                norm += value * value;
            }
            return norm;
        }
    }
}

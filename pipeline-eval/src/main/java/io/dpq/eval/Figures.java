package io.dpq.eval;

import java.util.List;
import scala.Tuple2;

/**
 * Figures of all queries: the average precision of each, and the means of everything.
 *
 * @param precisions average precision, [ranking][query]
 * @param means of {@link Measures} over all queries, [ranking][figure]
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
record Figures(double[][] precisions, double[][] means) {
    /** Mean average precision of a ranking. */
    double map(final int ranking) {
        return Measures.averagePrecision(means[ranking]);
    }

    /** Takes in waves of queries, in their order. Not thread-safe. */
    static final class Collector {
        private final int queries;
        private final double[][] precisions;
        private final double[][] sums;

        Collector(final int queries, final int rankings, final int figures) {
            this.queries = queries;
            this.precisions = new double[rankings][queries];
            this.sums = new double[rankings][figures];
        }

        /** The queries from {@code from} to before {@code to}, keyed by (query − from) · rankings + ranking, in any order. */
        void add(final int from, final int to, final List<Tuple2<Integer, double[]>> values) {
            final int rankings = sums.length;
            final double[][] ordered = new double[(to - from) * rankings][];
            values.forEach(value -> ordered[value._1()] = value._2());
            // In the order of the queries, so that the sums round alike every time.
            for (int i = 0; i < ordered.length; i++) {
                final double[] sum = sums[i % rankings];
                for (int figure = 0; figure < sum.length; figure++) {
                    sum[figure] += ordered[i][figure];
                }
                precisions[i % rankings][from + i / rankings] = Measures.averagePrecision(ordered[i]);
            }
        }

        Figures build() {
            final double[][] means = new double[sums.length][];
            for (int ranking = 0; ranking < means.length; ranking++) {
                means[ranking] = sums[ranking].clone();
                for (int figure = 0; figure < means[ranking].length; figure++) {
                    means[ranking][figure] /= queries;
                }
            }
            return new Figures(precisions, means);
        }
    }
}

package io.dpq.eval;

import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ranking;
import io.dpq.ranking.RowLabels;
import io.dpq.ranking.Score;
import io.dpq.ranking.ScoreOrder;
import io.dpq.ranking.Ties;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Unquantized rows of the database: 4·D + 20 bytes a row. Immutable and thread-safe. */
final class EmbeddingBlock implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int dimensions;
    /** [row][dimension], row by row. */
    private final float[] vectors;
    /** Squared length of each row. */
    private final double[] norms;

    private final RowLabels labels;
    /** Rank of each row's id in the whole table, rising, or empty where ties stay ties. */
    private final long[] orders;

    private EmbeddingBlock(final int dimensions, final float[] vectors, final RowLabels labels, final long[] orders) {
        this.dimensions = dimensions;
        this.vectors = vectors;
        this.labels = labels;
        this.orders = orders;
        this.norms = new double[labels.rows()];
        for (int row = 0; row < norms.length; row++) {
            norms[row] = inner(vectors, row * dimensions, vectors, row * dimensions, dimensions);
        }
    }

    /** Collects rows in any order. */
    static final class Builder {
        private final int dimensions;
        private final Ties ties;
        private final RowLabels.Builder labels = new RowLabels.Builder();
        private float[] vectors;
        private long[] orders = new long[1 << 6];
        private int rows;

        Builder(final int dimensions, final Ties ties) {
            this.dimensions = dimensions;
            this.ties = ties;
            this.vectors = new float[dimensions << 6];
        }

        /**
         * Adds a row.
         *
         * @param vector of length D, all finite
         * @param order rank of its id; of no meaning where ties stay ties
         * @param self index of the query that this row is, or −1
         */
        void add(final float[] vector, final List<String> rowLabels, final long order, final int self) {
            if (rows == orders.length) {
                orders = Arrays.copyOf(orders, 2 * rows);
                vectors = Arrays.copyOf(vectors, Math.multiplyExact(2 * rows, dimensions));
            }
            System.arraycopy(vector, 0, vectors, rows * dimensions, dimensions);
            orders[rows] = order;
            labels.add(rowLabels, self);
            rows++;
        }

        boolean isEmpty() {
            return rows == 0;
        }

        EmbeddingBlock build() {
            final int[] sorted = ties == Ties.ID
                    ? IntStream.range(0, rows)
                            .boxed()
                            .sorted((a, b) -> Long.compare(orders[a], orders[b]))
                            .mapToInt(Integer::intValue)
                            .toArray()
                    : IntStream.range(0, rows).toArray();
            final float[] sortedVectors = new float[rows * dimensions];
            final long[] sortedOrders = new long[ties == Ties.ID ? rows : 0];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(vectors, sorted[row] * dimensions, sortedVectors, row * dimensions, dimensions);
                if (ties == Ties.ID) {
                    sortedOrders[row] = orders[sorted[row]];
                }
            }
            return new EmbeddingBlock(dimensions, sortedVectors, labels.build(sorted), sortedOrders);
        }
    }

    /** Labels of the rows. */
    RowLabels labels() {
        return labels;
    }

    /**
     * The block as a query ranks it.
     *
     * @param index of the query among all; the row that is the query itself is left out
     * @param r groups beyond rank {@code r} are left out
     */
    Ranking rank(final Query query, final int index, final Score score, final long r) {
        final float[] vector = query.embedding();
        final double[] scores = new double[labels.rows()];
        for (int row = 0; row < scores.length; row++) {
            scores[row] = score.of(inner(vector, 0, vectors, row * dimensions, dimensions), norms[row]);
        }
        final RowLabels.Shared shared = labels.shared(query.labels(), index);
        // One row may be the query itself.
        final int[] order = ScoreOrder.first(scores, scores.length, Math.min(r, scores.length) + 1);
        final Ranking.Builder ranking = new Ranking.Builder(order.length);
        for (final int row : order) {
            if (shared.rows(row, row + 1) > 0) {
                ranking.add(
                        scores[row],
                        orders.length == 0 ? 0 : orders[row],
                        1,
                        shared.relevant(row, row + 1),
                        shared.gain(row, row + 1));
            }
        }
        return ranking.build().top(r);
    }

    /** The rows as a quantizer encodes them. */
    CodeBlock encoded(final Baseline baseline, final Score score) {
        final int levels = baseline.codebooks().levels();
        final short[] codes = baseline.encode(vectors, labels.rows());
        final int[] self = labels.selfOfRows();
        final CodeBlock.Builder block = new CodeBlock.Builder(
                levels, baseline.codebooks().codewords(), orders.length == 0 ? Ties.EXPECTED : Ties.ID);
        for (int row = 0; row < labels.rows(); row++) {
            block.add(codes, row * levels, labels.of(row), orders.length == 0 ? 0 : orders[row], self[row]);
        }
        return score == Score.INNER_PRODUCT ? block.build() : block.build().withNorms(baseline.codebooks());
    }

    /** Summed in double in an order that depends on nothing; eight sums, because one would wait for itself. */
    private static double inner(final float[] a, final int atA, final float[] b, final int atB, final int length) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int d = 0;
        for (; d + 8 <= length; d += 8) {
            s0 += (double) a[atA + d] * b[atB + d];
            s1 += (double) a[atA + d + 1] * b[atB + d + 1];
            s2 += (double) a[atA + d + 2] * b[atB + d + 2];
            s3 += (double) a[atA + d + 3] * b[atB + d + 3];
            s4 += (double) a[atA + d + 4] * b[atB + d + 4];
            s5 += (double) a[atA + d + 5] * b[atB + d + 5];
            s6 += (double) a[atA + d + 6] * b[atB + d + 6];
            s7 += (double) a[atA + d + 7] * b[atB + d + 7];
        }
        for (; d < length; d++) {
            s0 += (double) a[atA + d] * b[atB + d];
        }
        return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7));
    }
}

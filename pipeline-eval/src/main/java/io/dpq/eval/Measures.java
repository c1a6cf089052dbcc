package io.dpq.eval;

import io.dpq.ranking.AveragePrecision;
import io.dpq.ranking.Ranking;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The figures taken of every ranking, each the expectation over random orders of every group of tied rows, exact also where R
 * cuts a group: average precision; NDCG (the gain of a row is the number of labels it shares with the query, its discount 1 /
 * log2(rank + 1)); precision and recall within the first N rows; precision at the rank where a share of all relevant rows has
 * been found, 0 where that is beyond R. Immutable and thread-safe.
 *
 * <p>Within a group of n tied rows, m of them relevant, the first s hold m·s/n relevant ones on average; the rank x of the j-th
 * relevant one has the probability C(x−1, j−1)·C(n−x, m−j) / C(n, m).
 */
final class Measures implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Shares of the relevant rows at which precision is taken: 0 (the first relevant row), 0.1, … 1. */
    static final int RECALL_POINTS = 11;

    private static final int CURVES = 2;

    /** Weights below this share of the largest change no digit of a sum. */
    private static final double NEGLIGIBLE = 1e-25;

    private final long r;
    private final long[] ranks;
    private transient volatile Discounts discounts;

    /**
     * The figures of rankings cut at {@code r}.
     *
     * @param r at least 1; at most the rows of the database
     */
    Measures(final long r) {
        this.r = r;
        final List<Long> grid = new ArrayList<>();
        for (long decade = 1; decade <= r && decade <= Long.MAX_VALUE / 10; decade *= 10) {
            for (final long step : new long[] {1, 2, 5}) {
                if (step * decade < r) {
                    grid.add(step * decade);
                }
            }
        }
        grid.add(r);
        this.ranks = grid.stream().mapToLong(Long::longValue).toArray();
        this.discounts = new Discounts(r);
    }

    /** The rank R that all figures are cut at. */
    long r() {
        return r;
    }

    /** The N of precision and recall: 1, 2, 5, 10, 20, 50, … below R, then R. */
    List<Long> ranks() {
        final List<Long> list = new ArrayList<>();
        for (final long rank : ranks) {
            list.add(rank);
        }
        return list;
    }

    /** Figures of a ranking. */
    int size() {
        return CURVES + 2 * ranks.length + RECALL_POINTS;
    }

    /** Average precision among the figures of a ranking, or among means of them. */
    static double averagePrecision(final double[] figures) {
        return figures[0];
    }

    /** NDCG@R among the figures. */
    static double ndcg(final double[] figures) {
        return figures[1];
    }

    /** Precision at {@link #ranks} among the figures. */
    List<Double> precision(final double[] figures) {
        return list(figures, CURVES, ranks.length);
    }

    /** Recall at {@link #ranks} among the figures. */
    List<Double> recall(final double[] figures) {
        return list(figures, CURVES + ranks.length, ranks.length);
    }

    /** Precision at the {@link #RECALL_POINTS} among the figures. */
    List<Double> precisionAtRecall(final double[] figures) {
        return list(figures, CURVES + 2 * ranks.length, RECALL_POINTS);
    }

    private static List<Double> list(final double[] figures, final int from, final int count) {
        final List<Double> list = new ArrayList<>(count);
        for (int i = from; i < from + count; i++) {
            list.add(figures[i]);
        }
        return list;
    }

    /** The discounted gain that no ranking exceeds: rows in the order of their gains, cut at R. */
    double idealGain(final Map<Integer, Long> rowsByGain) {
        double ideal = 0;
        long rows = 0;
        for (final Map.Entry<Integer, Long> gain :
                new TreeMap<>(rowsByGain).descendingMap().entrySet()) {
            final long to = Math.min(r, rows + gain.getValue());
            ideal += gain.getKey() * discounts().sum(rows, to);
            rows = to;
        }
        return ideal;
    }

    private Discounts discounts() {
        // Not sent to executors, where it costs less to make again than to carry.
        Discounts made = discounts;
        if (made == null) {
            made = new Discounts(r);
            discounts = made;
        }
        return made;
    }

    /**
     * The figures of one ranking.
     *
     * @param ranking down to rank R at least
     * @param relevantRows relevant rows of the whole database
     * @param idealGain of the query
     */
    double[] of(final Ranking ranking, final long relevantRows, final double idealGain) {
        final double[] figures = new double[size()];
        if (relevantRows == 0) {
            return figures;
        }
        figures[0] = AveragePrecision.of(ranking, r);
        double gain = 0;
        long rows = 0;
        long relevant = 0;
        int rank = 0;
        int point = 0;
        for (int group = 0; group < ranking.groups() && rows < r; group++) {
            final long n = ranking.rows(group);
            final long m = ranking.relevant(group);
            if (m > 0) {
                gain += (double) ranking.gain(group) / n * discounts().sum(rows, Math.min(r, rows + n));
            }
            for (; rank < ranks.length && ranks[rank] <= rows + n; rank++) {
                found(figures, rank, relevant + (double) m * (ranks[rank] - rows) / n, relevantRows);
            }
            for (; point < RECALL_POINTS && target(point, relevantRows) <= relevant + m; point++) {
                final long target = target(point, relevantRows);
                figures[CURVES + 2 * ranks.length + point] = target * inverseRank(rows, n, m, target - relevant);
            }
            rows += n;
            relevant += m;
        }
        // A query whose own row was left out ranks one row fewer than the database has.
        for (; rank < ranks.length; rank++) {
            found(figures, rank, (double) relevant, relevantRows);
        }
        figures[1] = gain / idealGain;
        return figures;
    }

    private void found(final double[] figures, final int rank, final double found, final long relevantRows) {
        figures[CURVES + rank] = found / ranks[rank];
        figures[CURVES + ranks.length + rank] = found / relevantRows;
    }

    /** How many relevant rows make up a share of all. */
    private static long target(final int point, final long relevantRows) {
        final long of = RECALL_POINTS - 1;
        // Rounded up without overflow: a share is reached, not nearly reached.
        final long whole = relevantRows / of * point;
        return Math.max(1, whole + (relevantRows % of * point + of - 1) / of);
    }

    /** The expectation of 1 / rank of the {@code j}-th relevant of {@code n} tied rows; ranks beyond R count as 0. */
    private double inverseRank(final long before, final long n, final long m, final long j) {
        final long most = n - m + j;
        final long mode = m == 1 ? 1 : Math.max(j, Math.min(most, (long) ((double) n * (j - 1) / (m - 1)) + 1));
        double weights = 0;
        double sum = 0;
        double weight = 1;
        for (long x = mode; x <= most && weight > NEGLIGIBLE; x++) {
            weights += weight;
            sum += before + x <= r ? weight / (before + x) : 0;
            weight *= (double) x / (x - j + 1) * (n - x - m + j) / (n - x);
        }
        weight = 1;
        for (long x = mode; x > j && weight > NEGLIGIBLE; x--) {
            weight *= (double) (x - j) / (x - 1) * (n - x + 1) / (n - x - m + j + 1);
            weights += weight;
            sum += before + x - 1 <= r ? weight / (before + x - 1) : 0;
        }
        return sum / weights;
    }
}

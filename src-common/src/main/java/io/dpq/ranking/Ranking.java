package io.dpq.ranking;

import java.io.Serializable;
import java.util.Arrays;

/**
 * A part of the database as one query ranks it: groups of tied rows, best first. Rankings of disjoint parts merge into the
 * ranking of their union, exactly and in any order, so a result cannot depend on how the database was split. Immutable and
 * thread-safe.
 */
public final class Ranking implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Scores, falling. */
    private final double[] scores;
    /** Second key, rising among equal scores: 0 where ties stay ties, the rank of the row's id where ids decide. */
    private final long[] orders;
    /** Rows of each group. */
    private final long[] rows;
    /** How many of them are relevant. */
    private final long[] relevant;

    private Ranking(final double[] scores, final long[] orders, final long[] rows, final long[] relevant) {
        this.scores = scores;
        this.orders = orders;
        this.rows = rows;
        this.relevant = relevant;
    }

    /** Collects groups that come in the order of a ranking; neighbours of equal keys become one group. */
    public static final class Builder {
        private double[] scores;
        private long[] orders;
        private long[] rows;
        private long[] relevant;
        private int size;

        /** Room for so many groups at the most. */
        public Builder(final int capacity) {
            scores = new double[capacity];
            orders = new long[capacity];
            rows = new long[capacity];
            relevant = new long[capacity];
        }

        /**
         * Adds a group, or rows to the last one where both keys are its own.
         *
         * @param score not above the score before
         * @param order second key, rising among equal scores; 0 where ties stay ties
         * @param groupRows rows that tie
         * @param groupRelevant how many of them are relevant
         */
        public void add(final double score, final long order, final long groupRows, final long groupRelevant) {
            if (size > 0 && scores[size - 1] == score && orders[size - 1] == order) {
                rows[size - 1] += groupRows;
                relevant[size - 1] += groupRelevant;
                return;
            }
            scores[size] = score;
            orders[size] = order;
            rows[size] = groupRows;
            relevant[size] = groupRelevant;
            size++;
        }

        /** The ranking collected so far. */
        public Ranking build() {
            return new Ranking(
                    Arrays.copyOf(scores, size),
                    Arrays.copyOf(orders, size),
                    Arrays.copyOf(rows, size),
                    Arrays.copyOf(relevant, size));
        }
    }

    /** Groups of tied rows. */
    public int groups() {
        return scores.length;
    }

    /** Rows of a group. */
    public long rows(final int group) {
        return rows[group];
    }

    /** Relevant rows of a group. */
    public long relevant(final int group) {
        return relevant[group];
    }

    /** The ranking of both parts together. */
    public Ranking merge(final Ranking other) {
        final Builder merged = new Builder(Math.addExact(groups(), other.groups()));
        int mine = 0;
        int theirs = 0;
        while (mine < groups() || theirs < other.groups()) {
            if (theirs == other.groups() || (mine < groups() && !other.isBefore(theirs, this, mine))) {
                merged.add(scores[mine], orders[mine], rows[mine], relevant[mine]);
                mine++;
            } else {
                merged.add(other.scores[theirs], other.orders[theirs], other.rows[theirs], other.relevant[theirs]);
                theirs++;
            }
        }
        return merged.build();
    }

    private boolean isBefore(final int group, final Ranking other, final int otherGroup) {
        final int byScore = Double.compare(other.scores[otherGroup], scores[group]);
        return byScore != 0 ? byScore < 0 : orders[group] < other.orders[otherGroup];
    }

    /**
     * The groups that reach into the first {@code r} ranks, whole. A part's later groups cannot be among the first {@code r}
     * of any union, so dropping them before a merge changes nothing.
     */
    public Ranking top(final long r) {
        long before = 0;
        int kept = 0;
        while (kept < groups() && before < r) {
            before += rows[kept];
            kept++;
        }
        return kept == groups()
                ? this
                : new Ranking(
                        Arrays.copyOf(scores, kept),
                        Arrays.copyOf(orders, kept),
                        Arrays.copyOf(rows, kept),
                        Arrays.copyOf(relevant, kept));
    }
}

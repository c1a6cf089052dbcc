package io.dpq.ranking;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Labels of a block's rows, 4 bytes a row where rows share sets of labels; which rows are queries themselves, where such rows are
 * to be left out; and for how many rows of the table each stands, where rows that are alike were put together. Immutable and
 * thread-safe.
 */
public final class RowLabels implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Which of {@link #sets} a row has. */
    private final int[] setOf;

    /** Arrays, because Kryo can write immutable lists but not read them. */
    private final String[][] sets;
    /** Queries that are rows, rising, and which rows they are. */
    private final int[] selves;

    private final int[] selfRows;
    /** Rows of the table that each row stands for; empty where each stands for itself. */
    private final long[] weights;

    private RowLabels(
            final int[] setOf, final String[][] sets, final int[] selves, final int[] selfRows, final long[] weights) {
        this.setOf = setOf;
        this.sets = sets;
        this.selves = selves;
        this.selfRows = selfRows;
        this.weights = weights;
    }

    /** Collects the labels of rows. Not thread-safe. */
    public static final class Builder {
        private final Map<List<String>, Integer> ids = new HashMap<>();
        private final List<List<String>> sets = new ArrayList<>();
        private final Map<Integer, Integer> selves = new HashMap<>();
        private int[] setOf = new int[1 << 10];
        /** Made when a row first stands for others as well. */
        private long[] weights = new long[0];

        private int rows;

        /** Nothing yet. */
        public Builder() {}

        /**
         * Adds the next row.
         *
         * @param labels of the row
         * @param self index of the query that this row is, or −1
         */
        public void add(final List<String> labels, final int self) {
            add(labels, self, 1);
        }

        /**
         * Adds the next row.
         *
         * @param labels of the row
         * @param self index of the query that this row is, or −1, as it must be where the row stands for others
         * @param weight rows of the table that it stands for, at least 1
         */
        public void add(final List<String> labels, final int self, final long weight) {
            if (rows == setOf.length) {
                setOf = Arrays.copyOf(setOf, 2 * rows);
            }
            if (weights.length == 0 && weight != 1) {
                weights = new long[setOf.length];
                Arrays.fill(weights, 0, rows, 1);
            }
            if (weights.length > 0) {
                weights = weights.length < setOf.length ? Arrays.copyOf(weights, setOf.length) : weights;
                weights[rows] = weight;
            }
            setOf[rows] = ids.computeIfAbsent(List.copyOf(new TreeSet<>(labels)), set -> {
                sets.add(set);
                return sets.size() - 1;
            });
            if (self >= 0) {
                selves.put(rows, self);
            }
            rows++;
        }

        /** The rows in another order: row {@code i} is the {@code order[i]}-th that was added. */
        public RowLabels build(final int[] order) {
            final int[] ordered = new int[rows];
            final long[] orderedWeights = new long[weights.length == 0 ? 0 : rows];
            final Map<Integer, Integer> rowOfSelf = new TreeMap<>();
            for (int row = 0; row < rows; row++) {
                ordered[row] = setOf[order[row]];
                if (orderedWeights.length > 0) {
                    orderedWeights[row] = weights[order[row]];
                }
                final Integer self = selves.get(order[row]);
                if (self != null) {
                    rowOfSelf.put(self, row);
                }
            }
            return new RowLabels(
                    ordered,
                    sets.stream().map(set -> set.toArray(new String[0])).toArray(String[][]::new),
                    rowOfSelf.keySet().stream().mapToInt(Integer::intValue).toArray(),
                    rowOfSelf.values().stream().mapToInt(Integer::intValue).toArray(),
                    orderedWeights);
        }
    }

    /** Rows of the block. */
    public int rows() {
        return setOf.length;
    }

    /** Rows of the table that they stand for. */
    public long total() {
        return weights.length == 0 ? setOf.length : Arrays.stream(weights).sum();
    }

    /** Rows of the table that a row stands for. */
    long weight(final int row) {
        return weights.length == 0 ? 1 : weights[row];
    }

    /** Labels of a row. */
    public List<String> of(final int row) {
        return List.of(sets[setOf[row]]);
    }

    /** Index of the query that each row is, or −1. */
    public int[] selfOfRows() {
        final int[] self = new int[setOf.length];
        Arrays.fill(self, -1);
        for (int i = 0; i < selves.length; i++) {
            self[selfRows[i]] = selves[i];
        }
        return self;
    }

    /** Rows of each set of labels. */
    public Map<List<String>, Long> counts() {
        final long[] ofSet = new long[sets.length];
        for (int row = 0; row < setOf.length; row++) {
            ofSet[setOf[row]] += weight(row);
        }
        final Map<List<String>, Long> counts = new HashMap<>();
        for (int set = 0; set < ofSet.length; set++) {
            counts.put(new ArrayList<>(Arrays.asList(sets[set])), ofSet[set]);
        }
        return counts;
    }

    /** Labels of the rows that are queries, by the query's index. */
    public Map<Integer, List<String>> selves() {
        final Map<Integer, List<String>> labels = new HashMap<>();
        for (int i = 0; i < selves.length; i++) {
            labels.put(selves[i], new ArrayList<>(Arrays.asList(sets[setOf[selfRows[i]]])));
        }
        return labels;
    }

    /**
     * What the rows share with a query.
     *
     * @param self index of the query; the row that is this query counts for nothing
     */
    public Shared shared(final List<String> labels, final int self) {
        final Set<String> wanted = new HashSet<>(labels);
        final int[] ofSet = new int[sets.length];
        int most = 0;
        for (int set = 0; set < ofSet.length; set++) {
            for (final String label : sets[set]) {
                ofSet[set] += wanted.contains(label) ? 1 : 0;
            }
            most = Math.max(most, ofSet[set]);
        }
        if (weights.length > 0) {
            return weighted(ofSet, most);
        }
        final int at = Arrays.binarySearch(selves, self);
        final int left = at < 0 ? -1 : selfRows[at];
        final int[] relevant = new int[setOf.length + 1];
        final long[] gain = new long[most > 1 ? setOf.length + 1 : 0];
        for (int row = 0; row < setOf.length; row++) {
            final int common = row == left ? 0 : ofSet[setOf[row]];
            relevant[row + 1] = relevant[row] + (common > 0 ? 1 : 0);
            if (most > 1) {
                gain[row + 1] = gain[row] + common;
            }
        }
        return new Shared(relevant, gain, left, new long[0], new long[0]);
    }

    private Shared weighted(final int[] ofSet, final int most) {
        final long[] rows = new long[setOf.length + 1];
        final long[] relevant = new long[setOf.length + 1];
        final long[] gain = new long[most > 1 ? setOf.length + 1 : 0];
        for (int row = 0; row < setOf.length; row++) {
            final int common = ofSet[setOf[row]];
            rows[row + 1] = rows[row] + weights[row];
            relevant[row + 1] = relevant[row] + (common > 0 ? weights[row] : 0);
            if (most > 1) {
                gain[row + 1] = gain[row] + common * weights[row];
            }
        }
        return new Shared(new int[0], gain, -1, rows, relevant);
    }

    /** Sums over ranges of rows, from the first to before the last. Immutable and thread-safe. */
    public static final class Shared {
        /** Empty where rows stand for others; the two arrays below then say what it says, and are empty elsewhere. */
        private final int[] relevant;
        /** Empty where no row shares more than one label, so that gain is relevance. */
        private final long[] gain;

        private final int left;
        private final long[] weightedRows;
        private final long[] weightedRelevant;

        private Shared(
                final int[] relevant,
                final long[] gain,
                final int left,
                final long[] weightedRows,
                final long[] weightedRelevant) {
            this.relevant = relevant;
            this.gain = gain;
            this.left = left;
            this.weightedRows = weightedRows;
            this.weightedRelevant = weightedRelevant;
        }

        /** Rows of the table that count: all but the query itself. */
        public long rows(final int from, final int to) {
            return weightedRows.length == 0
                    ? to - from - (left >= from && left < to ? 1 : 0)
                    : weightedRows[to] - weightedRows[from];
        }

        /** Rows of the table that share a label. */
        public long relevant(final int from, final int to) {
            return weightedRows.length == 0
                    ? relevant[to] - relevant[from]
                    : weightedRelevant[to] - weightedRelevant[from];
        }

        /** Labels shared, summed over the rows. */
        public long gain(final int from, final int to) {
            return gain.length == 0 ? relevant(from, to) : gain[to] - gain[from];
        }
    }
}

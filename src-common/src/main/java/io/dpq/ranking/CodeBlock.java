package io.dpq.ranking;

import io.dpq.quantizer.LookupTables;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Rows of a code table, packed: about 2·L + 4 bytes a row plus the groups. Where ties stay ties, rows are sorted by code, so
 * that rows that share a prefix are neighbours and are scored once. Where ids decide, rows are sorted by id and stand alone.
 * Immutable and thread-safe.
 */
public final class CodeBlock implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int levels;
    private final int rows;
    /** [row][level], row by row. */
    private final short[] codes;
    /** Which of {@link #labelSets} a row has. */
    private final int[] labelSet;

    /** Arrays, because Kryo can write immutable lists but not read them. */
    private final String[][] labelSets;
    /** Rank of each row's id in the whole table, or empty where ties stay ties. */
    private final long[] orders;
    /** [level]: the first row of each group that a level cannot tell apart, then the number of rows. */
    private final int[][] starts;

    private CodeBlock(
            final int levels,
            final short[] codes,
            final int[] labelSet,
            final String[][] labelSets,
            final long[] orders) {
        this.levels = levels;
        this.rows = labelSet.length;
        this.codes = codes;
        this.labelSet = labelSet;
        this.labelSets = labelSets;
        this.orders = orders;
        this.starts = new int[levels][];
        for (int level = 0; level < levels; level++) {
            starts[level] = orders.length > 0 ? IntStream.rangeClosed(0, rows).toArray() : groups(level);
        }
    }

    private int[] groups(final int level) {
        final int[] first = new int[rows + 1];
        int count = 0;
        for (int row = 0; row < rows; row++) {
            final int at = row * levels;
            if (row == 0 || !Arrays.equals(codes, at, at + level + 1, codes, at - levels, at - levels + level + 1)) {
                first[count++] = row;
            }
        }
        first[count] = rows;
        return Arrays.copyOf(first, count + 1);
    }

    /** Collects rows in any order. */
    public static final class Builder {
        private final int levels;
        private final int codewords;
        private final Ties ties;
        private final Map<List<String>, Integer> labelIds = new HashMap<>();
        private final List<List<String>> labelSets = new ArrayList<>();
        private short[] codes = new short[1 << 12];
        private int[] labelSet = new int[1 << 10];
        private long[] orders = new long[1 << 10];
        private int rows;

        /**
         * An empty block.
         *
         * @param levels L
         * @param codewords K
         * @param ties whether rows of equal codes tie
         */
        public Builder(final int levels, final int codewords, final Ties ties) {
            this.levels = levels;
            this.codewords = codewords;
            this.ties = ties;
        }

        /**
         * Adds a row.
         *
         * @param code L codes, each 0…K−1
         * @param labels of the row
         * @param order rank of its id; of no meaning where ties stay ties
         */
        public void add(final short[] code, final List<String> labels, final long order) {
            if ((rows + 1L) * levels > codes.length) {
                codes = Arrays.copyOf(codes, Math.max(2 * codes.length, (rows + 1) * levels));
            }
            if (rows == labelSet.length) {
                labelSet = Arrays.copyOf(labelSet, 2 * rows);
                orders = Arrays.copyOf(orders, 2 * rows);
            }
            System.arraycopy(code, 0, codes, rows * levels, levels);
            labelSet[rows] = labelIds.computeIfAbsent(List.copyOf(new java.util.TreeSet<>(labels)), set -> {
                labelSets.add(set);
                return labelSets.size() - 1;
            });
            orders[rows] = order;
            rows++;
        }

        /** Whether no row was added. */
        public boolean isEmpty() {
            return rows == 0;
        }

        /** The rows added so far, packed. */
        public CodeBlock build() {
            final int[] sorted = ties == Ties.ID ? byOrder() : byCode();
            final short[] sortedCodes = new short[rows * levels];
            final int[] sortedLabels = new int[rows];
            final long[] sortedOrders = new long[ties == Ties.ID ? rows : 0];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(codes, sorted[row] * levels, sortedCodes, row * levels, levels);
                sortedLabels[row] = labelSet[sorted[row]];
                if (ties == Ties.ID) {
                    sortedOrders[row] = orders[sorted[row]];
                }
            }
            final String[][] sets =
                    labelSets.stream().map(set -> set.toArray(new String[0])).toArray(String[][]::new);
            return new CodeBlock(levels, sortedCodes, sortedLabels, sets, sortedOrders);
        }

        private int[] byOrder() {
            return IntStream.range(0, rows)
                    .boxed()
                    .sorted((a, b) -> Long.compare(orders[a], orders[b]))
                    .mapToInt(Integer::intValue)
                    .toArray();
        }

        /** Counting sorts from the last level to the first, each stable. */
        private int[] byCode() {
            int[] sorted = IntStream.range(0, rows).toArray();
            for (int level = levels - 1; level >= 0; level--) {
                final int[] next = new int[codewords + 1];
                for (int row = 0; row < rows; row++) {
                    next[codes[row * levels + level] + 1]++;
                }
                for (int k = 0; k < codewords; k++) {
                    next[k + 1] += next[k];
                }
                final int[] moved = new int[rows];
                for (final int row : sorted) {
                    moved[next[codes[row * levels + level]]++] = row;
                }
                sorted = moved;
            }
            return sorted;
        }
    }

    /** Rows of the block. */
    public int rows() {
        return rows;
    }

    /** How often each codeword occurs, [level][codeword]. */
    public long[][] usage(final int codewords) {
        final long[][] usage = new long[levels][codewords];
        for (int i = 0; i < codes.length; i++) {
            usage[i % levels][codes[i]]++;
        }
        return usage;
    }

    /** Rows of each label set. */
    public Map<List<String>, Long> labelCounts() {
        final long[] ofSet = new long[labelSets.length];
        for (final int set : labelSet) {
            ofSet[set]++;
        }
        final Map<List<String>, Long> counts = new HashMap<>();
        for (int set = 0; set < ofSet.length; set++) {
            counts.put(new ArrayList<>(Arrays.asList(labelSets[set])), ofSet[set]);
        }
        return counts;
    }

    /**
     * The block as a query ranks it by every level's prefix.
     *
     * @param r groups beyond rank {@code r} are left out
     * @return one ranking a level
     */
    public Ranking[] rank(final LookupTables tables, final List<String> queryLabels, final long r) {
        final int[] relevantBefore = relevantBefore(queryLabels);
        final Ranking[] rankings = new Ranking[levels];
        double[] parents = new double[] {0};
        int[] parentStarts = new int[] {0, rows};
        for (int level = 0; level < levels; level++) {
            final int[] first = starts[level];
            final int count = first.length - 1;
            final double[] scores = new double[count];
            int parent = 0;
            for (int group = 0; group < count; group++) {
                while (parentStarts[parent + 1] <= first[group]) {
                    parent++;
                }
                // The canonical sum of LookupTables.score: level by level, in double.
                scores[group] = parents[parent] + tables.at(level, codes[first[group] * levels + level]);
            }
            rankings[level] = ranking(scores, first, relevantBefore).top(r);
            parents = scores;
            parentStarts = first;
        }
        return rankings;
    }

    private Ranking ranking(final double[] scores, final int[] first, final int[] relevantBefore) {
        final Ranking.Builder ranking = new Ranking.Builder(scores.length);
        for (final int group : ScoreOrder.falling(scores, scores.length)) {
            final int from = first[group];
            final int to = first[group + 1];
            ranking.add(
                    scores[group],
                    orders.length == 0 ? 0 : orders[from],
                    to - from,
                    relevantBefore[to] - relevantBefore[from]);
        }
        return ranking.build();
    }

    private int[] relevantBefore(final List<String> queryLabels) {
        final Set<String> wanted = new HashSet<>(queryLabels);
        final boolean[] shares = new boolean[labelSets.length];
        for (int set = 0; set < shares.length; set++) {
            shares[set] = Arrays.stream(labelSets[set]).anyMatch(wanted::contains);
        }
        final int[] before = new int[rows + 1];
        for (int row = 0; row < rows; row++) {
            before[row + 1] = before[row] + (shares[labelSet[row]] ? 1 : 0);
        }
        return before;
    }
}

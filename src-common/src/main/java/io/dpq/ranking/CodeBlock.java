package io.dpq.ranking;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
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

    private final RowLabels labels;
    /** Rank of each row's id in the whole table, or empty where ties stay ties. */
    private final long[] orders;
    /** [level]: the first row of each group that a level cannot tell apart, then the number of rows. */
    private final int[][] starts;
    /** [level][group]: squared length of what the group's code stands for; empty where scores do not ask for it. */
    private final double[][] norms;

    private CodeBlock(final int levels, final short[] codes, final RowLabels labels, final long[] orders) {
        this.levels = levels;
        this.rows = labels.rows();
        this.codes = codes;
        this.labels = labels;
        this.orders = orders;
        this.norms = new double[0][];
        this.starts = new int[levels][];
        for (int level = 0; level < levels; level++) {
            starts[level] = orders.length > 0 ? IntStream.rangeClosed(0, rows).toArray() : groups(level);
        }
    }

    private CodeBlock(final CodeBlock block, final double[][] norms) {
        this.levels = block.levels;
        this.rows = block.rows;
        this.codes = block.codes;
        this.labels = block.labels;
        this.orders = block.orders;
        this.starts = block.starts;
        this.norms = norms;
    }

    /** The same block, ready for scores that ask how long the vectors are that its codes stand for. */
    public CodeBlock withNorms(final Codebooks codebooks) {
        final double[][] squares = new double[levels][];
        final double[] sum = new double[codebooks.dimensions()];
        for (int level = 0; level < levels; level++) {
            squares[level] = new double[starts[level].length - 1];
            for (int group = 0; group < squares[level].length; group++) {
                Arrays.fill(sum, 0);
                for (int l = 0; l <= level; l++) {
                    final int codeword = codes[starts[level][group] * levels + l];
                    for (int d = 0; d < sum.length; d++) {
                        sum[d] += codebooks.value(l, codeword, d);
                    }
                }
                for (final double value : sum) {
                    squares[level][group] += value * value;
                }
            }
        }
        return new CodeBlock(this, squares);
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
        private final RowLabels.Builder labels = new RowLabels.Builder();
        private short[] codes = new short[1 << 12];
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
         * @param rowLabels labels of the row
         * @param order rank of its id; of no meaning where ties stay ties
         */
        public void add(final short[] code, final List<String> rowLabels, final long order) {
            add(code, 0, rowLabels, order, -1);
        }

        /**
         * Adds a row that may be a query itself.
         *
         * @param code holds the row's L codes, each 0…K−1, from {@code offset} on
         * @param rowLabels labels of the row
         * @param order rank of its id; of no meaning where ties stay ties
         * @param self index of the query that this row is, or −1
         */
        public void add(
                final short[] code, final int offset, final List<String> rowLabels, final long order, final int self) {
            add(code, offset, rowLabels, order, self, 1);
        }

        /**
         * Adds what stands for several rows of the table that have one code and the same labels; ties must stay ties then.
         *
         * @param weight how many, at least 1
         */
        public void addAlike(final short[] code, final List<String> rowLabels, final long weight) {
            add(code, 0, rowLabels, 0, -1, weight);
        }

        private void add(
                final short[] code,
                final int offset,
                final List<String> rowLabels,
                final long order,
                final int self,
                final long weight) {
            if ((rows + 1L) * levels > codes.length) {
                codes = Arrays.copyOf(codes, Math.max(2 * codes.length, (rows + 1) * levels));
            }
            if (rows == orders.length) {
                orders = Arrays.copyOf(orders, 2 * rows);
            }
            System.arraycopy(code, offset, codes, rows * levels, levels);
            labels.add(rowLabels, self, weight);
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
            final long[] sortedOrders = new long[ties == Ties.ID ? rows : 0];
            for (int row = 0; row < rows; row++) {
                System.arraycopy(codes, sorted[row] * levels, sortedCodes, row * levels, levels);
                if (ties == Ties.ID) {
                    sortedOrders[row] = orders[sorted[row]];
                }
            }
            return new CodeBlock(levels, sortedCodes, labels.build(sorted), sortedOrders);
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

    /** How often each codeword occurs in the table, [level][codeword]. */
    public long[][] usage(final int codewords) {
        final long[][] usage = new long[levels][codewords];
        for (int i = 0; i < codes.length; i++) {
            usage[i % levels][codes[i]] += labels.weight(i / levels);
        }
        return usage;
    }

    /** Labels of the rows. */
    public RowLabels labels() {
        return labels;
    }

    /**
     * The block as a query ranks it by the inner product with every level's prefix.
     *
     * @param r groups beyond rank {@code r} are left out
     * @return one ranking a level
     */
    public Ranking[] rank(final LookupTables tables, final List<String> queryLabels, final long r) {
        return rank(CodeScores.of(tables), queryLabels, -1, r);
    }

    /**
     * The block as a query ranks it.
     *
     * @param scores of the query; other than the inner product they need {@link #withNorms}
     * @param self index of the query; the row that is this query is left out
     * @param r groups beyond rank {@code r} are left out
     * @return one ranking a level, from the first that {@code scores} asks for
     */
    public Ranking[] rank(final CodeScores scores, final List<String> queryLabels, final int self, final long r) {
        final RowLabels.Shared shared = labels.shared(queryLabels, self);
        final Ranking[] rankings = new Ranking[levels - scores.first()];
        double[] parents = new double[] {0};
        int[] parentStarts = new int[] {0, rows};
        for (int level = 0; level < levels; level++) {
            final double[] inner = inner(scores, level, parents, parentStarts);
            if (level >= scores.first()) {
                rankings[level - scores.first()] = ranking(score(scores, level, inner), starts[level], shared, r)
                        .top(r);
            }
            parents = inner;
            parentStarts = starts[level];
        }
        return rankings;
    }

    private double[] inner(final CodeScores scores, final int level, final double[] parents, final int[] parentStarts) {
        final int[] first = starts[level];
        final double[] inner = new double[first.length - 1];
        int parent = 0;
        for (int group = 0; group < inner.length; group++) {
            final int code = first[group] * levels;
            if (scores.adds()) {
                while (parentStarts[parent + 1] <= first[group]) {
                    parent++;
                }
                // The canonical sum of LookupTables.score: level by level, in double.
                inner[group] = parents[parent] + scores.entry(level, codes[code + level]);
            } else if (level >= scores.first()) {
                inner[group] = scores.inner(codes, code, level);
            }
        }
        return inner;
    }

    private double[] score(final CodeScores scores, final int level, final double[] inner) {
        if (!scores.needsNorms()) {
            return inner;
        }
        final double[] result = new double[inner.length];
        for (int group = 0; group < result.length; group++) {
            result[group] = scores.score(inner[group], norms[level][group]);
        }
        return result;
    }

    private Ranking ranking(final double[] scores, final int[] first, final RowLabels.Shared shared, final long r) {
        // A group has a row at least, but for one that is only the query itself.
        final int[] order = ScoreOrder.first(scores, scores.length, Math.min(r, scores.length) + 1);
        final Ranking.Builder ranking = new Ranking.Builder(order.length);
        for (final int group : order) {
            final int from = first[group];
            final int to = first[group + 1];
            final long count = shared.rows(from, to);
            if (count > 0) {
                ranking.add(
                        scores[group],
                        orders.length == 0 ? 0 : orders[from],
                        count,
                        shared.relevant(from, to),
                        shared.gain(from, to));
            }
        }
        return ranking.build();
    }
}

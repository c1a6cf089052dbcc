package io.dpq.eval;

import io.dpq.ranking.CodeBlock;
import java.io.Serializable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;

/** What one pass over the blocks tells of a code table. Immutable and thread-safe. */
final class TableSummary implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int blocks;
    private final long rows;
    /** Rows of each codeword, [level][codeword]. */
    private final long[][] usage;
    /** Rows of each set of labels. */
    private final Map<List<String>, Long> labels;

    private TableSummary(
            final int blocks, final long rows, final long[][] usage, final Map<List<String>, Long> labels) {
        this.blocks = blocks;
        this.rows = rows;
        this.usage = usage;
        this.labels = labels;
    }

    /** Summarizes blocks of L levels and K codewords. */
    static TableSummary of(final JavaRDD<CodeBlock> blocks, final int levels, final int codewords) {
        return blocks.map(block -> new TableSummary(1, block.rows(), block.usage(codewords), block.labelCounts()))
                .fold(new TableSummary(0, 0, new long[levels][codewords], new HashMap<>()), TableSummary::plus);
    }

    private TableSummary plus(final TableSummary other) {
        final long[][] sum = new long[usage.length][];
        for (int level = 0; level < sum.length; level++) {
            sum[level] = usage[level].clone();
            for (int k = 0; k < sum[level].length; k++) {
                sum[level][k] += other.usage[level][k];
            }
        }
        final Map<List<String>, Long> counts = new HashMap<>(labels);
        other.labels.forEach((set, count) -> counts.merge(set, count, Long::sum));
        return new TableSummary(blocks + other.blocks, rows + other.rows, sum, counts);
    }

    /** Blocks that hold rows. */
    int blocks() {
        return blocks;
    }

    /** Rows of the table. */
    long rows() {
        return rows;
    }

    /** Rows that use a codeword, both counted from 0. */
    long usage(final int level, final int codeword) {
        return usage[level][codeword];
    }

    /** Codewords of a level (from 0) that no row uses. */
    int deadCodewords(final int level) {
        int dead = 0;
        for (final long count : usage[level]) {
            dead += count == 0 ? 1 : 0;
        }
        return dead;
    }

    /** Entropy in bits of a level's codes (from 0): log2 K where all are used alike. */
    double entropy(final int level) {
        double entropy = 0;
        for (final long count : usage[level]) {
            if (count > 0) {
                final double share = (double) count / rows;
                entropy -= share * Math.log(share) / Math.log(2);
            }
        }
        return entropy;
    }

    /** Rows that share a label with a query. */
    long relevantRows(final List<String> queryLabels) {
        final Set<String> wanted = new HashSet<>(queryLabels);
        return labels.entrySet().stream()
                .filter(entry -> entry.getKey().stream().anyMatch(wanted::contains))
                .mapToLong(Map.Entry::getValue)
                .sum();
    }
}

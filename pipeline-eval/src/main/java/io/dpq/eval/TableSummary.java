package io.dpq.eval;

import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.RowLabels;
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

    /** Labels of the rows that are queries, by the query's index; empty where such rows count. */
    private final Map<Integer, List<String>> selves;

    private TableSummary(
            final int blocks,
            final long rows,
            final long[][] usage,
            final Map<List<String>, Long> labels,
            final Map<Integer, List<String>> selves) {
        this.blocks = blocks;
        this.rows = rows;
        this.usage = usage;
        this.labels = labels;
        this.selves = selves;
    }

    /** Summarizes blocks of L levels and K codewords. */
    static TableSummary of(final JavaRDD<CodeBlock> blocks, final int levels, final int codewords) {
        return folded(blocks.map(block -> of(block.labels(), block.usage(codewords))), levels, codewords);
    }

    /** Summarizes blocks that have no codes. */
    static TableSummary of(final JavaRDD<EmbeddingBlock> blocks) {
        return folded(blocks.map(block -> of(block.labels(), new long[0][])), 0, 0);
    }

    private static TableSummary of(final RowLabels labels, final long[][] usage) {
        return new TableSummary(1, labels.total(), usage, labels.counts(), labels.selves());
    }

    private static TableSummary folded(final JavaRDD<TableSummary> summaries, final int levels, final int codewords) {
        return summaries.fold(
                new TableSummary(0, 0, new long[levels][codewords], new HashMap<>(), new HashMap<>()),
                TableSummary::plus);
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
        final Map<Integer, List<String>> own = new HashMap<>(selves);
        own.putAll(other.selves);
        return new TableSummary(blocks + other.blocks, rows + other.rows, sum, counts, own);
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
        return rowsByGain(queryLabels).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Rows by the number of labels that they share with a query, where there is one at least. */
    private Map<Integer, Long> rowsByGain(final List<String> queryLabels) {
        final Set<String> wanted = new HashSet<>(queryLabels);
        final Map<Integer, Long> rowsByGain = new HashMap<>();
        labels.forEach((set, count) -> {
            final int gain = shared(set, wanted);
            if (gain > 0) {
                rowsByGain.merge(gain, count, Long::sum);
            }
        });
        return rowsByGain;
    }

    private static int shared(final List<String> set, final Set<String> wanted) {
        return (int) set.stream().filter(wanted::contains).count();
    }

    /** What is known of queries before they are asked; a query's own row, where it is left out, is not counted. */
    Retrieval.Expected expected(final List<Query> queries, final Measures measures) {
        final long[] relevant = new long[queries.size()];
        final double[] ideal = new double[queries.size()];
        // Queries of one class ask for the same rows.
        final Map<List<String>, Map<Integer, Long>> known = new HashMap<>();
        for (int i = 0; i < relevant.length; i++) {
            final List<String> wanted = queries.get(i).labels();
            final Map<Integer, Long> gains = new HashMap<>(known.computeIfAbsent(wanted, this::rowsByGain));
            final int own = shared(selves.getOrDefault(i, List.of()), new HashSet<>(wanted));
            if (own > 0) {
                gains.merge(own, -1L, Long::sum);
            }
            relevant[i] = gains.values().stream().mapToLong(Long::longValue).sum();
            ideal[i] = measures.idealGain(gains);
        }
        return new Retrieval.Expected(relevant, ideal);
    }

    /** Queries that are rows themselves and are left out of what they ask for. */
    int excluded() {
        return selves.size();
    }
}

package io.dpq.eval;

import io.dpq.ranking.ApOracle;
import io.dpq.ranking.Score;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All figures of a ranking by their definitions, row by row, over the whole database: rows tie where what stands for them is the
 * same to the last bit.
 */
final class FigureOracle {
    private FigureOracle() {}

    /**
     * A row of the database as it is ranked.
     *
     * @param parts it is the sum of: the codewords of its code, or the one embedding that it is
     * @param exact whether nothing is rounded to float: embeddings are not looked up in tables
     */
    record Item(List<float[]> parts, boolean exact, List<String> labels) {
        private String key() {
            final StringBuilder key = new StringBuilder();
            parts.forEach(part -> key.append(Arrays.toString(part)));
            return key.toString();
        }
    }

    private record Tied(double score, List<Item> rows) {
        long relevant(final List<String> labels) {
            return rows.stream()
                    .filter(row -> !Collections.disjoint(row.labels(), labels))
                    .count();
        }

        long gain(final List<String> labels) {
            return rows.stream()
                    .mapToLong(row -> FigureOracle.gain(row, labels))
                    .sum();
        }
    }

    private static long gain(final Item row, final List<String> labels) {
        return row.labels().stream().filter(labels::contains).count();
    }

    /**
     * Means over all queries.
     *
     * @param queries whose labels count
     * @param asked vector of each query
     * @param ranks the N of precision and recall
     */
    static Report.Ranked of(
            final List<Query> queries,
            final List<float[]> asked,
            final List<Item> database,
            final Score score,
            final List<Long> ranks) {
        double map = 0;
        double ndcg = 0;
        final double[] precision = new double[ranks.size()];
        final double[] recall = new double[ranks.size()];
        final double[] atRecall = new double[11];
        for (int q = 0; q < queries.size(); q++) {
            final List<String> labels = queries.get(q).labels();
            final List<Tied> ranking = ranked(asked.get(q), database, score);
            final long all =
                    database.stream().filter(row -> gain(row, labels) > 0).count();
            if (all == 0) {
                continue;
            }
            map += ApOracle.ofFormula(
                    ranking.stream()
                            .map(tied -> new ApOracle.Group(tied.rows().size(), (int) tied.relevant(labels)))
                            .toList(),
                    database.size());
            ndcg += dcg(ranking, labels) / ideal(database, labels);
            for (int i = 0; i < precision.length; i++) {
                final double found = found(ranking, labels, ranks.get(i));
                precision[i] += found / ranks.get(i);
                recall[i] += found / all;
            }
            for (int point = 0; point <= 10; point++) {
                atRecall[point] += precisionOf(ranking, labels, Math.max(1, (point * all + 9) / 10));
            }
        }
        final double count = queries.size();
        return new Report.Ranked(
                map / count,
                ndcg / count,
                new Report.Curves(mean(precision, count), mean(recall, count), mean(atRecall, count)));
    }

    private static List<Double> mean(final double[] sums, final double count) {
        return Arrays.stream(sums).map(sum -> sum / count).boxed().toList();
    }

    private static List<Tied> ranked(final float[] query, final List<Item> database, final Score score) {
        final Map<String, Tied> groups = new LinkedHashMap<>();
        for (final Item row : database) {
            groups.computeIfAbsent(row.key(), key -> new Tied(score(query, row, score), new ArrayList<>()))
                    .rows()
                    .add(row);
        }
        return groups.values().stream()
                .sorted(Comparator.comparingDouble((Tied tied) -> -tied.score()))
                .toList();
    }

    /** As the report states it: what the query has in common with a codeword is rounded to float once, all else is double. */
    private static double score(final float[] query, final Item row, final Score score) {
        double inner = 0;
        final double[] sum = new double[query.length];
        for (final float[] part : row.parts()) {
            double common = 0;
            for (int d = 0; d < query.length; d++) {
                common += (double) query[d] * part[d];
                sum[d] += part[d];
            }
            inner += row.exact() ? common : (float) common;
        }
        final double norm = Arrays.stream(sum).map(value -> value * value).sum();
        return switch (score) {
            case INNER_PRODUCT -> inner;
            // The query's own length moves all rows alike.
            case L2 -> 2 * inner - norm;
            case COSINE -> inner / Math.sqrt(norm);
        };
    }

    private static double dcg(final List<Tied> ranking, final List<String> labels) {
        double sum = 0;
        int rank = 0;
        for (final Tied tied : ranking) {
            for (int i = 0; i < tied.rows().size(); i++) {
                sum += (double) tied.gain(labels) / tied.rows().size() * Math.log(2) / Math.log(++rank + 1);
            }
        }
        return sum;
    }

    private static double ideal(final List<Item> database, final List<String> labels) {
        final long[] gains =
                database.stream().mapToLong(row -> -gain(row, labels)).sorted().toArray();
        double sum = 0;
        for (int rank = 1; rank <= gains.length; rank++) {
            sum -= gains[rank - 1] * Math.log(2) / Math.log(rank + 1);
        }
        return sum;
    }

    /** Relevant rows within the first {@code rank}, on average over the orders of tied rows. */
    private static double found(final List<Tied> ranking, final List<String> labels, final long rank) {
        double found = 0;
        long left = rank;
        for (final Tied tied : ranking) {
            final long taken = Math.min(left, tied.rows().size());
            found += (double) tied.relevant(labels) * taken / tied.rows().size();
            left -= taken;
        }
        return found;
    }

    /** Precision at the rank of the {@code target}-th relevant row, on average over the orders of tied rows. */
    private static double precisionOf(final List<Tied> ranking, final List<String> labels, final long target) {
        int before = 0;
        long relevant = 0;
        for (final Tied tied : ranking) {
            final int n = tied.rows().size();
            final int m = (int) tied.relevant(labels);
            if (relevant + m >= target) {
                final int j = (int) (target - relevant);
                BigDecimal sum = BigDecimal.ZERO;
                for (int x = j; x <= n - m + j; x++) {
                    sum = sum.add(new BigDecimal(choose(x - 1, j - 1).multiply(choose(n - x, m - j)))
                            .divide(new BigDecimal(choose(n, m)), MathContext.DECIMAL128)
                            .multiply(BigDecimal.valueOf(target))
                            .divide(BigDecimal.valueOf(before + x), MathContext.DECIMAL128));
                }
                return sum.doubleValue();
            }
            before += n;
            relevant += m;
        }
        throw new IllegalArgumentException("There are only " + relevant + " relevant rows.");
    }

    private static BigInteger choose(final int n, final int k) {
        if (k < 0 || k > n) {
            return BigInteger.ZERO;
        }
        BigInteger ways = BigInteger.ONE;
        for (int i = 1; i <= k; i++) {
            ways = ways.multiply(BigInteger.valueOf(n - k + i)).divide(BigInteger.valueOf(i));
        }
        return ways;
    }
}

package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.ranking.Ranking;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MeasuresTest {
    @Provide
    Arbitrary<List<List<Integer>>> tiedGains() {
        final Arbitrary<Integer> gain = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(3, Arbitraries.just(0)),
                net.jqwik.api.Tuple.of(2, Arbitraries.just(1)),
                net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(2, 3)));
        return gain.list().ofMinSize(1).ofMaxSize(4).list().ofMinSize(1).ofMaxSize(4);
    }

    private static Ranking ranking(final List<List<Integer>> groups) {
        final Ranking.Builder ranking = new Ranking.Builder(groups.size());
        for (int i = 0; i < groups.size(); i++) {
            final List<Integer> gains = groups.get(i);
            ranking.add(
                    -i,
                    0,
                    gains.size(),
                    gains.stream().filter(gain -> gain > 0).count(),
                    gains.stream().mapToInt(Integer::intValue).sum());
        }
        return ranking.build();
    }

    /** Every order of every group, rows told apart: the mean over all is the expectation by definition. */
    private static List<List<Integer>> orders(final List<List<Integer>> groups) {
        List<List<Integer>> orders = List.of(List.of());
        for (final List<Integer> group : groups) {
            final List<List<Integer>> longer = new ArrayList<>();
            for (final List<Integer> permuted : permutations(group)) {
                for (final List<Integer> order : orders) {
                    final List<Integer> next = new ArrayList<>(order);
                    next.addAll(permuted);
                    longer.add(next);
                }
            }
            orders = longer;
        }
        return orders;
    }

    private static List<List<Integer>> permutations(final List<Integer> rows) {
        if (rows.isEmpty()) {
            return List.of(List.of());
        }
        final List<List<Integer>> all = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            final List<Integer> rest = new ArrayList<>(rows);
            final Integer first = rest.remove(i);
            for (final List<Integer> tail : permutations(rest)) {
                final List<Integer> permuted = new ArrayList<>(List.of(first));
                permuted.addAll(tail);
                all.add(permuted);
            }
        }
        return all;
    }

    private static double[] byDefinition(final List<Integer> order, final int r, final List<Long> grid) {
        final long relevant = order.stream().filter(gain -> gain > 0).count();
        final double[] figures = new double[2 + 2 * grid.size() + 11];
        if (relevant == 0) {
            return figures;
        }
        final List<Integer> best = new ArrayList<>(order);
        best.sort(java.util.Comparator.reverseOrder());
        double sum = 0;
        double gained = 0;
        double ideal = 0;
        int found = 0;
        for (int rank = 1; rank <= Math.min(r, order.size()); rank++) {
            final int gain = order.get(rank - 1);
            if (gain > 0) {
                found++;
                sum += (double) found / rank;
                for (int point = 0; point <= 10; point++) {
                    if (found == Math.max(1, (int) Math.ceil(point * relevant / 10.0 - 1e-9))) {
                        figures[2 + 2 * grid.size() + point] = (double) found / rank;
                    }
                }
            }
            gained += gain * Math.log(2) / Math.log(rank + 1);
            ideal += best.get(rank - 1) * Math.log(2) / Math.log(rank + 1);
        }
        figures[0] = found == 0 ? 0 : sum / found;
        figures[1] = gained / ideal;
        for (int i = 0; i < grid.size(); i++) {
            final long within =
                    order.stream().limit(grid.get(i)).filter(gain -> gain > 0).count();
            figures[2 + i] = (double) within / grid.get(i);
            figures[2 + grid.size() + i] = (double) within / relevant;
        }
        return figures;
    }

    @Property(tries = 300)
    void areTheMeansOverAllOrders(
            @ForAll("tiedGains") final List<List<Integer>> groups, @ForAll @IntRange(min = 1, max = 16) final int cut) {
        final List<Integer> rows = groups.stream().flatMap(List::stream).toList();
        final int r = Math.min(cut, rows.size());
        final Measures measures = new Measures(r);
        final List<List<Integer>> orders = orders(groups.subList(0, Math.min(3, groups.size())));
        final List<Integer> rest = groups.size() > 3 ? groups.get(3) : List.of();
        final double[] expected = new double[measures.size()];
        int count = 0;
        for (final List<Integer> order : orders) {
            for (final List<Integer> tail : permutations(rest)) {
                final List<Integer> whole = new ArrayList<>(order);
                whole.addAll(tail);
                final double[] figures = byDefinition(whole, r, measures.ranks());
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += figures[i];
                }
                count++;
            }
            if (count > 60_000) {
                return;
            }
        }
        final Map<Integer, Long> gains = new TreeMap<>();
        rows.stream().filter(gain -> gain > 0).forEach(gain -> gains.merge(gain, 1L, Long::sum));
        final double[] actual = measures.of(
                ranking(groups).top(r), rows.stream().filter(gain -> gain > 0).count(), measures.idealGain(gains));
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("figure %d", i).isEqualTo(expected[i] / count, within(1e-12));
        }
    }

    @Property(tries = 200)
    void doNotDependOnHowTheRankingWasSplit(
            @ForAll("tiedGains") final List<List<Integer>> groups,
            @ForAll @IntRange(min = 1, max = 16) final int cut,
            @ForAll final Random random) {
        final long rows = groups.stream().mapToInt(List::size).sum();
        final Measures measures = new Measures(Math.min(cut, rows));
        final Map<Integer, Long> gains = new TreeMap<>();
        groups.stream()
                .flatMap(List::stream)
                .filter(gain -> gain > 0)
                .forEach(gain -> gains.merge(gain, 1L, Long::sum));
        final long relevant = gains.values().stream().mapToLong(Long::longValue).sum();
        Ranking merged = ranking(List.of());
        for (final List<List<Integer>> part : split(groups, random)) {
            merged = merged.merge(ranking(part).top(measures.r())).top(measures.r());
        }
        assertThat(measures.of(merged, relevant, measures.idealGain(gains)))
                .isEqualTo(measures.of(ranking(groups).top(measures.r()), relevant, measures.idealGain(gains)));
    }

    /** Three parts with the same scores, each of which holds some rows of every group, or none. */
    private static List<List<List<Integer>>> split(final List<List<Integer>> groups, final Random random) {
        final List<List<List<Integer>>> parts = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (final List<Integer> group : groups) {
            parts.forEach(part -> part.add(new ArrayList<>()));
            for (final Integer gain : group) {
                final List<List<Integer>> part = parts.get(random.nextInt(3));
                part.get(part.size() - 1).add(gain);
            }
        }
        return parts;
    }

    @Test
    void aGroupTooLargeToEnumerateFollowsTheExactDistribution() {
        final int n = 400;
        final int m = 90;
        final int before = 7;
        for (final long r : new long[] {before + 30, before + n}) {
            final Measures measures = new Measures(r);
            final Ranking.Builder builder = new Ranking.Builder(2);
            builder.add(2, 0, before, 3);
            builder.add(1, 0, n, m);
            final double[] figures = measures.of(builder.build().top(r), m + 3, 1);
            for (final int point : new int[] {1, 5, 10}) {
                final int target = (point * (m + 3) + 9) / 10;
                final int j = target - 3;
                double expected = 0;
                for (int x = j; x <= n - m + j && before + x <= r; x++) {
                    expected += new BigDecimal(choose(x - 1, j - 1).multiply(choose(n - x, m - j)))
                                    .divide(new BigDecimal(choose(n, m)), MathContext.DECIMAL128)
                                    .doubleValue()
                            * target
                            / (before + x);
                }
                assertThat(measures.precisionAtRecall(figures).get(point)).isEqualTo(expected, within(1e-12));
            }
        }
    }

    private static BigInteger choose(final int n, final int k) {
        if (k < 0 || k > n) {
            return BigInteger.ZERO;
        }
        BigInteger ways = BigInteger.ONE;
        for (int i = 1; i <= Math.min(k, n - k); i++) {
            ways = ways.multiply(BigInteger.valueOf(n - Math.min(k, n - k) + i)).divide(BigInteger.valueOf(i));
        }
        return ways;
    }

    @Test
    void ranksFarDownAreDiscountedAsNearOnes() {
        final Discounts kept = new Discounts(1 << 18);
        final Discounts few = new Discounts(10);
        assertThat(few.sum(3, 5000)).isEqualTo(kept.sum(3, 5000), within(1e-9));
        assertThat(few.sum(20, 30)).isEqualTo(kept.sum(20, 30), within(1e-11));
        assertThat(few.sum(0, 1)).isEqualTo(1);
    }

    @Test
    void ranksAreAFixedGridThatEndsInR() {
        assertThat(new Measures(1).ranks()).containsExactly(1L);
        assertThat(new Measures(54).ranks()).containsExactly(1L, 2L, 5L, 10L, 20L, 50L, 54L);
        assertThat(new Measures(100).ranks()).containsExactly(1L, 2L, 5L, 10L, 20L, 50L, 100L);
    }

    @Test
    void aQueryWithoutRelevantRowsCountsAsNothing() {
        final Measures measures = new Measures(3);
        final Ranking.Builder builder = new Ranking.Builder(1);
        builder.add(1, 0, 3, 0);
        assertThat(measures.of(builder.build(), 0, 0)).containsOnly(0);
    }
}

package io.dpq.ranking;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/** Average precision by definition: slow, obvious, and sharing nothing with the implementation. */
public final class ApOracle {
    /** Rows that tie: how many, and how many of them are relevant. */
    public record Group(int rows, int relevant) {}

    private ApOracle() {}

    /** AP@R of rows in a definite order. */
    public static double ofOrder(final List<Boolean> relevance, final long r) {
        double sum = 0;
        int found = 0;
        for (int rank = 1; rank <= Math.min(r, relevance.size()); rank++) {
            if (relevance.get(rank - 1)) {
                found++;
                sum += (double) found / rank;
            }
        }
        return found == 0 ? 0 : sum / found;
    }

    /** The mean of AP@R over every placement of the relevant rows within every group, all equally likely. */
    public static double ofEveryOrder(final List<Group> groups, final long r) {
        final List<List<Boolean>> orders = new ArrayList<>();
        orders.add(List.of());
        for (final Group group : groups) {
            final List<List<Boolean>> longer = new ArrayList<>();
            for (final List<Boolean> order : orders) {
                for (int mask = 0; mask < 1 << group.rows(); mask++) {
                    if (Integer.bitCount(mask) == group.relevant()) {
                        final List<Boolean> next = new ArrayList<>(order);
                        for (int i = 0; i < group.rows(); i++) {
                            next.add((mask >> i & 1) == 1);
                        }
                        longer.add(next);
                    }
                }
            }
            orders.clear();
            orders.addAll(longer);
        }
        return orders.stream().mapToDouble(order -> ofOrder(order, r)).average().orElse(0);
    }

    /** The formula of method and paper in exact fractions, for groups too large to enumerate. */
    public static double ofFormula(final List<Group> groups, final int r) {
        BigDecimal sum = BigDecimal.ZERO;
        int a = 0;
        int c = 0;
        for (final Group group : groups) {
            if (a + group.rows() > r) {
                final int s = r - a;
                BigDecimal expectation = BigDecimal.ZERO;
                for (int j = 0; j <= Math.min(s, group.relevant()); j++) {
                    final BigInteger ways =
                            choose(group.relevant(), j).multiply(choose(group.rows() - group.relevant(), s - j));
                    if (c + j > 0) {
                        expectation = expectation.add(new BigDecimal(ways)
                                .divide(new BigDecimal(choose(group.rows(), s)), MathContext.DECIMAL128)
                                .multiply(sum.add(term(a, c, s, j)))
                                .divide(BigDecimal.valueOf(c + j), MathContext.DECIMAL128));
                    }
                }
                return expectation.doubleValue();
            }
            sum = sum.add(term(a, c, group.rows(), group.relevant()));
            a += group.rows();
            c += group.relevant();
        }
        return c == 0
                ? 0
                : sum.divide(BigDecimal.valueOf(c), MathContext.DECIMAL128).doubleValue();
    }

    private static BigDecimal term(final int a, final int c, final int s, final int j) {
        BigDecimal term = BigDecimal.ZERO;
        for (int i = 1; i <= s; i++) {
            final BigDecimal others = s == 1
                    ? BigDecimal.ZERO
                    : BigDecimal.valueOf((long) (i - 1) * (j - 1))
                            .divide(BigDecimal.valueOf(s - 1), MathContext.DECIMAL128);
            term = term.add(BigDecimal.valueOf(j)
                    .multiply(BigDecimal.valueOf(c + 1).add(others))
                    .divide(BigDecimal.valueOf((long) s * (a + i)), MathContext.DECIMAL128));
        }
        return term;
    }

    /** Binomial coefficient, 0 where {@code k} is none of 0…n. */
    public static BigInteger choose(final int n, final int k) {
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

package io.dpq.ranking;

/**
 * Average precision cut at rank R, ties included: AP@R = (Σ_{k≤R} precision@k · rel_k) / (relevant rows within the top R), 0
 * where there is none; its expectation over random orders of every group of tied rows (McSherry and Najork, "Computing
 * information retrieval performance measures efficiently in the presence of tied scores", ECIR 2008). Stateless.
 *
 * <p>A group of s rows at ranks a+1…a+s, j of them relevant, with c relevant rows before it, adds Σ_{i=1…s} (j/s) · (c + 1 +
 * (i−1)(j−1)/(s−1)) / (a+i). Where R cuts a group of n rows, m of them relevant, after its first s rows, j is hypergeometric,
 * and numerator and denominator depend on it together, so the quotient is averaged over j.
 */
public final class AveragePrecision {
    private AveragePrecision() {}

    /**
     * The expected AP.
     *
     * @param r the rank to cut at, at least 1; at least the rows of the ranking to cut nowhere
     */
    public static double of(final Ranking ranking, final long r) {
        double sum = 0;
        long rows = 0;
        long relevant = 0;
        for (int group = 0; group < ranking.groups() && rows < r; group++) {
            final long size = ranking.rows(group);
            if (size > r - rows) {
                return cut(sum, rows, relevant, size, ranking.relevant(group), r - rows);
            }
            if (ranking.relevant(group) > 0) {
                sum += new Sums(rows, size).term(relevant, ranking.relevant(group));
            }
            rows += size;
            relevant += ranking.relevant(group);
        }
        return relevant == 0 ? 0 : sum / relevant;
    }

    /** The quotient averaged over how many of the {@code m} relevant rows fall into the first {@code s} of {@code n}. */
    private static double cut(
            final double sum, final long before, final long relevant, final long n, final long m, final long s) {
        final Sums sums = new Sums(before, s);
        final long least = Math.max(0, s - (n - m));
        final long most = Math.min(m, s);
        // Weights relative to the mode, so that nothing overflows and what underflows is negligible.
        final long mode = Math.max(least, Math.min(most, (long) ((s + 1.0) * (m + 1.0) / (n + 2.0))));
        double weights = 0;
        double total = 0;
        double weight = 1;
        for (long j = mode; j <= most && weight > 0; j++) {
            weights += weight;
            total += weight * quotient(sum, sums, relevant, j);
            weight *= (double) (m - j) / (j + 1) * (s - j) / (n - m - s + j + 1);
        }
        weight = 1;
        for (long j = mode; j > least && weight > 0; j--) {
            weight *= (double) j / (m - j + 1) * (n - m - s + j) / (s - j + 1);
            weights += weight;
            total += weight * quotient(sum, sums, relevant, j - 1);
        }
        return total / weights;
    }

    private static double quotient(final double sum, final Sums sums, final long relevant, final long j) {
        return relevant + j == 0 ? 0 : (sum + sums.term(relevant, j)) / (relevant + j);
    }

    /** The two sums over a group's ranks from which its term follows for any numbers of relevant rows. */
    private static final class Sums {
        private final long size;
        private double inverse;
        private double weighted;

        /** Ranks {@code before}+1 … {@code before}+{@code size}. */
        Sums(final long before, final long size) {
            this.size = size;
            for (long i = 1; i <= size; i++) {
                inverse += 1.0 / (before + i);
                weighted += (i - 1.0) / (before + i);
            }
        }

        double term(final long relevantBefore, final long j) {
            final double slope = size == 1 ? 0 : (j - 1.0) / (size - 1.0);
            return (double) j / size * ((relevantBefore + 1.0) * inverse + slope * weighted);
        }
    }
}

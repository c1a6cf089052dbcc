package io.dpq.eval;

/**
 * Sums of the discount 1 / log2(k + 1) over ranks k (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
 * techniques", TOIS 2002). Immutable and thread-safe.
 */
final class Discounts {
    /** Sums kept at the most, 8 bytes each; later ranks are summed when they are asked for. */
    private static final int KEPT = 1 << 18;

    private final double[] sums;

    /** Prepares ranks up to {@code r}, as far as is kept. */
    Discounts(final long r) {
        sums = new double[(int) Math.min(KEPT, r) + 1];
        for (int rank = 1; rank < sums.length; rank++) {
            sums[rank] = sums[rank - 1] + of(rank);
        }
    }

    /** The sum over the ranks {@code before}+1 … {@code to}. */
    double sum(final long before, final long to) {
        final int last = sums.length - 1;
        if (to <= last) {
            return sums[(int) to] - sums[(int) before];
        }
        double sum = before < last ? sums[last] - sums[(int) before] : 0;
        for (long rank = Math.max(before, last) + 1; rank <= to; rank++) {
            sum += of(rank);
        }
        return sum;
    }

    private static double of(final long rank) {
        return Math.log(2) / Math.log1p((double) rank);
    }
}

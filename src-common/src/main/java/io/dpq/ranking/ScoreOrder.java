package io.dpq.ranking;

import java.util.Arrays;

/** Sorts indices by falling score, equal scores by rising index. Stateless. */
public final class ScoreOrder {
    private ScoreOrder() {}

    /**
     * The order of the first {@code size} scores. Sorts primitive keys made of the score's leading bits and the index, then
     * mends the rare neighbours that differ only in the bits the index displaced.
     *
     * @param scores no NaN
     */
    public static int[] falling(final double[] scores, final int size) {
        final int bits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, size - 1));
        final long mask = (1L << bits) - 1;
        final long[] keys = new long[size];
        for (int i = 0; i < size; i++) {
            keys[i] = (ascending(-scores[i]) & ~mask) | i;
        }
        Arrays.sort(keys);
        final int[] order = new int[size];
        int from = 0;
        for (int i = 0; i < size; i++) {
            order[i] = (int) (keys[i] & mask);
            if (i + 1 == size || (keys[i] & ~mask) != (keys[i + 1] & ~mask)) {
                mend(order, from, i + 1, scores);
                from = i + 1;
            }
        }
        return order;
    }

    /** Bits that compare as signed numbers the way the doubles do; adding 0 turns −0 into 0. */
    private static long ascending(final double value) {
        final long bits = Double.doubleToLongBits(value + 0.0);
        return bits ^ ((bits >> 63) & Long.MAX_VALUE);
    }

    private static void mend(final int[] order, final int from, final int to, final double[] scores) {
        for (int i = from + 1; i < to; i++) {
            if (scores[order[i]] > scores[order[i - 1]]) {
                final Integer[] run = new Integer[to - from];
                Arrays.setAll(run, k -> order[from + k]);
                Arrays.sort(run, (a, b) -> {
                    final int byScore = Double.compare(scores[b], scores[a]);
                    return byScore != 0 ? byScore : Integer.compare(a, b);
                });
                for (int k = 0; k < run.length; k++) {
                    order[from + k] = run[k];
                }
                return;
            }
        }
    }
}

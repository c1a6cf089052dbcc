package io.dpq.ranking;

import java.util.Arrays;

/** Sorts indices by falling score, equal scores by rising index. Stateless. */
public final class ScoreOrder {
    private ScoreOrder() {}

    /** Fewer scores are sorted sooner than dealt out. */
    private static final int FEW = 64;
    /** Buckets whose counts stay in the nearest cache. */
    private static final int COARSE = 4096;

    /**
     * The beginning of {@link #falling}: the order of the {@code wanted} best scores and perhaps of some that follow them. Three
     * passes find out which scores may be among them, so that all others are never put in order.
     *
     * @param scores no NaN
     */
    public static int[] first(final double[] scores, final int size, final long wanted) {
        if (size < 2 * COARSE || wanted >= size / 2) {
            return falling(scores, size);
        }
        final Spread spread = Spread.of(scores, size, COARSE);
        if (!spread.deals()) {
            return falling(scores, size);
        }
        final int[] counts = new int[COARSE];
        for (int i = 0; i < size; i++) {
            counts[spread.bucket(scores[i])]++;
        }
        int last = 0;
        int kept = counts[0];
        while (kept < wanted) {
            kept += counts[++last];
        }
        final int[] indices = new int[kept];
        final double[] best = new double[kept];
        int next = 0;
        for (int i = 0; i < size; i++) {
            if (spread.bucket(scores[i]) <= last) {
                indices[next] = i;
                best[next++] = scores[i];
            }
        }
        final int[] order = falling(best, kept);
        for (int i = 0; i < kept; i++) {
            order[i] = indices[order[i]];
        }
        return order;
    }

    /**
     * The order of the first {@code size} scores. They are dealt out to as many buckets between the largest and the smallest,
     * which takes linear time where they spread at all evenly; each bucket is then put in order, one that got many by sorting.
     *
     * @param scores no NaN
     */
    public static int[] falling(final double[] scores, final int size) {
        final Spread spread = Spread.of(scores, size, size);
        return size < FEW || !spread.deals() ? sorted(scores, size) : dealt(scores, size, spread);
    }

    /** How scores are dealt out to buckets of even width, the highest to the first. */
    private record Spread(double highest, double factor) {
        static Spread of(final double[] scores, final int size, final int buckets) {
            double highest = Double.NEGATIVE_INFINITY;
            double lowest = Double.POSITIVE_INFINITY;
            for (int i = 0; i < size; i++) {
                highest = Math.max(highest, scores[i]);
                lowest = Math.min(lowest, scores[i]);
            }
            return new Spread(highest, (buckets - 1) / (highest - lowest));
        }

        /** Not where scores are infinite or all the same. */
        boolean deals() {
            return factor > 0 && factor < Double.MAX_VALUE;
        }

        /** Rounding keeps the order: no step of this makes of the larger score the larger bucket. */
        int bucket(final double score) {
            return (int) ((highest - score) * factor);
        }
    }

    private static int[] dealt(final double[] scores, final int size, final Spread spread) {
        final int[] buckets = new int[size];
        final int[] next = new int[size + 1];
        for (int i = 0; i < size; i++) {
            buckets[i] = spread.bucket(scores[i]);
            next[buckets[i] + 1]++;
        }
        for (int i = 0; i < size; i++) {
            next[i + 1] += next[i];
        }
        final int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[next[buckets[i]]++] = i;
        }
        // Each bucket now begins where the one before it ends.
        int from = 0;
        for (int bucket = 0; bucket < size; bucket++) {
            final int to = next[bucket];
            if (to - from > FEW) {
                sort(scores, order, from, to);
            } else if (to - from > 1) {
                insert(scores, order, from, to);
            }
            from = to;
        }
        return order;
    }

    /** Stable, so that equal scores keep the order of their indices. */
    private static void insert(final double[] scores, final int[] order, final int from, final int to) {
        for (int i = from + 1; i < to; i++) {
            final int index = order[i];
            final double score = scores[index];
            int at = i;
            for (; at > from && scores[order[at - 1]] < score; at--) {
                order[at] = order[at - 1];
            }
            order[at] = index;
        }
    }

    private static void sort(final double[] scores, final int[] order, final int from, final int to) {
        final int[] indices = Arrays.copyOfRange(order, from, to);
        final double[] few = new double[indices.length];
        for (int i = 0; i < few.length; i++) {
            few[i] = scores[indices[i]];
        }
        final int[] sorted = sorted(few, few.length);
        for (int i = 0; i < few.length; i++) {
            order[from + i] = indices[sorted[i]];
        }
    }

    /**
     * Sorts primitive keys made of the score's leading bits and the index, then mends the rare neighbours that differ only in
     * the bits the index displaced.
     */
    private static int[] sorted(final double[] scores, final int size) {
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

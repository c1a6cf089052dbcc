package io.dpq.image;

import java.util.Arrays;

/**
 * For each output position of a resampling, the first input position, how many follow, and their integer weights, which are not
 * negative and sum to 2^{@value #PRECISION} but for their rounding.
 *
 * @param taps weights kept for each output position
 * @param first input positions
 * @param count of weights that count
 * @param weight {@code taps} for each output position, zeros behind those that count
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
record Weights(int taps, int[] first, int[] count, int[] weight) {
    /** 32 bits less 8 of the value and 2 of headroom, so that a weighted sum fits an int. */
    static final int PRECISION = 22;

    /** Of a triangle filter whose support grows with the reduction. */
    static Weights between(final int in, final int out) {
        final double scale = (double) in / out;
        final double support = Math.max(1.0, scale);
        final int taps = (int) Math.ceil(support) * 2 + 1;
        final Weights weights = new Weights(taps, new int[out], new int[out], new int[out * taps]);
        final double[] raw = new double[taps];
        for (int i = 0; i < out; i++) {
            final double centre = (i + 0.5) * scale;
            final int from = Math.max(0, (int) (centre - support + 0.5));
            final int until = Math.min(in, (int) (centre + support + 0.5));
            double sum = 0;
            for (int k = from; k < until; k++) {
                raw[k - from] = Math.max(0.0, 1.0 - Math.abs((k - centre + 0.5) / support));
                sum += raw[k - from];
            }
            weights.first[i] = from;
            weights.count[i] = until - from;
            for (int k = 0; k < until - from; k++) {
                weights.weight[i * taps + k] = (int) (0.5 + raw[k] / sum * (1 << PRECISION));
            }
        }
        return weights;
    }

    /** The most weights that count for any position. */
    int most() {
        return Arrays.stream(count).max().orElse(0);
    }

    /** Of some of the output positions. */
    Weights window(final int from, final int positions) {
        return new Weights(
                taps,
                Arrays.copyOfRange(first, from, from + positions),
                Arrays.copyOfRange(count, from, from + positions),
                Arrays.copyOfRange(weight, from * taps, (from + positions) * taps));
    }
}

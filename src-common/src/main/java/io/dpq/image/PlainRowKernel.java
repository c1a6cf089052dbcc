package io.dpq.image;

import java.util.Arrays;

/** In plain Java. */
final class PlainRowKernel implements RowKernel {
    private static final int CHANNELS = 3;
    private static final int HALF = 1 << (Weights.PRECISION - 1);
    private static final int MAX = 255;

    /** What each value of Cr and Cb adds to Y, so that nothing is multiplied a pixel; green's parts are not yet rounded. */
    private static final int[] RED = new int[MAX + 1];

    private static final int[] BLUE = new int[MAX + 1];
    private static final int[] GREEN_OF_CB = new int[MAX + 1];
    private static final int[] GREEN_OF_CR = new int[MAX + 1];
    /** Sums from −{@value #CLAMP_ZERO} on, brought into 0…255. */
    private static final int[] CLAMPED = new int[1024];

    private static final int CLAMP_ZERO = 384;

    static {
        for (int value = 0; value <= MAX; value++) {
            final int centred = value - Ycc.CENTRE;
            RED[value] = (Ycc.CR_TO_R * centred + Ycc.HALF) >> Ycc.FIXED;
            BLUE[value] = (Ycc.CB_TO_B * centred + Ycc.HALF) >> Ycc.FIXED;
            GREEN_OF_CB[value] = Ycc.CB_TO_G * centred + Ycc.HALF;
            GREEN_OF_CR[value] = Ycc.CR_TO_G * centred;
        }
        for (int i = 0; i < CLAMPED.length; i++) {
            CLAMPED[i] = Math.min(MAX, Math.max(0, i - CLAMP_ZERO));
        }
    }

    @Override
    public void rgb(final byte[] ycc, final int pixels, final int[] rgb) {
        for (int at = 0; at < CHANNELS * pixels; at += CHANNELS) {
            final int luma = CLAMP_ZERO + (ycc[at] & MAX);
            final int cb = ycc[at + 1] & MAX;
            final int cr = ycc[at + 2] & MAX;
            rgb[at] = CLAMPED[luma + RED[cr]];
            rgb[at + 1] = CLAMPED[luma + ((GREEN_OF_CB[cb] + GREEN_OF_CR[cr]) >> Ycc.FIXED)];
            rgb[at + 2] = CLAMPED[luma + BLUE[cb]];
        }
    }

    @Override
    public int[] factors(final Weights weights) {
        return weights.weight();
    }

    /** Two taps at a time: the loop over them is too short to be worth the compiler's unrolling. */
    @Override
    public void across(final int[] line, final Weights weights, final int[] factors, final int[] out) {
        for (int x = 0; x < weights.first().length; x++) {
            int r = HALF;
            int g = HALF;
            int b = HALF;
            int from = weights.first()[x] * CHANNELS;
            int tap = x * weights.taps();
            final int last = tap + weights.count()[x] - 1;
            while (tap < last) {
                final int one = factors[tap];
                final int two = factors[tap + 1];
                r += one * line[from] + two * line[from + 3];
                g += one * line[from + 1] + two * line[from + 4];
                b += one * line[from + 2] + two * line[from + 5];
                from += 2 * CHANNELS;
                tap += 2;
            }
            if (tap == last) {
                final int one = factors[tap];
                r += one * line[from];
                g += one * line[from + 1];
                b += one * line[from + 2];
            }
            final int at = x * CHANNELS;
            out[at] = r >> Weights.PRECISION;
            out[at + 1] = g >> Weights.PRECISION;
            out[at + 2] = b >> Weights.PRECISION;
        }
    }

    @Override
    public void down(
            final int[][] rows, final Weights weights, final int y, final byte[] out, final int to, final int values) {
        final int tap = y * weights.taps();
        // Row by row, which Java's compiler makes vector code of.
        final int[] sums = new int[values];
        Arrays.fill(sums, HALF);
        for (int k = 0; k < weights.count()[y]; k++) {
            add(weights.weight()[tap + k], rows[k], sums);
        }
        for (int i = 0; i < values; i++) {
            out[to + i] = (byte) (sums[i] >> Weights.PRECISION);
        }
    }

    private static void add(final int weight, final int[] row, final int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += weight * row[i];
        }
    }
}

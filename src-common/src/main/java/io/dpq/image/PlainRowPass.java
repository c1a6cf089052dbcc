package io.dpq.image;

/** In plain Java. */
final class PlainRowPass implements RowPass {
    private static final int CHANNELS = 3;
    private static final int HALF = 1 << (Weights.PRECISION - 1);

    @Override
    public void across(
            final byte[] in,
            final int inWidth,
            final int rows,
            final Weights weights,
            final int[] out,
            final int width) {
        for (int y = 0; y < rows; y++) {
            row(in, y * inWidth * CHANNELS, weights, out, y * width * CHANNELS, width);
        }
    }

    /** Two taps at a time: the loop over them is too short to be worth the compiler's unrolling. */
    private static void row(
            final byte[] in, final int row, final Weights weights, final int[] out, final int to, final int width) {
        final int[] weight = weights.weight();
        for (int x = 0; x < width; x++) {
            int r = HALF;
            int g = HALF;
            int b = HALF;
            int from = row + weights.first()[x] * CHANNELS;
            int tap = x * weights.taps();
            final int last = tap + weights.count()[x] - 1;
            while (tap < last) {
                final int one = weight[tap];
                final int two = weight[tap + 1];
                r += one * (in[from] & 0xFF) + two * (in[from + 3] & 0xFF);
                g += one * (in[from + 1] & 0xFF) + two * (in[from + 4] & 0xFF);
                b += one * (in[from + 2] & 0xFF) + two * (in[from + 5] & 0xFF);
                from += 2 * CHANNELS;
                tap += 2;
            }
            if (tap == last) {
                final int one = weight[tap];
                r += one * (in[from] & 0xFF);
                g += one * (in[from + 1] & 0xFF);
                b += one * (in[from + 2] & 0xFF);
            }
            final int at = to + x * CHANNELS;
            out[at] = r >> Weights.PRECISION;
            out[at + 1] = g >> Weights.PRECISION;
            out[at + 2] = b >> Weights.PRECISION;
        }
    }
}

package io.dpq.image;

import java.util.Arrays;

/**
 * Separable resampling with a triangle filter whose support grows with the reduction: area-weighted when shrinking,
 * bilinear when enlarging. The same rule as Pillow's BILINEAR. Weights are 22-bit integers and each pass rounds to 8 bits,
 * so every JVM computes the same bytes. Weights are not negative and sum to one but for their rounding, so that no sum leaves
 * the range of a byte.
 */
final class Resampler {
    private static final int CHANNELS = 3;
    /** 32 bits less 8 of the value and 2 of headroom, so that a weighted sum fits an int. */
    private static final int PRECISION = 22;

    private static final int HALF = 1 << (PRECISION - 1);

    private Resampler() {}

    static RgbImage resize(final RgbImage image, final int width, final int height) {
        if (image.height() == height) {
            return image.width() == width ? image : new RgbImage(width, height, bytes(across(image, width)));
        }
        // Whole numbers between the passes, though each is a byte: of these alone Java's compiler makes vector code.
        final int[] across = across(image, width);
        return new RgbImage(width, height, down(across, CHANNELS * width, image.height(), height));
    }

    private static int[] across(final RgbImage image, final int width) {
        final byte[] in = image.rgb();
        final int[] out = new int[CHANNELS * width * image.height()];
        if (image.width() == width) {
            for (int i = 0; i < out.length; i++) {
                out[i] = in[i] & 0xFF;
            }
            return out;
        }
        final Weights weights = Weights.between(image.width(), width);
        for (int y = 0; y < image.height(); y++) {
            across(in, y * image.width() * CHANNELS, weights, out, y * width * CHANNELS, width);
        }
        return out;
    }

    /** One row. Two taps at a time: the loop over them is too short to be worth the compiler's unrolling. */
    private static void across(
            final byte[] in, final int row, final Weights weights, final int[] out, final int to, final int width) {
        final int[] weight = weights.weight;
        for (int x = 0; x < width; x++) {
            int r = HALF;
            int g = HALF;
            int b = HALF;
            int from = row + weights.first[x] * CHANNELS;
            int tap = x * weights.taps;
            final int last = tap + weights.count[x] - 1;
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
            out[at] = r >> PRECISION;
            out[at + 1] = g >> PRECISION;
            out[at + 2] = b >> PRECISION;
        }
    }

    private static byte[] down(final int[] in, final int row, final int rows, final int height) {
        final Weights weights = Weights.between(rows, height);
        final byte[] out = new byte[row * height];
        final int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            for (int k = 0; k < weights.count[y]; k++) {
                add(weights.weight[y * weights.taps + k], in, (weights.first[y] + k) * row, sums);
            }
            final int to = y * row;
            for (int i = 0; i < row; i++) {
                out[to + i] = (byte) (sums[i] >> PRECISION);
            }
        }
        return out;
    }

    private static void add(final int weight, final int[] in, final int from, final int[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += weight * in[from + i];
        }
    }

    private static byte[] bytes(final int[] values) {
        final byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** For each output position, the first input position, how many follow, and their integer weights. */
    private static final class Weights {
        private final int taps;
        private final int[] first;
        private final int[] count;
        private final int[] weight;

        private Weights(final int out, final int taps) {
            this.taps = taps;
            this.first = new int[out];
            this.count = new int[out];
            this.weight = new int[out * taps];
        }

        static Weights between(final int in, final int out) {
            final double scale = (double) in / out;
            final double support = Math.max(1.0, scale);
            final Weights weights = new Weights(out, (int) Math.ceil(support) * 2 + 1);
            final double[] raw = new double[weights.taps];
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
                    weights.weight[i * weights.taps + k] = (int) (0.5 + raw[k] / sum * (1 << PRECISION));
                }
            }
            return weights;
        }
    }
}

package io.dpq.image;

import java.util.Arrays;

/**
 * Separable resampling with a triangle filter whose support grows with the reduction: area-weighted when shrinking,
 * bilinear when enlarging. The same rule as Pillow's BILINEAR. Weights are 22-bit integers and each pass rounds to 8 bits,
 * so every JVM computes the same bytes.
 */
final class Resampler {
    private static final int CHANNELS = 3;
    /** 32 bits less 8 of the value and 2 of headroom, so that a weighted sum fits an int. */
    private static final int PRECISION = 22;

    private static final int HALF = 1 << (PRECISION - 1);

    private Resampler() {}

    static RgbImage resize(final RgbImage image, final int width, final int height) {
        final RgbImage across =
                image.width() == width ? image : horizontal(image, Weights.between(image.width(), width), width);
        return image.height() == height ? across : vertical(across, Weights.between(image.height(), height), height);
    }

    private static RgbImage horizontal(final RgbImage image, final Weights weights, final int width) {
        final byte[] in = image.rgb();
        final byte[] out = new byte[CHANNELS * width * image.height()];
        int to = 0;
        for (int y = 0; y < image.height(); y++) {
            final int row = y * image.width() * CHANNELS;
            for (int x = 0; x < width; x++, to += CHANNELS) {
                int r = HALF;
                int g = HALF;
                int b = HALF;
                int from = row + weights.first[x] * CHANNELS;
                int w = x * weights.taps;
                for (int k = weights.count[x]; k > 0; k--, from += CHANNELS, w++) {
                    final int weight = weights.weight[w];
                    r += weight * (in[from] & 0xFF);
                    g += weight * (in[from + 1] & 0xFF);
                    b += weight * (in[from + 2] & 0xFF);
                }
                out[to] = byteOf(r);
                out[to + 1] = byteOf(g);
                out[to + 2] = byteOf(b);
            }
        }
        return new RgbImage(width, image.height(), out);
    }

    private static RgbImage vertical(final RgbImage image, final Weights weights, final int height) {
        final byte[] in = image.rgb();
        final int row = image.width() * CHANNELS;
        final byte[] out = new byte[row * height];
        final int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            for (int k = 0; k < weights.count[y]; k++) {
                final int weight = weights.weight[y * weights.taps + k];
                final int from = (weights.first[y] + k) * row;
                for (int i = 0; i < row; i++) {
                    sums[i] += weight * (in[from + i] & 0xFF);
                }
            }
            final int to = y * row;
            for (int i = 0; i < row; i++) {
                out[to + i] = byteOf(sums[i]);
            }
        }
        return new RgbImage(image.width(), height, out);
    }

    private static byte byteOf(final int sum) {
        return (byte) Math.min(255, Math.max(0, sum >> PRECISION));
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

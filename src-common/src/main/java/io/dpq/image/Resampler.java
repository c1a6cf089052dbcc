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
    private static final int PRECISION = Weights.PRECISION;

    private static final int HALF = 1 << (PRECISION - 1);

    private static final RowPass ROWS = RowPass.best();

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
        ROWS.across(in, image.width(), image.height(), Weights.between(image.width(), width), out, width);
        return out;
    }

    private static byte[] down(final int[] in, final int row, final int rows, final int height) {
        final Weights weights = Weights.between(rows, height);
        final byte[] out = new byte[row * height];
        final int[] sums = new int[row];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, HALF);
            for (int k = 0; k < weights.count()[y]; k++) {
                add(weights.weight()[y * weights.taps() + k], in, (weights.first()[y] + k) * row, sums);
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
}

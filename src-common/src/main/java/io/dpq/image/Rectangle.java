package io.dpq.image;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A part of an image.
 *
 * @param left first column
 * @param top first row
 * @param width columns
 * @param height rows
 */
record Rectangle(int left, int top, int width, int height) {
    private static final int CHANNELS = 3;

    /**
     * A random rectangle within an image: an area drawn evenly, the logarithm of its aspect drawn evenly, cut to the image where
     * it would not fit, at a place drawn evenly. StrictMath, so that every JVM draws the same.
     *
     * @param least share of the image's area
     * @param most share of the image's area
     * @param oblong largest ratio of the sides
     */
    static Rectangle ofArea(
            final int imageWidth,
            final int imageHeight,
            final double least,
            final double most,
            final double oblong,
            final RandomGenerator random) {
        final double area = imageWidth * (double) imageHeight * (least + (most - least) * random.nextDouble());
        final double aspect = StrictMath.pow(oblong, 2 * random.nextDouble() - 1);
        final int width = within(Math.sqrt(area * aspect), imageWidth);
        final int height = within(Math.sqrt(area / aspect), imageHeight);
        return new Rectangle(
                random.nextInt(imageWidth - width + 1), random.nextInt(imageHeight - height + 1), width, height);
    }

    private static int within(final double length, final int most) {
        return (int) Math.min(most, Math.max(1, Math.round(length)));
    }

    /** This part of an image, resized to a square. */
    RgbImage resized(final RgbImage image, final int side) {
        final byte[] part = new byte[CHANNELS * width * height];
        for (int y = 0; y < height; y++) {
            System.arraycopy(
                    image.rgb(),
                    ((top + y) * image.width() + left) * CHANNELS,
                    part,
                    y * width * CHANNELS,
                    width * CHANNELS);
        }
        return Resampler.resize(new RgbImage(width, height, part), side, side);
    }

    /** Sets this part of a normalised square [3][side][side] to the mean colour. */
    void erase(final float[] out, final int offset, final int side) {
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int y = top; y < top + height; y++) {
                final int from = offset + (channel * side + y) * side + left;
                Arrays.fill(out, from, from + width, 0);
            }
        }
    }
}

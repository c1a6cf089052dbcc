package io.dpq.image;

import java.util.random.RandomGenerator;

/** Crops a resized image and normalises it into channel-first floats. Thread-safe. */
public final class Tensors {
    private static final int CHANNELS = 3;
    private static final int VALUES = 256;
    /** Bounds of erased rectangles: area as a share of the crop's, and aspect (arXiv 1708.04896). */
    private static final double LEAST_ERASED = 0.02;

    private static final double MOST_ERASED = 0.33;
    private static final double MOST_OBLONG_ERASED = 1 / 0.3;

    private final int crop;
    private final ColourJitter jitter;
    /** The normalised float of each of the 256 values, per channel: exact, and faster than dividing each pixel. */
    private final float[][] normalised = new float[CHANNELS][VALUES];

    /** For one contract. */
    public Tensors(final ImageContract contract) {
        this.crop = contract.crop();
        this.jitter = new ColourJitter(contract);
        for (int c = 0; c < CHANNELS; c++) {
            final double mean = contract.mean().get(c);
            final double deviation = contract.deviation().get(c);
            for (int v = 0; v < VALUES; v++) {
                normalised[c][v] = (float) ((v - mean) / deviation);
            }
        }
    }

    /** The centre crop, as every job but training sees it: [3][crop][crop] at {@code out[offset…]}. */
    public void centre(final RgbImage image, final float[] out, final int offset) {
        require(image);
        write(image, (image.width() - crop) / 2, (image.height() - crop) / 2, false, out, offset);
    }

    /**
     * The image as training sees it this time: [3][crop][crop] at {@code out[offset…]}. Draws from {@code random} only what is
     * asked for, in this order: the rectangle shown (area, aspect, left, top) or the crop's left and top; the factors of
     * brightness, contrast and saturation; the erased rectangle (whether, area, aspect, left, top). Equal draws give equal floats
     * on every JVM.
     *
     * @param mirrored whether left and right are exchanged this time ({@link Augmentation#mirrors})
     */
    public void augmented(
            final RgbImage image,
            final Augmentation augmentation,
            final boolean mirrored,
            final RandomGenerator random,
            final float[] out,
            final int offset) {
        final RgbImage shown = augmentation.minScale() < 1
                ? Rectangle.ofArea(image.width(), image.height(), augmentation.minScale(), 1, 4.0 / 3, random)
                        .resized(image, crop)
                : image;
        final int padding = augmentation.padding();
        final int spareX = shown.width() + 2 * padding - crop;
        final int spareY = shown.height() + 2 * padding - crop;
        if (spareX < 0 || spareY < 0) {
            throw tooSmall(image);
        }
        final boolean anywhere = augmentation.crop() && augmentation.minScale() == 1;
        final int left = (anywhere ? random.nextInt(spareX + 1) : spareX / 2) - padding;
        final int top = (anywhere ? random.nextInt(spareY + 1) : spareY / 2) - padding;
        write(shown, left, top, mirrored, out, offset);
        if (augmentation.jitters()) {
            jitter.apply(augmentation, random, out, offset);
        }
        if (augmentation.erase() > 0 && random.nextDouble() < augmentation.erase()) {
            Rectangle.ofArea(crop, crop, LEAST_ERASED, MOST_ERASED, MOST_OBLONG_ERASED, random)
                    .erase(out, offset, crop);
        }
    }

    private static IllegalArgumentException tooSmall(final RgbImage image) {
        return new IllegalArgumentException(
                "an image of " + image.width() + " x " + image.height() + " pixels has no such crop; resize it first");
    }

    private void require(final RgbImage image) {
        if (image.width() < crop || image.height() < crop) {
            throw tooSmall(image);
        }
    }

    private void write(
            final RgbImage image,
            final int left,
            final int top,
            final boolean mirrored,
            final float[] out,
            final int offset) {
        final boolean inside = left >= 0 && top >= 0 && left + crop <= image.width() && top + crop <= image.height();
        if (inside && !mirrored) {
            copy(image, left, top, out, offset);
            return;
        }
        final byte[] rgb = image.rgb();
        final int plane = crop * crop;
        for (int y = 0; y < crop; y++) {
            final int to = offset + y * crop;
            final int row = top + y;
            for (int x = 0; x < crop; x++) {
                final int column = mirrored ? left + crop - 1 - x : left + x;
                if (row < 0 || row >= image.height() || column < 0 || column >= image.width()) {
                    // The mean colour, normalised.
                    out[to + x] = 0;
                    out[to + plane + x] = 0;
                    out[to + 2 * plane + x] = 0;
                } else {
                    final int from = (row * image.width() + column) * CHANNELS;
                    out[to + x] = normalised[0][rgb[from] & 0xFF];
                    out[to + plane + x] = normalised[1][rgb[from + 1] & 0xFF];
                    out[to + 2 * plane + x] = normalised[2][rgb[from + 2] & 0xFF];
                }
            }
        }
    }

    /** What every job but training does, without a question at each pixel. */
    private void copy(final RgbImage image, final int left, final int top, final float[] out, final int offset) {
        final byte[] rgb = image.rgb();
        final int plane = crop * crop;
        final float[] red = normalised[0];
        final float[] green = normalised[1];
        final float[] blue = normalised[2];
        for (int y = 0; y < crop; y++) {
            int from = ((top + y) * image.width() + left) * CHANNELS;
            final int row = offset + y * crop;
            for (int to = row; to < row + crop; to++, from += CHANNELS) {
                out[to] = red[rgb[from] & 0xFF];
                out[to + plane] = green[rgb[from + 1] & 0xFF];
                out[to + 2 * plane] = blue[rgb[from + 2] & 0xFF];
            }
        }
    }
}

package io.dpq.image;

import java.util.random.RandomGenerator;

/** Crops a resized image and normalises it into channel-first floats. Thread-safe. */
public final class Tensors {
    private static final int CHANNELS = 3;
    private static final int VALUES = 256;

    private final int crop;
    /** The normalised float of each of the 256 values, per channel: exact, and faster than dividing each pixel. */
    private final float[][] normalised = new float[CHANNELS][VALUES];

    /** For one contract. */
    public Tensors(final ImageContract contract) {
        this.crop = contract.crop();
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
     * A random crop and mirroring, each where asked for, else the centre and no mirroring. Draws from {@code random} only
     * what is asked for: the crop's left, its top, then the mirroring.
     */
    public void augmented(
            final RgbImage image,
            final boolean randomCrop,
            final boolean randomFlip,
            final RandomGenerator random,
            final float[] out,
            final int offset) {
        require(image);
        final int spareX = image.width() - crop;
        final int spareY = image.height() - crop;
        final int left = randomCrop ? random.nextInt(spareX + 1) : spareX / 2;
        final int top = randomCrop ? random.nextInt(spareY + 1) : spareY / 2;
        write(image, left, top, randomFlip && random.nextBoolean(), out, offset);
    }

    private void require(final RgbImage image) {
        if (image.width() < crop || image.height() < crop) {
            throw new IllegalArgumentException("an image of " + image.width() + " x " + image.height()
                    + " pixels has no crop of " + crop + "; resize it first");
        }
    }

    private void write(
            final RgbImage image,
            final int left,
            final int top,
            final boolean mirrored,
            final float[] out,
            final int offset) {
        final byte[] rgb = image.rgb();
        final int plane = crop * crop;
        final int step = mirrored ? -CHANNELS : CHANNELS;
        final int firstColumn = mirrored ? left + crop - 1 : left;
        for (int y = 0; y < crop; y++) {
            int from = ((top + y) * image.width() + firstColumn) * CHANNELS;
            final int to = offset + y * crop;
            for (int x = 0; x < crop; x++, from += step) {
                out[to + x] = normalised[0][rgb[from] & 0xFF];
                out[to + plane + x] = normalised[1][rgb[from + 1] & 0xFF];
                out[to + 2 * plane + x] = normalised[2][rgb[from + 2] & 0xFF];
            }
        }
    }
}

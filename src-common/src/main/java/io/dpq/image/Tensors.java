package io.dpq.image;

import java.util.random.RandomGenerator;

/** Crops a resized image and normalises it into channel-first floats. Thread-safe. */
public final class Tensors {
    /** For one contract. */
    public Tensors(final ImageContract contract) {
        throw new UnsupportedOperationException();
    }

    /** The centre crop, as every job but training sees it: [3][crop][crop] at {@code out[offset…]}. */
    public void centre(final RgbImage image, final float[] out, final int offset) {
        throw new UnsupportedOperationException();
    }

    /** A random crop and mirroring, each where asked for, else the centre and no mirroring. */
    public void augmented(
            final RgbImage image,
            final boolean randomCrop,
            final boolean randomFlip,
            final RandomGenerator random,
            final float[] out,
            final int offset) {
        throw new UnsupportedOperationException();
    }
}

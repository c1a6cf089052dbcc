package io.dpq.image;

import java.io.Serializable;

/**
 * What training changes at random in every image, anew each time it is seen. Immutable and thread-safe.
 *
 * @param crop a random place of the crop instead of the centre
 * @param flip mirroring in every other epoch ({@link #mirrors})
 * @param minScale least share of the image's area that the crop shows, 0 (exclusive)…1; below 1 the crop is resized from a random
 *     rectangle of 3:4 to 4:3
 * @param padding pixels of the mean colour put around the image before cropping
 * @param brightness values are multiplied by a factor from 1 − brightness to 1 + brightness, 0…1
 * @param contrast likewise, of the distance from the crop's mean grey
 * @param saturation likewise, of each pixel's distance from its own grey
 * @param erase probability that a random rectangle is covered with the mean colour, 0…1 (arXiv 1708.04896)
 */
public record Augmentation(
        boolean crop,
        boolean flip,
        double minScale,
        int padding,
        double brightness,
        double contrast,
        double saturation,
        double erase)
        implements Serializable {
    /** Checks that the values are possible together. */
    public Augmentation {
        if (!(minScale > 0 && minScale <= 1) || padding < 0 || (minScale < 1 && padding > 0)) {
            throw new IllegalArgumentException("A crop is resized (" + minScale + ") or padded (" + padding + ").");
        }
        if (!crop && (minScale < 1 || padding > 0)) {
            throw new IllegalArgumentException("Only a random crop is resized or padded.");
        }
    }

    /** A random place and mirroring, where asked for, and nothing else. */
    public static Augmentation cropAndFlip(final boolean crop, final boolean flip) {
        return new Augmentation(crop, flip, 1, 0, 0, 0, 0, 0);
    }

    /** Whether every image is left as it is. */
    public boolean isNone() {
        return !crop && !flip && !jitters() && erase == 0;
    }

    /**
     * Whether an image is mirrored in an epoch: half of all images are in each, and each in every other one, so that two epochs
     * show both sides of all (Jordan, arXiv 2404.00498, section 3.6, "alternating flip").
     *
     * @param draw a number drawn for the image, the same in every epoch
     * @param epoch counted from any
     */
    public boolean mirrors(final long draw, final int epoch) {
        return flip && ((draw ^ epoch) & 1) == 0;
    }

    boolean jitters() {
        return brightness > 0 || contrast > 0 || saturation > 0;
    }
}

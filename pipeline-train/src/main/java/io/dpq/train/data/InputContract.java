package io.dpq.train.data;

import io.dpq.image.ImageContract;
import io.dpq.image.InputReader;
import java.io.Serializable;

/**
 * What training takes from a lake's rows, in a form that travels: images under a decode contract or vectors of a length, with
 * labels or without. Immutable and thread-safe.
 */
public final class InputContract implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String images;
    private final long maxBytes;
    private final int vectorLength;
    private final boolean labelled;

    /**
     * Names what is taken.
     *
     * @param images the decode contract, which vectors need not
     * @param vectorLength length of the vectors, or 0 for images
     * @param labelled whether labels are learnt; otherwise they are passed over
     */
    public InputContract(final ImageContract images, final int vectorLength, final boolean labelled) {
        this.images = ContractJson.write(images);
        this.maxBytes = images.maxBytes();
        this.vectorLength = vectorLength;
        this.labelled = labelled;
    }

    /** Labelled images. */
    static InputContract ofImages(final ImageContract images) {
        return new InputContract(images, 0, true);
    }

    /** What a frozen backbone yields of images: vectors of a length. */
    public static InputContract ofFeatures(final ImageContract images, final int length) {
        return new InputContract(images, length, true);
    }

    public ImageContract images() {
        return ContractJson.read(images);
    }

    long maxBytes() {
        return maxBytes;
    }

    public boolean vectors() {
        return vectorLength > 0;
    }

    boolean labelled() {
        return labelled;
    }

    /** What reads content as every job but training does; for one thread. */
    public InputReader reader() {
        return vectors() ? InputReader.ofVectors(vectorLength) : InputReader.ofImages(images());
    }
}

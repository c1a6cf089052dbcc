package io.dpq.image;

/** Decodes stored bytes under an {@link ImageContract}. Thread-safe. */
public final class ImageDecoder {
    /** A decoder for one contract. */
    public ImageDecoder(final ImageContract contract) {
        throw new UnsupportedOperationException();
    }

    /**
     * The image resized as the contract says, not yet cropped: {@code resize} × {@code resize} (stretch), or with its
     * shorter side {@code resize} (cover).
     */
    public RgbImage decode(final byte[] content) throws ImageRejectedException {
        throw new UnsupportedOperationException();
    }
}

package io.dpq.image;

/** Bytes that no decoder takes, with a stable reason for the quarantine table. */
public final class ImageRejectedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why an image was refused; the names are stored and never change meaning. */
    public enum Reason {
        /** Zero bytes. */
        EMPTY,
        /** Longer than image.max-bytes. */
        TOO_MANY_BYTES,
        /** The header promises more than image.max-pixels. */
        TOO_MANY_PIXELS,
        /** Not a format that can be read. */
        UNKNOWN_FORMAT,
        /** A known format whose content is damaged or cut off. */
        CORRUPT,
        /** The bytes could not be read from storage. */
        UNREADABLE,
        /** Decoding it did not end within encode.decode-timeout. */
        TOO_SLOW;

        /**
         * Why a lake gave an image of {@code length} bytes without its content: it reads none that is longer than {@code
         * maxBytes}.
         */
        public static Reason ofMissingContent(final long length, final long maxBytes) {
            return length > maxBytes ? TOO_MANY_BYTES : UNREADABLE;
        }
    }

    private final Reason reason;

    /** A refusal with what was seen. */
    public ImageRejectedException(final Reason reason, final String detail) {
        super(detail);
        this.reason = reason;
    }

    /** The stable reason. */
    public Reason reason() {
        return reason;
    }
}

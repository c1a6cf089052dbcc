package io.dpq.image;

import io.dpq.image.ImageRejectedException.Reason;
import java.io.IOException;

/**
 * Whose fault it is when decoding runs out of memory. What the header promises decides: an image that the heap could never
 * hold is refused, and so is one whose codec asked for far more than its pixels take; any other finds the process short of
 * memory, by other tasks or too small a heap, and must not be taken for a bad image.
 */
final class Shortage {
    /** Stored samples of up to 16 bits and four channels, then RGB, upright RGB and slack: more than any codec needs. */
    private static final long BYTES_PER_PIXEL = 16;

    private static final long MIB = 1L << 20;

    private Shortage() {}

    /**
     * The refusal of an image while decoding which the process ran out of memory; codecs wrap such an error like any other.
     * Throws what was thrown where that was not it, and an error that names the remedy where the image is not at fault.
     */
    static ImageRejectedException unlessOther(
            final Throwable thrown, final Format format, final int width, final int height, final long bytes)
            throws IOException {
        Throwable cause = thrown;
        while (cause != null && !(cause instanceof OutOfMemoryError)) {
            cause = cause.getCause();
        }
        if (cause == null) {
            if (thrown instanceof IOException io) {
                throw io;
            }
            throw (RuntimeException) thrown;
        }
        final Runtime runtime = Runtime.getRuntime();
        return judge(
                (OutOfMemoryError) cause,
                format + " of " + width + " x " + height + " pixels",
                BYTES_PER_PIXEL * width * height + 4 * bytes,
                runtime.maxMemory(),
                runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory());
    }

    /**
     * The rule itself.
     *
     * @param need bytes that the picture takes at the most
     * @param heap bytes of the heap
     * @param free bytes of it that are free now, after the decoder has let go of its own
     */
    static ImageRejectedException judge(
            final OutOfMemoryError thrown, final String what, final long need, final long heap, final long free) {
        if (need > heap / 2) {
            return new ImageRejectedException(
                    Reason.TOO_MANY_PIXELS,
                    what + ": decoding takes up to " + need / MIB + "MiB of a heap of " + heap / MIB
                            + "MiB; raise resources.executor-heap to have it");
        }
        if (free >= need) {
            return new ImageRejectedException(
                    Reason.CORRUPT, what + ": its content asks for far more memory than its pixels take");
        }
        final OutOfMemoryError shortage = new OutOfMemoryError("decoding a " + what + " takes up to " + need / MIB
                + "MiB, but " + free / MIB + "MiB of the heap of " + heap / MIB
                + "MiB are free; raise resources.executor-heap or lower resources.tasks-per-executor");
        shortage.initCause(thrown);
        throw shortage;
    }
}

package io.dpq.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The formats of the decode contract, told by their first bytes, never by a file name. */
enum Format {
    JPEG,
    PNG,
    GIF,
    BMP,
    WEBP,
    TIFF;

    private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    /** The format of some bytes, or null. */
    static @Nullable Format of(final byte[] content) {
        if (starts(content, 0, new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF})) {
            return JPEG;
        }
        if (starts(content, 0, PNG_SIGNATURE)) {
            return PNG;
        }
        if (starts(content, 0, ascii("GIF87a")) || starts(content, 0, ascii("GIF89a"))) {
            return GIF;
        }
        if (starts(content, 0, ascii("BM"))) {
            return BMP;
        }
        if (starts(content, 0, ascii("II*\0")) || starts(content, 0, ascii("MM\0*"))) {
            return TIFF;
        }
        return starts(content, 0, ascii("RIFF")) && starts(content, 8, ascii("WEBP")) ? WEBP : null;
    }

    /** Whether {@code content} has {@code expected} at {@code offset}. */
    static boolean starts(final byte[] content, final int offset, final byte[] expected) {
        return offset + expected.length <= content.length
                && Arrays.equals(content, offset, offset + expected.length, expected, 0, expected.length);
    }

    /** The bytes of an ASCII marker. */
    static byte[] ascii(final String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}

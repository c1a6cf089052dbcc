package io.dpq.image;

import io.dpq.image.ImageRejectedException.Reason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Structure of PNG, GIF and WebP files, checked before the codec runs: codecs differ in what they make of a file that is cut
 * off, and some fill the missing part silently.
 */
final class Containers {
    private static final int PNG_SIGNATURE = 8;
    private static final int CHUNK_FRAME = 12;
    private static final int RIFF_HEADER = 12;
    private static final int RIFF_CHUNK = 8;
    private static final int BMP_HEADER = 26;
    private static final int GIF_HEADER = 13;
    private static final int GIF_DESCRIPTOR = 10;

    private Containers() {}

    /** Checks the file as far as its first image goes and tells its EXIF orientation. */
    static int check(final Format format, final byte[] content) throws ImageRejectedException {
        return switch (format) {
            case PNG -> png(content);
            case WEBP -> webp(content);
            case GIF -> gif(content);
            case BMP, JPEG, TIFF -> Orientation.UPRIGHT;
        };
    }

    /** Pixels that the header of a BMP promises; 0 where it ends early. The codec answers a huge one with an overflow. */
    static long bmpPixels(final byte[] content) {
        if (content.length < BMP_HEADER) {
            return 0;
        }
        final ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        // The oldest header has 16-bit sides; in the others a negative height means rows from the top.
        return buffer.getInt(14) == 12
                ? (long) Short.toUnsignedInt(buffer.getShort(18)) * Short.toUnsignedInt(buffer.getShort(20))
                : Math.abs((long) buffer.getInt(18)) * Math.abs((long) buffer.getInt(22));
    }

    private static int png(final byte[] content) throws ImageRejectedException {
        final ByteBuffer buffer = ByteBuffer.wrap(content);
        final CRC32 crc = new CRC32();
        int orientation = Orientation.UPRIGHT;
        int at = PNG_SIGNATURE;
        while (at + CHUNK_FRAME <= content.length) {
            final int length = buffer.getInt(at);
            if (length < 0 || length > content.length - at - CHUNK_FRAME) {
                throw cutOff("PNG");
            }
            final int type = buffer.getInt(at + 4);
            // An upper-case first letter marks a chunk that a reader must understand; damage elsewhere is harmless.
            final boolean critical = (content[at + 4] & 0x20) == 0;
            if (critical) {
                crc.reset();
                crc.update(content, at + 4, length + 4);
                if ((int) crc.getValue() != buffer.getInt(at + 8 + length)) {
                    throw new ImageRejectedException(Reason.CORRUPT, "PNG with a wrong checksum");
                }
            }
            if (type == tag("eXIf")) {
                orientation = Orientation.read(Arrays.copyOfRange(content, at + 8, at + 8 + length), 0);
            }
            if (type == tag("IEND")) {
                return orientation;
            }
            at += CHUNK_FRAME + length;
        }
        throw cutOff("PNG");
    }

    private static int webp(final byte[] content) throws ImageRejectedException {
        final ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        final long promised = (content.length < RIFF_HEADER ? 0 : buffer.getInt(4) & 0xFFFFFFFFL) + RIFF_CHUNK;
        if (promised < RIFF_HEADER || promised > content.length) {
            throw cutOff("WebP");
        }
        long at = RIFF_HEADER;
        while (at + RIFF_CHUNK <= promised) {
            final int chunk = (int) at;
            final long length = buffer.getInt(chunk + 4) & 0xFFFFFFFFL;
            final long end = at + RIFF_CHUNK + length;
            if (end > promised) {
                throw cutOff("WebP");
            }
            if (Format.starts(content, chunk, Format.ascii("EXIF"))) {
                final int body = chunk + RIFF_CHUNK;
                final byte[] prefix = Format.ascii("Exif\0\0");
                final int start = Format.starts(content, body, prefix) ? body + prefix.length : body;
                return Orientation.read(Arrays.copyOfRange(content, start, Math.max(start, (int) end)), 0);
            }
            at = end + (length & 1);
        }
        return Orientation.UPRIGHT;
    }

    private static int gif(final byte[] content) throws ImageRejectedException {
        int at = GIF_HEADER + (content.length < GIF_HEADER ? 0 : colourTable(content[10]));
        while (at < content.length) {
            switch (content[at]) {
                case 0x21 -> at = subBlocksEnd(content, at + 2);
                case 0x2C -> {
                    if (at + GIF_DESCRIPTOR > content.length) {
                        throw cutOff("GIF");
                    }
                    // One byte of code length stands between the colour table and the data.
                    subBlocksEnd(content, at + GIF_DESCRIPTOR + colourTable(content[at + 9]) + 1);
                    return Orientation.UPRIGHT;
                }
                default ->
                    throw new ImageRejectedException(
                            Reason.CORRUPT, "GIF with a damaged or missing image before its first frame");
            }
        }
        throw cutOff("GIF");
    }

    private static int colourTable(final byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    private static int subBlocksEnd(final byte[] content, final int start) throws ImageRejectedException {
        int at = start;
        while (at < content.length) {
            final int length = content[at] & 0xFF;
            if (length == 0) {
                return at + 1;
            }
            at += length + 1;
        }
        throw cutOff("GIF");
    }

    private static int tag(final String name) {
        return ByteBuffer.wrap(Format.ascii(name)).getInt();
    }

    private static ImageRejectedException cutOff(final String format) {
        return new ImageRejectedException(Reason.CORRUPT, format + " cut off before its end");
    }
}

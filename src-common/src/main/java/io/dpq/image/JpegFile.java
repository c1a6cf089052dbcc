package io.dpq.image;

import io.dpq.image.ImageRejectedException.Reason;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Locale;

/**
 * The segments of a JPEG file, read by hand so that dimensions, colours and orientation are known before a pixel is
 * allocated, and so that the codec is given only what it needs: application segments (colour profiles, thumbnails, metadata
 * of broken tools) are where codecs differ and fail.
 *
 * @param width stored columns
 * @param height stored rows
 * @param colours what the components mean
 * @param orientation EXIF orientation 1…8
 * @param inScans whether several scans make up the image, so that a codec holds all coefficients until the last one
 * @param essential the file without application segments and comments
 */
@SuppressWarnings("ArrayRecordComponent") // Handed to the codec, never compared.
record JpegFile(int width, int height, Colours colours, int orientation, boolean inScans, byte[] essential) {
    /** What the components mean. "Inverted" is Adobe's habit of storing 255 - ink. */
    enum Colours {
        GREY,
        YCC,
        RGB,
        CMYK,
        CMYK_INVERTED,
        YCCK_INVERTED
    }

    private static final int SOF0 = 0xC0;
    private static final int SOF2 = 0xC2;
    private static final int DHT = 0xC4;
    private static final int JPG = 0xC8;
    private static final int DAC = 0xCC;
    private static final int SOF15 = 0xCF;
    private static final int RST0 = 0xD0;
    private static final int RST7 = 0xD7;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;
    private static final int APP15 = 0xEF;
    private static final int COM = 0xFE;
    private static final byte[] JFIF = Format.ascii("JFIF\0");
    private static final byte[] EXIF = Format.ascii("Exif\0\0");
    private static final byte[] ADOBE = Format.ascii("Adobe");
    /** A decoder paints the whole image anew for every scan; encoders make ten or so. */
    private static final int MOST_SCANS = 100;

    private static final int ADOBE_TRANSFORM = 11;
    private static final int NO_ADOBE = -1;

    /** Reads the segments up to the end of the image, which must be there. */
    static JpegFile parse(final byte[] content) throws ImageRejectedException {
        final ByteArrayOutputStream essential = new ByteArrayOutputStream(content.length);
        essential.write(content, 0, 2);
        int at = 2;
        int frame = -1;
        int scans = 0;
        boolean jfif = false;
        int adobe = NO_ADOBE;
        int orientation = Orientation.UPRIGHT;
        while (true) {
            final int marker = marker(content, at);
            at = markerEnd(content, at);
            if (marker == EOI) {
                essential.write(0xFF);
                essential.write(EOI);
                break;
            }
            final int length = unsignedShort(content, at);
            final int end = at + length;
            if (length < 2 || end > content.length) {
                throw cutOff();
            }
            final int body = at + 2;
            if (marker == APP0) {
                jfif |= Format.starts(content, body, JFIF);
            } else if (marker == APP1 && Format.starts(content, body, EXIF)) {
                orientation = Orientation.read(Arrays.copyOfRange(content, body + EXIF.length, end), 0);
            } else if (marker == APP14 && Format.starts(content, body, ADOBE) && body + ADOBE_TRANSFORM < end) {
                adobe = content[body + ADOBE_TRANSFORM] & 0xFF;
            } else if (isFrame(marker)) {
                if (marker > SOF2) {
                    throw new ImageRejectedException(
                            Reason.UNKNOWN_FORMAT,
                            String.format(
                                    Locale.ROOT, "JPEG of an unsupported coding process (marker FF%02X)", marker));
                }
                if (frame >= 0 || length < 8 || length < 8 + 3 * (content[body + 5] & 0xFF)) {
                    throw new ImageRejectedException(Reason.CORRUPT, "JPEG with a damaged frame header");
                }
                frame = body;
            }
            final boolean dropped = (marker >= APP0 && marker <= APP15) || marker == COM;
            if (!dropped) {
                essential.write(0xFF);
                essential.write(marker);
                essential.write(content, at, length);
            }
            at = end;
            if (marker == SOS) {
                if (frame < 0) {
                    throw new ImageRejectedException(Reason.CORRUPT, "JPEG with a scan before its frame header");
                }
                scans++;
                if (scans > MOST_SCANS) {
                    throw new ImageRejectedException(
                            Reason.UNKNOWN_FORMAT, "JPEG of more than " + MOST_SCANS + " scans");
                }
                at = entropyEnd(content, end);
                essential.write(content, end, at - end);
            }
        }
        if (frame < 0) {
            throw new ImageRejectedException(Reason.CORRUPT, "JPEG without an image");
        }
        if (content[frame] != 8) {
            throw new ImageRejectedException(
                    Reason.UNKNOWN_FORMAT, "JPEG of " + content[frame] + " bits a sample; 8 are supported");
        }
        return new JpegFile(
                unsignedShort(content, frame + 3),
                unsignedShort(content, frame + 1),
                colours(content, frame, jfif, adobe),
                orientation,
                scans > 1,
                essential.toByteArray());
    }

    /** The rules of libjpeg: JFIF decides, then Adobe's transform, then the component names. */
    private static Colours colours(final byte[] content, final int frame, final boolean jfif, final int adobe)
            throws ImageRejectedException {
        final int components = content[frame + 5];
        return switch (components) {
            case 1 -> Colours.GREY;
            case 3 -> {
                final boolean named =
                        content[frame + 6] == 'R' && content[frame + 9] == 'G' && content[frame + 12] == 'B';
                yield !jfif && (adobe == 0 || (adobe == NO_ADOBE && named)) ? Colours.RGB : Colours.YCC;
            }
            case 4 -> {
                if (adobe == NO_ADOBE) {
                    yield Colours.CMYK;
                }
                yield adobe == 2 ? Colours.YCCK_INVERTED : Colours.CMYK_INVERTED;
            }
            default -> throw new ImageRejectedException(Reason.UNKNOWN_FORMAT, "JPEG of " + components + " components");
        };
    }

    private static boolean isFrame(final int marker) {
        return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
    }

    /** The marker code at {@code at}, past fill bytes. */
    private static int marker(final byte[] content, final int at) throws ImageRejectedException {
        return content[markerEnd(content, at) - 1] & 0xFF;
    }

    private static int markerEnd(final byte[] content, final int at) throws ImageRejectedException {
        int next = at;
        // Stray bytes between segments are skipped, as every decoder does.
        while (next < content.length && content[next] != (byte) 0xFF) {
            next++;
        }
        while (next < content.length && content[next] == (byte) 0xFF) {
            next++;
        }
        if (next >= content.length) {
            throw cutOff();
        }
        return next + 1;
    }

    /** Where entropy-coded data ends: at a marker that is neither a stuffed byte nor a restart. */
    private static int entropyEnd(final byte[] content, final int start) throws ImageRejectedException {
        for (int i = start; i + 1 < content.length; i++) {
            if (content[i] == (byte) 0xFF) {
                final int next = content[i + 1] & 0xFF;
                if (next != 0 && next != 0xFF && !(next >= RST0 && next <= RST7)) {
                    return i;
                }
            }
        }
        throw cutOff();
    }

    private static int unsignedShort(final byte[] content, final int at) throws ImageRejectedException {
        if (at + 2 > content.length) {
            throw cutOff();
        }
        return ((content[at] & 0xFF) << 8) | (content[at + 1] & 0xFF);
    }

    private static ImageRejectedException cutOff() {
        return new ImageRejectedException(Reason.CORRUPT, "JPEG cut off before its end marker");
    }
}

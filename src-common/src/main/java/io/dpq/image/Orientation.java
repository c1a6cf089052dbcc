package io.dpq.image;

import com.drew.lang.ByteArrayReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import com.drew.metadata.exif.ExifReader;

/** The EXIF orientation: which of the eight ways a camera was held, and the turn that sets the picture upright. */
final class Orientation {
    /** As stored. */
    static final int UPRIGHT = 1;

    /** The largest value that means something. */
    static final int LAST = 8;
    /** From this value on, rows and columns are exchanged. */
    private static final int FIRST_TRANSPOSED = 5;

    private static final int CHANNELS = 3;

    private Orientation() {}

    /** The orientation 1…8 that an EXIF block (a TIFF structure at {@code offset}) states; 1 where it states none that is valid. */
    static int read(final byte[] exif, final int offset) {
        final Metadata metadata = new Metadata();
        try {
            new ExifReader().extract(new ByteArrayReader(exif), metadata, offset);
        } catch (final RuntimeException e) {
            // A damaged note about the picture does not make the picture unreadable.
            return UPRIGHT;
        }
        final ExifIFD0Directory directory = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
        final Integer value = directory == null ? null : directory.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
        return value == null || value < UPRIGHT || value > LAST ? UPRIGHT : value;
    }

    /** Whether the upright picture is as wide as the stored one is high. */
    static boolean exchangesSides(final int orientation) {
        return orientation >= FIRST_TRANSPOSED;
    }

    /** The upright picture. */
    static RgbImage apply(final RgbImage stored, final int orientation) {
        if (orientation == UPRIGHT) {
            return stored;
        }
        final boolean transposed = orientation >= FIRST_TRANSPOSED;
        final int width = transposed ? stored.height() : stored.width();
        final int height = transposed ? stored.width() : stored.height();
        final int right = stored.width() - 1;
        final int bottom = stored.height() - 1;
        final byte[] in = stored.rgb();
        final byte[] out = new byte[in.length];
        int to = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++, to += CHANNELS) {
                final int column = switch (orientation) {
                    case 2, 3 -> right - x;
                    case 4 -> x;
                    case 5, 6 -> y;
                    default -> right - y;
                };
                final int row = switch (orientation) {
                    case 2 -> y;
                    case 3, 4 -> bottom - y;
                    case 5, 8 -> x;
                    default -> bottom - x;
                };
                System.arraycopy(in, (row * stored.width() + column) * CHANNELS, out, to, CHANNELS);
            }
        }
        return new RgbImage(width, height, out);
    }
}

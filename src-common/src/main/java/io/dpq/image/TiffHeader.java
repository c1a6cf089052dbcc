package io.dpq.image;

import com.twelvemonkeys.imageio.metadata.CompoundDirectory;
import com.twelvemonkeys.imageio.metadata.Directory;
import com.twelvemonkeys.imageio.metadata.Entry;
import com.twelvemonkeys.imageio.metadata.tiff.TIFF;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFReader;
import io.dpq.image.ImageRejectedException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Locale;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * What must be known of a TIFF's first page before the codec runs, because the codec allocates what these fields ask for.
 *
 * @param blockPixels pixels of a tile or strip, the unit in which the codec reads
 * @param orientation EXIF orientation 1…8
 */
record TiffHeader(long blockPixels, int orientation) {
    /** CMYK with transparency. */
    private static final int MOST_SAMPLES = 5;

    static TiffHeader read(final byte[] content) throws ImageRejectedException, IOException {
        final Directory page;
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
            final Directory all = new TIFFReader().read(stream);
            if (!(all instanceof CompoundDirectory pages) || pages.directoryCount() == 0) {
                throw new ImageRejectedException(Reason.CORRUPT, "TIFF without a page");
            }
            page = pages.getDirectory(0);
        }
        final long samples = number(page, TIFF.TAG_SAMPLES_PER_PIXEL, 1);
        if (samples < 1 || samples > MOST_SAMPLES) {
            throw new ImageRejectedException(Reason.UNKNOWN_FORMAT, "TIFF of " + samples + " samples a pixel");
        }
        final long width = number(page, TIFF.TAG_IMAGE_WIDTH, 0);
        final long height = number(page, TIFF.TAG_IMAGE_HEIGHT, 0);
        final long across = number(page, TIFF.TAG_TILE_WIDTH, width);
        final long down =
                number(page, TIFF.TAG_TILE_HEIGTH, Math.min(height, number(page, TIFF.TAG_ROWS_PER_STRIP, height)));
        if (width < 1
                || height < 1
                || across < 1
                || down < 1
                || across > Integer.MAX_VALUE
                || down > Integer.MAX_VALUE) {
            throw new ImageRejectedException(
                    Reason.CORRUPT,
                    "TIFF of " + width + " x " + height + " pixels in blocks of " + across + " x " + down);
        }
        final long orientation = number(page, TIFF.TAG_ORIENTATION, Orientation.UPRIGHT);
        return new TiffHeader(
                across * down,
                orientation < 1 || orientation > Orientation.LAST ? Orientation.UPRIGHT : (int) orientation);
    }

    /** A field's first value; the default where it is missing or no number. */
    private static long number(final Directory page, final int tag, final long missing) {
        final Entry entry = page.getEntryById(tag);
        return entry != null && entry.getValue() instanceof Number value ? value.longValue() : missing;
    }

    /** Whether a warning of the codec means that pixels are missing, rather than that a note about them is odd. */
    static boolean tellsOfLostPixels(final String warning) {
        final String text = warning.toLowerCase(Locale.ROOT);
        return !text.contains("profile") && !text.contains("exif") && !text.contains("metadata");
    }
}

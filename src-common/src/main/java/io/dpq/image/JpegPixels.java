package io.dpq.image;

import io.dpq.image.ImageRejectedException.Reason;
import java.awt.image.Raster;

/**
 * The raw components of a JPEG as RGB, by integer arithmetic of our own: codecs' colour conversions differ. YCC as in JFIF 1.02
 * (ITU-R BT.601), inks as light that is left.
 */
final class JpegPixels implements PixelRows {
    private static final int MAX = 255;
    private static final RowKernel KERNEL = RowKernel.best();

    private final Raster raster;
    private final JpegFile.Colours colours;
    private final int bands;
    private final byte[] row;
    /** Of a row with four components, the first three. */
    private final byte[] inks;

    /**
     * Of a decoded file.
     *
     * @param raster its components, 8 bits each
     * @throws ImageRejectedException where it has not as many as such colours have
     */
    JpegPixels(final Raster raster, final JpegFile.Colours colours) throws ImageRejectedException {
        this.raster = raster;
        this.colours = colours;
        this.bands = raster.getNumBands();
        this.inks = new byte[colours == JpegFile.Colours.YCCK_INVERTED ? 3 * width() + RowKernel.SLACK : 0];
        this.row = new byte[bands * raster.getWidth() + RowKernel.SLACK];
        final int expected = switch (colours) {
            case GREY -> 1;
            case YCC, RGB -> 3;
            case CMYK, CMYK_INVERTED, YCCK_INVERTED -> 4;
        };
        if (bands != expected) {
            throw new ImageRejectedException(Reason.CORRUPT, "JPEG whose decoder returned " + bands + " components");
        }
    }

    @Override
    public int width() {
        return raster.getWidth();
    }

    @Override
    public int height() {
        return raster.getHeight();
    }

    @Override
    public void read(final int y, final int[] rgb) {
        raster.getDataElements(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
        switch (colours) {
            case GREY -> grey(rgb);
            case RGB -> plain(rgb);
            case YCC -> KERNEL.rgb(row, width(), rgb);
            case CMYK -> inks(rgb, MAX);
            case CMYK_INVERTED -> inks(rgb, 0);
            case YCCK_INVERTED -> {
                // The first three are the YCC form of 255 - CMY as Adobe stores it: inverted inks again.
                for (int x = 0; x < width(); x++) {
                    System.arraycopy(row, 4 * x, inks, 3 * x, 3);
                }
                KERNEL.rgb(inks, width(), rgb);
                for (int i = 0; i < 3 * width(); i++) {
                    rgb[i] = Pixels.share(MAX - rgb[i], row[i / 3 * 4 + 3] & MAX);
                }
            }
        }
    }

    private void grey(final int[] rgb) {
        for (int x = 0; x < width(); x++) {
            final int value = row[x] & MAX;
            rgb[3 * x] = value;
            rgb[3 * x + 1] = value;
            rgb[3 * x + 2] = value;
        }
    }

    private void plain(final int[] rgb) {
        for (int i = 0; i < 3 * width(); i++) {
            rgb[i] = row[i] & MAX;
        }
    }

    /** Of four inks; {@code full} is the value of one that covers the paper. */
    private void inks(final int[] rgb, final int full) {
        for (int i = 0, to = 0; i < bands * width(); i += bands, to += 3) {
            final int white = Math.abs(full - (row[i + 3] & MAX));
            rgb[to] = Pixels.share(Math.abs(full - (row[i] & MAX)), white);
            rgb[to + 1] = Pixels.share(Math.abs(full - (row[i + 1] & MAX)), white);
            rgb[to + 2] = Pixels.share(Math.abs(full - (row[i + 2] & MAX)), white);
        }
    }
}

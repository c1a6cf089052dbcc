package io.dpq.image;

import io.dpq.image.ImageRejectedException.Reason;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.PackedColorModel;
import java.awt.image.Raster;

/**
 * Decoded samples to 8-bit RGB by integer arithmetic of our own: the JDK's colour conversions apply profiles (a stored grey
 * of 128 becomes 188) and may differ between builds. Colour profiles are not applied, as in every common training pipeline.
 * Transparent pixels are laid on white.
 */
final class Pixels {
    private static final int CHANNELS = 3;
    private static final int MAX = 255;
    private static final int MAX_BITS = 16;

    private Pixels() {}

    /** A decoded PNG, GIF, BMP, WebP or TIFF. */
    static RgbImage of(final BufferedImage image) throws ImageRejectedException {
        final int width = image.getWidth();
        final int height = image.getHeight();
        final byte[] rgb = new byte[CHANNELS * width * height];
        final ColorModel model = image.getColorModel();
        if (model instanceof IndexColorModel palette) {
            indexed(image.getRaster(), palette, rgb);
        } else if (model.getComponentSize(0) > MAX_BITS) {
            throw new ImageRejectedException(
                    Reason.UNKNOWN_FORMAT, "samples of " + model.getComponentSize(0) + " bits; 16 are supported");
        } else if (model.getColorSpace().getType() == ColorSpace.TYPE_CMYK) {
            inks(image.getRaster(), model, rgb);
        } else if (model instanceof ComponentColorModel && image.getRaster().getNumBands() <= 4) {
            components(image.getRaster(), model, rgb);
        } else if (model instanceof PackedColorModel) {
            packed(image.getRaster(), model, rgb);
        } else {
            throw new ImageRejectedException(Reason.UNKNOWN_FORMAT, "pixels of an unsupported kind: " + model);
        }
        return new RgbImage(width, height, rgb);
    }

    private static void indexed(final Raster raster, final IndexColorModel palette, final byte[] rgb) {
        final int[] colours = new int[palette.getMapSize()];
        palette.getRGBs(colours);
        final int[] row = new int[raster.getWidth()];
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getSamples(raster.getMinX(), raster.getMinY() + y, row.length, 1, 0, row);
            for (final int index : row) {
                argb(rgb, to, colours[index]);
                to += CHANNELS;
            }
        }
    }

    /** CMYK as TIFF stores it, ink on white; a fifth sample, if any, is transparency. */
    private static void inks(final Raster raster, final ColorModel model, final byte[] rgb) {
        final int bands = raster.getNumBands();
        final boolean alpha = model.hasAlpha() && bands > 4;
        final int max = (1 << model.getComponentSize(0)) - 1;
        final int[] row = new int[bands * raster.getWidth()];
        final int[] light = new int[4];
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            for (int i = 0; i < row.length; i += bands, to += CHANNELS) {
                for (int ink = 0; ink < light.length; ink++) {
                    light[ink] = MAX - scaled(row[i + ink], max);
                }
                final int opaque = alpha ? scaled(row[i + 4], max) : MAX;
                put(
                        rgb,
                        to,
                        onWhite(share(light[0], light[3]), opaque, false),
                        onWhite(share(light[1], light[3]), opaque, false),
                        onWhite(share(light[2], light[3]), opaque, false));
            }
        }
    }

    private static void components(final Raster raster, final ColorModel model, final byte[] rgb) {
        final int bands = raster.getNumBands();
        final boolean colour = bands >= 3;
        final boolean alpha = bands == 2 || bands == 4;
        final int max = (1 << model.getComponentSize(0)) - 1;
        final int[] row = new int[bands * raster.getWidth()];
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            for (int i = 0; i < row.length; i += bands, to += CHANNELS) {
                final int opaque = alpha ? scaled(row[i + bands - 1], max) : MAX;
                final boolean premultiplied = model.isAlphaPremultiplied();
                final int r = onWhite(scaled(row[i], max), opaque, premultiplied);
                final int g = colour ? onWhite(scaled(row[i + 1], max), opaque, premultiplied) : r;
                final int b = colour ? onWhite(scaled(row[i + 2], max), opaque, premultiplied) : r;
                put(rgb, to, r, g, b);
            }
        }
    }

    private static void packed(final Raster raster, final ColorModel model, final byte[] rgb) {
        Object element = null;
        int to = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            for (int x = 0; x < raster.getWidth(); x++, to += CHANNELS) {
                element = raster.getDataElements(raster.getMinX() + x, raster.getMinY() + y, element);
                argb(rgb, to, model.getRGB(element));
            }
        }
    }

    private static void argb(final byte[] rgb, final int to, final int argb) {
        final int opaque = argb >>> 24;
        put(
                rgb,
                to,
                onWhite((argb >> 16) & MAX, opaque, false),
                onWhite((argb >> 8) & MAX, opaque, false),
                onWhite(argb & MAX, opaque, false));
    }

    /** A sample of any depth, to the nearest of 0…255. */
    private static int scaled(final int value, final int max) {
        return max == MAX ? value : (int) ((value * (long) MAX + max / 2) / max);
    }

    private static int onWhite(final int value, final int opaque, final boolean premultiplied) {
        if (opaque == MAX) {
            return value;
        }
        final int lit = premultiplied ? value : share(value, opaque);
        return Math.min(MAX, lit + MAX - opaque);
    }

    /** {@code a · b / 255}, to the nearest. */
    static int share(final int a, final int b) {
        return (a * b + MAX / 2) / MAX;
    }

    private static void put(final byte[] rgb, final int to, final int r, final int g, final int b) {
        rgb[to] = (byte) r;
        rgb[to + 1] = (byte) g;
        rgb[to + 2] = (byte) b;
    }
}

package io.dpq.image;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Encoded images made by the JDK's writers, and the contract they are decoded under. */
final class Samples {
    private Samples() {}

    static ImageContract contract(final ImageContract.Fit fit, final int resize) {
        return new ImageContract(
                ImageContract.VERSION,
                fit,
                resize,
                resize,
                List.of(0.0, 0.0, 0.0),
                List.of(1.0, 1.0, 1.0),
                1_000_000,
                4 << 20);
    }

    static ImageDecoder stretch(final int resize) {
        return new ImageDecoder(contract(ImageContract.Fit.STRETCH, resize));
    }

    /** A picture without symmetry: red grows to the right, green downwards, blue is a checkerboard. */
    static BufferedImage picture(final int side) {
        final BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                image.setRGB(x, y, rgb(x, y, side));
            }
        }
        return image;
    }

    static int rgb(final int x, final int y, final int side) {
        return (255 * x / (side - 1)) << 16 | (255 * y / (side - 1)) << 8 | ((x / 4 + y / 4) % 2 * 200 + 20);
    }

    static byte[] encode(final BufferedImage image, final String format) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (!ImageIO.write(image, format, bytes)) {
                throw new IllegalStateException("no writer for " + format);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A JPEG of raw components, written without any colour conversion or marker that names one. */
    static byte[] rawJpeg(final int bands, final int side, final int... values) {
        final WritableRaster raster = Raster.createInterleavedRaster(0, side, side, bands, null);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                raster.setPixel(x, y, values);
            }
        }
        return jpeg(new IIOImage(raster, null, null), false);
    }

    static byte[] progressive(final BufferedImage image) {
        return jpeg(new IIOImage(image, null, null), true);
    }

    private static byte[] jpeg(final IIOImage image, final boolean progressive) {
        final ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
            final ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(1.0f);
            if (progressive) {
                param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
            }
            writer.setOutput(stream);
            writer.write(null, image, param);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** A JPEG with a segment put right after its start marker. */
    static byte[] withSegment(final byte[] jpeg, final int marker, final byte[] body) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(jpeg, 0, 2);
        out.write(0xFF);
        out.write(marker);
        out.write((body.length + 2) >> 8);
        out.write(body.length + 2);
        out.writeBytes(body);
        out.write(jpeg, 2, jpeg.length - 2);
        return out.toByteArray();
    }

    static byte[] adobe(final int transform) {
        final byte[] body = new byte[12];
        System.arraycopy(Format.ascii("Adobe"), 0, body, 0, 5);
        body[6] = 100;
        body[11] = (byte) transform;
        return body;
    }

    static byte[] exif(final int orientation) {
        final byte[] tiff = {
            'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
        };
        final byte[] body = new byte[6 + tiff.length];
        System.arraycopy(Format.ascii("Exif\0\0"), 0, body, 0, 6);
        System.arraycopy(tiff, 0, body, 6, tiff.length);
        return body;
    }

    static int at(final RgbImage image, final int x, final int y) {
        final int i = 3 * (y * image.width() + x);
        return (image.rgb()[i] & 0xFF) << 16 | (image.rgb()[i + 1] & 0xFF) << 8 | image.rgb()[i + 2] & 0xFF;
    }

    static int[] all(final RgbImage image) {
        final int[] pixels = new int[image.width() * image.height()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = at(image, i % image.width(), i / image.width());
        }
        return pixels;
    }

    static int[] all(final BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    /** Pixels as {@code 0xRRGGBB}, dropping the alpha that AWT adds. */
    static int[] opaque(final int[] argb) {
        final int[] rgb = argb.clone();
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] &= 0xFFFFFF;
        }
        return rgb;
    }
}

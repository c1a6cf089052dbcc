package io.dpq.image;

import com.twelvemonkeys.imageio.plugins.tiff.TIFFImageReaderSpi;
import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import io.dpq.image.ImageRejectedException.Reason;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes stored bytes under an {@link ImageContract}. Thread-safe.
 *
 * <p>JPEG, PNG, GIF, BMP, WebP and TIFF are told by their content. Dimensions are checked before pixels are allocated; the
 * EXIF orientation is applied; grey, CMYK, 16-bit and palette samples become 8-bit RGB; transparency is laid on white; of an
 * animation the first frame and of a document the first page is taken; colour profiles are not applied. An image more than four times the target a side is
 * read at reduced scale, every s-th sample, so that memory depends on the target and not on the image. Everything after the
 * codec is integer arithmetic: equal samples give equal pixels on every JVM.
 */
public final class ImageDecoder {
    /** Samples kept for each target pixel and side when a large image is read at reduced scale. */
    private static final int OVERSAMPLING = 4;
    /** How many pixels one of a JPEG in several scans is taken for. */
    private static final int IN_SCANS = 4;
    /** Longest aspect that COVER accepts: a strip a pixel wide would otherwise grow to gigabytes. */
    private static final int MAX_ASPECT = 64;

    private static final String JDK_READERS = "com.sun.imageio.plugins.";

    private final ImageContract contract;
    /**
     * The readers are chosen by hand, once: a look-up by content would depend on the class path, and on the thread's class
     * loader, which on a Spark executor does not always see the application's archive.
     */
    private final Map<Format, ImageReaderSpi> readers = new EnumMap<>(Format.class);

    /** A decoder for one contract. */
    public ImageDecoder(final ImageContract contract) {
        this.contract = contract;
        final Iterator<ImageReaderSpi> installed =
                IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (installed.hasNext()) {
            final ImageReaderSpi spi = installed.next();
            final String name = spi.getPluginClassName();
            for (final Format format : Format.values()) {
                if (name.equals(JDK_READERS + format.name().toLowerCase(Locale.ROOT) + "." + format + "ImageReader")) {
                    readers.put(format, spi);
                }
            }
        }
        readers.put(Format.WEBP, new WebPImageReaderSpi());
        // Not the JDK's, which knows neither CMYK nor tiles within bounds.
        readers.put(Format.TIFF, new TIFFImageReaderSpi());
        if (readers.size() != Format.values().length) {
            throw new IllegalStateException("this Java runtime lacks image readers; only these were found: "
                    + readers.keySet() + "; install a runtime with the module java.desktop");
        }
    }

    /**
     * The image resized as the contract says, not yet cropped: {@code resize} × {@code resize} (stretch), or with its
     * shorter side {@code resize} (cover).
     *
     * @throws OutOfMemoryError where the process is short of memory for a picture that it could hold: no fault of the image
     */
    public RgbImage decode(final byte[] content) throws ImageRejectedException {
        return picture(content, this::resized).image();
    }

    /**
     * A decoded image.
     *
     * @param image resized as the contract says, whole or cropped
     * @param width pixels across of the stored image, as it is seen
     * @param height pixels down
     */
    public record Picture(RgbImage image, int width, int height) {}

    /** The centre crop of what {@link #decode} gives, with the size that the image is stored in. */
    public Picture centre(final byte[] content) throws ImageRejectedException {
        return picture(content, this::cropped);
    }

    private Picture picture(final byte[] content, final Function<PixelRows, RgbImage> resize)
            throws ImageRejectedException {
        if (content.length == 0) {
            throw new ImageRejectedException(Reason.EMPTY, "zero bytes");
        }
        if (content.length > contract.maxBytes()) {
            throw new ImageRejectedException(
                    Reason.TOO_MANY_BYTES, content.length + " bytes; image.max-bytes allows " + contract.maxBytes());
        }
        final Format format = Format.of(content);
        if (format == null) {
            throw new ImageRejectedException(Reason.UNKNOWN_FORMAT, "neither JPEG, PNG, GIF, BMP, WebP nor TIFF");
        }
        try {
            return format == Format.JPEG ? jpeg(content, resize) : other(format, content, resize);
        } catch (final IOException | RuntimeException e) {
            throw new ImageRejectedException(Reason.CORRUPT, format + ": " + describe(e));
        } catch (final StackOverflowError e) {
            throw new ImageRejectedException(Reason.CORRUPT, format + ": nested too deeply");
        }
    }

    private Picture jpeg(final byte[] content, final Function<PixelRows, RgbImage> resize)
            throws ImageRejectedException, IOException {
        final JpegFile file = JpegFile.parse(content);
        checkSize(file.width(), file.height());
        if (file.inScans()) {
            // The codec holds two bytes a sample outside of the heap, where nothing else bounds them.
            checkPixels(
                    (long) file.width() * file.height() * IN_SCANS,
                    file.width() + " x " + file.height() + " in several scans, each counted " + IN_SCANS + " times");
        }
        final ImageReader reader = reader(Format.JPEG);
        final List<String> damage = new ArrayList<>();
        // libjpeg paints over what it cannot read and only warns.
        reader.addIIOReadWarningListener((source, warning) -> {
            if (warning.startsWith("Corrupt JPEG data") && !warning.contains("extraneous bytes")) {
                damage.add(warning);
            }
        });
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file.essential()))) {
            reader.setInput(stream, true, true);
            final PixelRows stored =
                    new JpegPixels(reader.readRaster(0, reduced(reader, file.width(), file.height())), file.colours());
            if (!damage.isEmpty()) {
                throw new ImageRejectedException(Reason.CORRUPT, damage.get(0));
            }
            return picture(
                    resize.apply(upright(stored, file.orientation())), file.orientation(), file.width(), file.height());
        } catch (final OutOfMemoryError | IOException | RuntimeException e) {
            throw Shortage.unlessOther(e, Format.JPEG, file.width(), file.height(), content.length);
        } finally {
            reader.dispose();
        }
    }

    private Picture other(final Format format, final byte[] content, final Function<PixelRows, RgbImage> resize)
            throws ImageRejectedException, IOException {
        if (format == Format.BMP) {
            checkPixels(Containers.bmpPixels(content), "BMP");
        }
        final ImageReader reader = reader(format);
        // The library repairs what it can of a damaged file, and only warns.
        final List<String> damage = new ArrayList<>();
        int width = 0;
        int height = 0;
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
            final TiffHeader page = format == Format.TIFF ? TiffHeader.read(content) : null;
            if (page != null) {
                checkPixels(page.blockPixels(), "TIFF in blocks");
                reader.addIIOReadWarningListener((source, warning) -> damage.add(warning));
            }
            reader.setInput(stream, true, true);
            width = reader.getWidth(0);
            height = reader.getHeight(0);
            checkSize(width, height);
            final int orientation = page != null ? page.orientation() : Containers.check(format, content);
            final ImageReadParam param = reduced(reader, width, height);
            if (page != null) {
                // As stored: the library would otherwise convert by colour profiles.
                param.setDestinationType(reader.getRawImageType(0));
            }
            final BufferedImage image = reader.read(0, param);
            if (damage.stream().anyMatch(TiffHeader::tellsOfLostPixels)) {
                throw new ImageRejectedException(Reason.CORRUPT, damage.get(0));
            }
            return picture(resize.apply(upright(Pixels.of(image), orientation)), orientation, width, height);
        } catch (final OutOfMemoryError | IOException | RuntimeException e) {
            throw Shortage.unlessOther(e, format, width, height, content.length);
        } finally {
            reader.dispose();
        }
    }

    private ImageReader reader(final Format format) throws IOException {
        final ImageReaderSpi spi = readers.get(format);
        if (spi == null) {
            throw new IllegalStateException("no reader for " + format);
        }
        return spi.createReaderInstance();
    }

    private void checkSize(final int width, final int height) throws ImageRejectedException {
        if (width <= 0 || height <= 0) {
            throw new ImageRejectedException(Reason.CORRUPT, "a header of " + width + " x " + height + " pixels");
        }
        checkPixels((long) width * height, width + " x " + height);
        if (contract.fit() == ImageContract.Fit.COVER
                && Math.max(width, height) > (long) MAX_ASPECT * Math.min(width, height)) {
            throw new ImageRejectedException(
                    Reason.TOO_MANY_PIXELS,
                    width + " x " + height + " pixels; image.fit = cover allows an aspect of " + MAX_ASPECT + ":1");
        }
    }

    private void checkPixels(final long pixels, final String of) throws ImageRejectedException {
        if (pixels > contract.maxPixels()) {
            throw new ImageRejectedException(
                    Reason.TOO_MANY_PIXELS,
                    of + ": " + pixels + " pixels; image.max-pixels allows " + contract.maxPixels());
        }
    }

    /** Reads every s-th sample, the grid centred, where that leaves at least four samples a target pixel and side. */
    private ImageReadParam reduced(final ImageReader reader, final int width, final int height) {
        final int enough = OVERSAMPLING * contract.resize();
        final boolean cover = contract.fit() == ImageContract.Fit.COVER;
        final int across = Math.max(1, (cover ? Math.min(width, height) : width) / enough);
        final int down = Math.max(1, (cover ? Math.min(width, height) : height) / enough);
        final ImageReadParam param = reader.getDefaultReadParam();
        if (across > 1 || down > 1) {
            param.setSourceSubsampling(across, down, across / 2, down / 2);
        }
        return param;
    }

    private static PixelRows upright(final PixelRows stored, final int orientation) {
        return orientation == Orientation.UPRIGHT ? stored : Orientation.apply(stored.whole(), orientation);
    }

    private static Picture picture(final RgbImage image, final int orientation, final int width, final int height) {
        final boolean turned = Orientation.exchangesSides(orientation);
        return new Picture(image, turned ? height : width, turned ? width : height);
    }

    private RgbImage resized(final PixelRows image) {
        return Resampler.resize(image, across(image), down(image));
    }

    private RgbImage cropped(final PixelRows image) {
        final int width = across(image);
        final int height = down(image);
        final int crop = contract.crop();
        return Resampler.resize(
                image, width, height, new Rectangle((width - crop) / 2, (height - crop) / 2, crop, crop));
    }

    private int across(final PixelRows image) {
        return contract.fit() == ImageContract.Fit.STRETCH
                ? contract.resize()
                : scaled(image.width(), contract.resize(), Math.min(image.width(), image.height()));
    }

    private int down(final PixelRows image) {
        return contract.fit() == ImageContract.Fit.STRETCH
                ? contract.resize()
                : scaled(image.height(), contract.resize(), Math.min(image.width(), image.height()));
    }

    private static int scaled(final int length, final int side, final int shorter) {
        return (int) (((long) length * side + shorter / 2) / shorter);
    }

    private static String describe(final Exception e) {
        final String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }
}

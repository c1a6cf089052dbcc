package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dpq.image.ImageRejectedException.Reason;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final int SIDE = 16;

    private final ImageDecoder decoder = Samples.stretch(SIDE);

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp"})
    void losslessFormatsGiveThePixelsThatWereStored(final String format) throws Exception {
        final RgbImage decoded = decoder.decode(Samples.encode(Samples.picture(SIDE), format));
        assertThat(Samples.all(decoded)).isEqualTo(Samples.opaque(Samples.all(Samples.picture(SIDE))));
    }

    @Test
    void colourJpegEqualsTheReferenceDecoder() throws Exception {
        for (final byte[] jpeg :
                new byte[][] {Samples.encode(Samples.picture(SIDE), "jpg"), Samples.progressive(Samples.picture(SIDE))
                }) {
            final int[] reference = Samples.opaque(Samples.all(ImageIO.read(new ByteArrayInputStream(jpeg))));
            assertThat(Samples.all(decoder.decode(jpeg))).isEqualTo(reference);
        }
    }

    @Test
    void greyIsNotBrightened() throws Exception {
        final BufferedImage grey = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        grey.getRaster().setSample(3, 5, 0, 128);
        assertThat(Samples.at(decoder.decode(Samples.encode(grey, "png")), 3, 5))
                .isEqualTo(0x808080);
        assertThat(Samples.at(decoder.decode(Samples.rawJpeg(1, SIDE, 128)), 3, 5))
                .isEqualTo(0x808080);
    }

    @Test
    void sixteenBitsAreRoundedToEight() throws Exception {
        final BufferedImage deep = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_USHORT_GRAY);
        deep.getRaster().setSample(0, 0, 0, 128 * 257 + 128);
        deep.getRaster().setSample(1, 0, 0, 128 * 257 + 129);
        deep.getRaster().setSample(2, 0, 0, 65535);
        final RgbImage decoded = decoder.decode(Samples.encode(deep, "png"));
        assertThat(Samples.at(decoded, 0, 0)).isEqualTo(0x808080);
        assertThat(Samples.at(decoded, 1, 0)).isEqualTo(0x818181);
        assertThat(Samples.at(decoded, 2, 0)).isEqualTo(0xFFFFFF);
    }

    @Test
    void aJpegOfMoreScansThanAnyEncoderMakesIsRefused() {
        final byte[] jpeg = Samples.encode(Samples.picture(SIDE), "jpg");
        int scan = 0;
        while (jpeg[scan] != (byte) 0xFF || jpeg[scan + 1] != (byte) 0xDA) {
            scan++;
        }
        final ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, scan);
        for (int i = 0; i < 101; i++) {
            many.write(jpeg, scan, jpeg.length - 2 - scan);
        }
        many.write(jpeg, jpeg.length - 2, 2);
        assertThatThrownBy(() -> decoder.decode(many.toByteArray()))
                .isInstanceOfSatisfying(
                        ImageRejectedException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.UNKNOWN_FORMAT))
                .hasMessageContaining("more than 100 scans");
    }

    @Test
    void transparencyLiesOnWhite() throws Exception {
        final BufferedImage clear = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(0, 0, 0x00FF0000);
        clear.setRGB(1, 0, 0x80FF0000);
        clear.setRGB(2, 0, 0xFFFF0000);
        final RgbImage decoded = decoder.decode(Samples.encode(clear, "png"));
        assertThat(Samples.at(decoded, 0, 0)).isEqualTo(0xFFFFFF);
        assertThat(Samples.at(decoded, 1, 0)).isEqualTo(0xFF7F7F);
        assertThat(Samples.at(decoded, 2, 0)).isEqualTo(0xFF0000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "gif"})
    void palettesAreLookedUpAndTheirTransparentEntryIsWhite(final String format) throws Exception {
        final byte[] red = {0, (byte) 200, 30, 7};
        final byte[] green = {0, 10, (byte) 220, 7};
        final byte[] blue = {0, 20, 40, 7};
        final IndexColorModel palette = new IndexColorModel(2, 4, red, green, blue, 3);
        final BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_INDEXED, palette);
        for (int i = 0; i < 4; i++) {
            image.getRaster().setSample(i, 0, 0, i);
        }
        final RgbImage decoded = decoder.decode(Samples.encode(image, format));
        assertThat(Arrays.copyOf(Samples.all(decoded), 4)).containsExactly(0x000000, 0xC80A14, 0x1EDC28, 0xFFFFFF);
    }

    @ParameterizedTest
    @CsvSource({"-1, 0", "0, 1"})
    void cmykIsInkOnWhiteAndAdobesIsInverted(final int transform, final int inverted) throws Exception {
        final int[] inks = {255, 128, 0, 51};
        final int[] stored =
                Arrays.stream(inks).map(v -> inverted == 1 ? 255 - v : v).toArray();
        final byte[] plain = Samples.rawJpeg(4, SIDE, stored);
        final byte[] jpeg = transform < 0 ? plain : Samples.withSegment(plain, 0xEE, Samples.adobe(transform));
        // (255 - C)(255 - K) / 255 and so on, by hand.
        assertThat(Samples.at(decoder.decode(jpeg), 7, 7)).isEqualTo(0x0066CC);
    }

    @Test
    void ycckIsTurnedBackIntoInks() throws Exception {
        // Y 128 without colour is CMY 127 as inverted inks; K 255 inverted is no black.
        final byte[] jpeg = Samples.withSegment(Samples.rawJpeg(4, SIDE, 128, 128, 128, 255), 0xEE, Samples.adobe(2));
        assertThat(Samples.at(decoder.decode(jpeg), 7, 7)).isEqualTo(0x7F7F7F);
    }

    @Test
    void adobeWithoutTransformIsRgb() throws Exception {
        final byte[] jpeg = Samples.withSegment(Samples.rawJpeg(3, SIDE, 10, 200, 90), 0xEE, Samples.adobe(0));
        assertThat(Samples.at(decoder.decode(jpeg), 7, 7)).isEqualTo(0x0AC85A);
    }

    @Test
    void webpIsRead() throws Exception {
        final byte[] lossy = Base64.getDecoder().decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA");
        assertThat(decoder.decode(lossy).rgb()).hasSize(3 * SIDE * SIDE);
    }

    @ParameterizedTest
    @CsvSource({"1, RGBW", "2, GRWB", "3, WBGR", "4, BWRG", "5, RBGW", "6, BRWG", "7, WGBR", "8, GWRB"})
    void exifOrientationSetsThePictureUpright(final int orientation, final String quadrants) throws Exception {
        final BufferedImage stored = new BufferedImage(32, 16, BufferedImage.TYPE_INT_RGB);
        quadrant(stored, 0, 0, Color.RED);
        quadrant(stored, 16, 0, Color.GREEN);
        quadrant(stored, 0, 8, Color.BLUE);
        quadrant(stored, 16, 8, Color.WHITE);
        final byte[] jpeg = Samples.withSegment(Samples.progressive(stored), 0xE1, Samples.exif(orientation));
        final RgbImage upright = new ImageDecoder(Samples.contract(ImageContract.Fit.COVER, 16)).decode(jpeg);
        assertThat(upright.width()).isEqualTo(orientation > 4 ? 16 : 32);
        assertThat(upright.height()).isEqualTo(orientation > 4 ? 32 : 16);
        final StringBuilder seen = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            seen.append(name(Samples.at(
                    upright, upright.width() * (1 + i % 2 * 2) / 4, upright.height() * (1 + i / 2 * 2) / 4)));
        }
        assertThat(seen).hasToString(quadrants);
    }

    @Test
    void pngStatesItsOrientationInAChunk() throws Exception {
        final byte[] png = Samples.encode(Samples.picture(SIDE), "png");
        final byte[] tiff = Arrays.copyOfRange(Samples.exif(2), 6, Samples.exif(2).length);
        final ByteBuffer out = ByteBuffer.allocate(png.length + 12 + tiff.length);
        out.put(png, 0, 33).putInt(tiff.length).put(Format.ascii("eXIf")).put(tiff);
        final CRC32 crc = new CRC32();
        crc.update(Format.ascii("eXIf"));
        crc.update(tiff);
        out.putInt((int) crc.getValue()).put(png, 33, png.length - 33);
        assertThat(Samples.at(decoder.decode(out.array()), 2, 5)).isEqualTo(Samples.rgb(SIDE - 1 - 2, 5, SIDE));
    }

    private static void quadrant(final BufferedImage image, final int left, final int top, final Color colour) {
        for (int y = top; y < top + 8; y++) {
            for (int x = left; x < left + 16; x++) {
                image.setRGB(x, y, colour.getRGB());
            }
        }
    }

    private static char name(final int rgb) {
        final boolean red = (rgb >> 16) > 127;
        final boolean green = (rgb >> 8 & 255) > 127;
        return red && green ? 'W' : red ? 'R' : green ? 'G' : 'B';
    }

    @Test
    void thePictureTellsItsSizeAsItIsSeen() throws Exception {
        final byte[] wide = Samples.encode(new BufferedImage(40, 24, BufferedImage.TYPE_INT_RGB), "png");
        assertThat(decoder.centre(wide).width()).isEqualTo(40);
        assertThat(decoder.centre(wide).height()).isEqualTo(24);
        for (int orientation = 1; orientation <= 8; orientation++) {
            final ImageDecoder.Picture picture = decoder.centre(Samples.withSegment(
                    Samples.progressive(new BufferedImage(40, 24, BufferedImage.TYPE_INT_RGB)),
                    0xE1,
                    Samples.exif(orientation)));
            assertThat(picture.width()).isEqualTo(orientation < 5 ? 40 : 24);
            assertThat(picture.height()).isEqualTo(orientation < 5 ? 24 : 40);
        }
    }

    @Test
    void aPixelOfAJpegInScansCountsFourTimes() throws Exception {
        final BufferedImage picture = Samples.picture(SIDE);
        final byte[] progressive = Samples.progressive(picture);
        for (final int spared : new int[] {0, 1}) {
            final ImageDecoder strict = new ImageDecoder(new ImageContract(
                    ImageContract.VERSION,
                    ImageContract.Fit.STRETCH,
                    SIDE,
                    SIDE,
                    List.of(0.0, 0.0, 0.0),
                    List.of(1.0, 1.0, 1.0),
                    4L * SIDE * SIDE - spared,
                    1 << 20));
            assertThat(strict.decode(Samples.encode(picture, "jpg")).width()).isEqualTo(SIDE);
            if (spared == 0) {
                assertThat(strict.decode(progressive).width()).isEqualTo(SIDE);
            } else {
                assertThatThrownBy(() -> strict.decode(progressive))
                        .isInstanceOf(ImageRejectedException.class)
                        .hasMessageContaining("in several scans, each counted 4 times")
                        .extracting(e -> ((ImageRejectedException) e).reason())
                        .isEqualTo(Reason.TOO_MANY_PIXELS);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"STRETCH, 41, 24", "COVER, 41, 24", "COVER, 24, 41", "COVER, 33, 17", "STRETCH, 16, 16"})
    void theCentreIsTheMiddleOfTheWhole(final ImageContract.Fit fit, final int width, final int height)
            throws Exception {
        final int crop = 11;
        final ImageDecoder centred = new ImageDecoder(new ImageContract(
                ImageContract.VERSION,
                fit,
                16,
                crop,
                List.of(0.0, 0.0, 0.0),
                List.of(1.0, 1.0, 1.0),
                1 << 20,
                1 << 20));
        final BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        final Random random = new Random(width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, random.nextInt());
            }
        }
        for (final byte[] content : new byte[][] {
            Samples.encode(picture, "png"),
            Samples.encode(picture, "jpg"),
            Samples.withSegment(Samples.encode(picture, "jpg"), 0xE1, Samples.exif(6))
        }) {
            final RgbImage whole = centred.decode(content);
            final RgbImage middle = centred.centre(content).image();
            assertThat(middle.width()).isEqualTo(crop);
            assertThat(middle.height()).isEqualTo(crop);
            final int left = (whole.width() - crop) / 2;
            final int top = (whole.height() - crop) / 2;
            for (int y = 0; y < crop; y++) {
                final int from = 3 * ((top + y) * whole.width() + left);
                assertThat(Arrays.copyOfRange(middle.rgb(), 3 * y * crop, 3 * (y + 1) * crop))
                        .isEqualTo(Arrays.copyOfRange(whole.rgb(), from, from + 3 * crop));
            }
        }
    }

    @Test
    void coverKeepsTheAspect() throws Exception {
        final BufferedImage wide = new BufferedImage(50, 20, BufferedImage.TYPE_INT_RGB);
        final RgbImage decoded =
                new ImageDecoder(Samples.contract(ImageContract.Fit.COVER, 8)).decode(Samples.encode(wide, "png"));
        assertThat(decoded.width()).isEqualTo(20);
        assertThat(decoded.height()).isEqualTo(8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "jpg"})
    void largeImagesAreReadAtReducedScaleWithoutShift(final String format) throws Exception {
        final int side = 900;
        final BufferedImage ramp = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                ramp.setRGB(x, y, (255 * x / side) << 16 | (255 * y / side) << 8);
            }
        }
        final RgbImage small = decoder.decode(Samples.encode(ramp, format));
        for (int i = 1; i < SIDE - 1; i++) {
            final int expected = (int) (255 * (i + 0.5) / SIDE);
            assertThat(Samples.at(small, i, 8) >> 16).isBetween(expected - 3, expected + 3);
            assertThat(Samples.at(small, 8, i) >> 8 & 255).isBetween(expected - 3, expected + 3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "gif", "bmp", "jpg", "progressive"})
    void everyPrefixIsRefusedOrWhole(final String format) throws Exception {
        final byte[] whole = "progressive".equals(format)
                ? Samples.progressive(Samples.picture(SIDE))
                : Samples.encode(Samples.picture(SIDE), format);
        final RgbImage expected = decoder.decode(whole);
        for (int length = 1; length < whole.length; length++) {
            try {
                final RgbImage decoded = decoder.decode(Arrays.copyOf(whole, length));
                assertThat(decoded.rgb())
                        .as("%s cut to %d of %d", format, length, whole.length)
                        .isEqualTo(expected.rgb());
            } catch (final ImageRejectedException e) {
                assertThat(e.reason()).isIn(Reason.CORRUPT, Reason.UNKNOWN_FORMAT);
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(reasonOf(Arrays.copyOf(whole, whole.length / 2))).isEqualTo(Reason.CORRUPT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "gif", "bmp", "jpg"})
    void damageNeverEscapesAsAnythingButARefusal(final String format) throws Exception {
        final byte[] whole = Samples.encode(Samples.picture(SIDE), format);
        final Random random = new Random(7);
        for (int i = 0; i < 500; i++) {
            final byte[] damaged = whole.clone();
            for (int k = random.nextInt(4); k >= 0; k--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(decoder.decode(damaged).rgb()).hasSize(3 * SIDE * SIDE);
            } catch (final ImageRejectedException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void damagedScanDataIsCorruptThoughTheCodecOnlyWarns() {
        final byte[] jpeg = Samples.encode(Samples.picture(64), "jpg");
        final int middle = jpeg.length * 2 / 3;
        Arrays.fill(jpeg, middle, middle + 40, (byte) 0);
        Arrays.fill(jpeg, middle + 40, jpeg.length - 2, (byte) 0xFE);
        assertThat(reasonOf(jpeg)).isEqualTo(Reason.CORRUPT);
    }

    @Test
    void aPngWithAWrongChecksumIsCorrupt() {
        final byte[] png = Samples.encode(Samples.picture(SIDE), "png");
        png[png.length / 2] ^= 1;
        assertThat(reasonOf(png)).isEqualTo(Reason.CORRUPT);
    }

    @Test
    void reasonsAreStable() {
        final byte[] noise = new byte[300];
        new Random(1).nextBytes(noise);
        noise[0] = 0;
        assertThat(reasonOf(new byte[0])).isEqualTo(Reason.EMPTY);
        assertThat(reasonOf(noise)).isEqualTo(Reason.UNKNOWN_FORMAT);
        assertThat(reasonOf("no picture".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isEqualTo(Reason.UNKNOWN_FORMAT);
        assertThat(reasonOf(new byte[(4 << 20) + 1])).isEqualTo(Reason.TOO_MANY_BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "gif", "bmp", "jpg"})
    void aHeaderThatPromisesTooMuchIsRefusedBeforePixels(final String format) {
        final byte[] bomb = Samples.encode(Samples.picture(SIDE), format);
        final ByteBuffer header = ByteBuffer.wrap(bomb);
        switch (format) {
            case "png" -> {
                header.putInt(16, 60_000).putInt(20, 60_000);
                final CRC32 crc = new CRC32();
                crc.update(bomb, 12, 17);
                header.putInt(29, (int) crc.getValue());
            }
            case "bmp" ->
                header.order(ByteOrder.LITTLE_ENDIAN).putInt(18, 60_000).putInt(22, 60_000);
            case "gif" -> {
                final int frame = indexOf(bomb, 0x2C, 13 + (3 << ((bomb[10] & 7) + 1)));
                header.order(ByteOrder.LITTLE_ENDIAN)
                        .putShort(frame + 5, (short) 60_000)
                        .putShort(frame + 7, (short) 60_000);
            }
            default -> {
                int at = 2;
                while ((bomb[at + 1] & 0xFF) != 0xC0) {
                    at += 2 + (header.getShort(at + 2) & 0xFFFF);
                }
                header.putShort(at + 5, (short) 60_000).putShort(at + 7, (short) 60_000);
            }
        }
        assertThat(reasonOf(bomb)).isEqualTo(Reason.TOO_MANY_PIXELS);
    }

    private static int indexOf(final byte[] bytes, final int value, final int from) {
        int at = from;
        while (bytes[at] != value) {
            at++;
        }
        return at;
    }

    @Test
    void aStripIsRefusedWhereCoverWouldBlowItUp() {
        final byte[] strip = Samples.encode(new BufferedImage(1, 5000, BufferedImage.TYPE_INT_RGB), "png");
        final ImageRejectedException refused = catchThrowableOfType(
                ImageRejectedException.class,
                () -> new ImageDecoder(Samples.contract(ImageContract.Fit.COVER, 256)).decode(strip));
        assertThat(refused.reason()).isEqualTo(Reason.TOO_MANY_PIXELS);
    }

    @Test
    void decodersDoNotDependOnTheThreadsClassLoader() throws Exception {
        final Thread thread = Thread.currentThread();
        final ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(ClassLoader.getPlatformClassLoader());
        try {
            webpIsRead();
            assertThat(Samples.stretch(SIDE)
                            .decode(Samples.encode(Samples.picture(SIDE), "gif"))
                            .rgb())
                    .hasSize(3 * SIDE * SIDE);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private Reason reasonOf(final byte[] content) {
        return catchThrowableOfType(ImageRejectedException.class, () -> decoder.decode(content))
                .reason();
    }
}

package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pixels by an independent decoder, Pillow, of files that it wrote: {@code golden/make.py} makes both. */
class GoldenPixelsTest {
    private static final int SIDE = 24;

    /**
     * Lossless formats agree to the bit. Of others the arithmetic may round another way, and WebP decoders differ in how they
     * enlarge the halved chroma.
     */
    @ParameterizedTest
    @CsvSource({
        "colour.png, 0",
        "grey.png, 0",
        "clear.png, 0",
        "deep-grey.png, 0",
        "palette.png, 0",
        "clear-palette.png, 0",
        "animated.png, 0",
        "animated.gif, 0",
        "clear.gif, 0",
        "colour.bmp, 0",
        "lossless.webp, 0",
        "clear.webp, 0",
        "animated.webp, 0",
        "lzw.tif, 0",
        "grey-deflate.tif, 0",
        "clear.tif, 0",
        "pages.tif, 0",
        "grey.jpg, 1",
        "colour-444-progressive.jpg, 2",
        "turned.jpg, 2",
        "cmyk.jpg, 2",
        "colour-422.jpg, 3",
        "colour-420.jpg, 3",
        "lossy.webp, 8"
    })
    void pixelsAreThoseOfAnotherDecoder(final String file, final int most) throws Exception {
        final RgbImage decoded = Samples.stretch(SIDE).decode(read(file));
        final byte[] golden = ppm(file + ".ppm");
        int largest = 0;
        for (int i = 0; i < golden.length; i++) {
            largest = Math.max(largest, Math.abs((golden[i] & 0xFF) - (decoded.rgb()[i] & 0xFF)));
        }
        assertThat(decoded.rgb()).hasSameSizeAs(golden);
        assertThat(largest).isLessThanOrEqualTo(most);
    }

    /** A file that ends anywhere shows its whole picture or none; further frames and pages are no part of it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "clear-palette.png",
                "animated.png",
                "clear.gif",
                "lossless.webp",
                "clear.webp",
                "animated.webp",
                "lossy.webp",
                "lzw.tif",
                "pages.tif",
                "cmyk.jpg",
                "colour-420.jpg"
            })
    void aFileCutAnywhereIsRefusedOrWhole(final String file) throws Exception {
        final byte[] whole = read(file);
        final ImageDecoder decoder = Samples.stretch(SIDE);
        final byte[] expected = decoder.decode(whole).rgb();
        int refused = 0;
        for (int length = 0; length < whole.length; length++) {
            try {
                assertThat(decoder.decode(Arrays.copyOf(whole, length)).rgb())
                        .as("%s cut to %d of %d", file, length, whole.length)
                        .isEqualTo(expected);
            } catch (final ImageRejectedException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(whole.length / 3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "animated.png",
                "lossless.webp",
                "animated.webp",
                "lossy.webp",
                "lzw.tif",
                "pages.tif",
                "cmyk.jpg"
            })
    void damageIsRefusedOrShown(final String file) throws Exception {
        final byte[] whole = read(file);
        final ImageDecoder decoder = Samples.stretch(SIDE);
        final Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
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

    private static byte[] ppm(final String file) throws IOException {
        final byte[] content = read(file);
        final byte[] header = ("P6\n" + SIDE + " " + SIDE + "\n255\n").getBytes(StandardCharsets.US_ASCII);
        assertThat(content).startsWith(header).hasSize(header.length + 3 * SIDE * SIDE);
        return Arrays.copyOfRange(content, header.length, content.length);
    }

    private static byte[] read(final String file) throws IOException {
        try (InputStream in = GoldenPixelsTest.class.getResourceAsStream("golden/" + file)) {
            return in.readAllBytes();
        }
    }
}

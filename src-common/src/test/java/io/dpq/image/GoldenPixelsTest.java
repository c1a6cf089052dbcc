package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        "animated.gif, 0",
        "colour.bmp, 0",
        "lossless.webp, 0",
        "clear.webp, 0",
        "lzw.tif, 0",
        "grey-deflate.tif, 0",
        "clear.tif, 0",
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

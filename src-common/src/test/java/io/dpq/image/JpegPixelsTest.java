package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JpegPixelsTest {
    /**
     * Two pixels side by side, and the same exchanged in the row below. YCC (100, 90, 180) is (173, 76, 33) by hand; (200, 140,
     * 100) is (161, 216, 221).
     */
    @ParameterizedTest
    @CsvSource({
        "GREY, 7, 250, 7 7 7 250 250 250",
        "RGB, 1 2 3, 4 5 6, 1 2 3 4 5 6",
        "YCC, 100 90 180, 200 140 100, 173 76 33 161 216 221",
        // An ink of 51 leaves 204 of the light; black of 55 leaves 200 of 255 of that.
        "CMYK, 51 0 255 55, 10 20 30 0, 160 200 0 245 235 225",
        "CMYK_INVERTED, 204 255 0 200, 245 235 225 255, 160 200 0 245 235 225",
        // 255 less what YCC gives, of which black leaves 200 and 51 of 255.
        "YCCK_INVERTED, 100 90 180 200, 200 140 100 51, 64 140 174 19 8 7"
    })
    void componentsBecomeRgb(
            final JpegFile.Colours colours, final String left, final String right, final String expected)
            throws Exception {
        final int[] one = numbers(left);
        final int[] two = numbers(right);
        final WritableRaster raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 2, 2, one.length, null);
        raster.setPixel(0, 0, one);
        raster.setPixel(1, 0, two);
        raster.setPixel(0, 1, two);
        raster.setPixel(1, 1, one);
        final RgbImage image = new JpegPixels(raster, colours).whole();
        final int[] rgb = numbers(expected);
        final int[] seen = new int[12];
        Arrays.setAll(seen, i -> image.rgb()[i] & 255);
        assertThat(seen)
                .containsExactly(
                        rgb[0], rgb[1], rgb[2], rgb[3], rgb[4], rgb[5], rgb[3], rgb[4], rgb[5], rgb[0], rgb[1], rgb[2]);
    }

    private static int[] numbers(final String text) {
        return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
    }
}

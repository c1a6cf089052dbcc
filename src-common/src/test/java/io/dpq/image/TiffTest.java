package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TiffTest {
    private static final int SIDE = 16;

    private final ImageDecoder decoder = Samples.stretch(SIDE);

    @ParameterizedTest
    @CsvSource({"8, false", "8, true", "16, false", "16, true"})
    void colourIsThatWhichWasStored(final int bits, final boolean deflate) throws Exception {
        final RgbImage decoded = decoder.decode(TiffSamples.rgb(Samples.picture(SIDE), bits, deflate));
        assertThat(Samples.all(decoded)).isEqualTo(Samples.opaque(Samples.all(Samples.picture(SIDE))));
    }

    @Test
    void inksAreLaidOnWhite() throws Exception {
        // (255 - C)(255 - K) / 255 and so on, by hand.
        assertThat(Samples.at(decoder.decode(TiffSamples.cmyk(SIDE, 255, 128, 0, 51)), 7, 7))
                .isEqualTo(0x0066CC);
    }

    @Test
    void theOrientationIsApplied() throws Exception {
        final RgbImage decoded = decoder.decode(TiffSamples.rgb(Samples.picture(SIDE), 8, false, 2));
        assertThat(Samples.at(decoded, 2, 5)).isEqualTo(Samples.rgb(SIDE - 1 - 2, 5, SIDE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"strip-beyond-end", "strip-half-beyond-end", "compression-unknown", "samples-0"})
    void missingPixelsAreNotMadeUp(final String kind) {
        assertThatThrownBy(() -> decoder.decode(TiffSamples.bomb(kind))).isInstanceOf(ImageRejectedException.class);
    }

    @ParameterizedTest
    @CsvSource({"8, false", "16, true"})
    void everyPrefixIsRefusedOrWhole(final int bits, final boolean deflate) throws Exception {
        final byte[] whole = TiffSamples.rgb(Samples.picture(SIDE), bits, deflate);
        final RgbImage expected = decoder.decode(whole);
        for (int length = 1; length < whole.length; length += 3) {
            try {
                assertThat(decoder.decode(Arrays.copyOf(whole, length)).rgb())
                        .as("cut to %d of %d", length, whole.length)
                        .isEqualTo(expected.rgb());
            } catch (ImageRejectedException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}

package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ResamplerTest {
    @Test
    void enlargingIsBilinear() {
        final RgbImage two = new RgbImage(2, 1, new byte[] {0, 0, 0, 100, 100, 100});
        assertThat(Resampler.resize(two, 4, 1).rgb()).containsExactly(0, 0, 0, 25, 25, 25, 75, 75, 75, 100, 100, 100);
    }

    @Test
    void halvingWeighsByATriangle() {
        // Weights 1/8 3/8 3/8 1/8 within, 3/7 3/7 1/7 at the rim.
        final RgbImage line = new RgbImage(1, 4, new byte[] {0, 7, 70, 0, 7, 70, 56, 7, 0, 56, 7, 0});
        assertThat(Resampler.resize(line, 1, 2).rgb()).containsExactly(8, 7, 60, 48, 7, 10);
    }

    @Property(tries = 60)
    void agreesWithRealArithmeticToOneStep(
            @ForAll @IntRange(min = 1, max = 70) final int in,
            @ForAll @IntRange(min = 1, max = 70) final int out,
            @ForAll final long seed) {
        final byte[] values = new byte[3 * in];
        new Random(seed).nextBytes(values);
        final RgbImage resized = Resampler.resize(new RgbImage(in, 1, values), out, 1);
        final double scale = (double) in / out;
        final double support = Math.max(1, scale);
        for (int x = 0; x < out; x++) {
            double sum = 0;
            double weights = 0;
            for (int k = 0; k < in; k++) {
                final double weight = Math.max(0, 1 - Math.abs((k + 0.5 - (x + 0.5) * scale) / support));
                sum += weight * (values[3 * k] & 255);
                weights += weight;
            }
            assertThat((double) (resized.rgb()[3 * x] & 255)).isBetween(sum / weights - 0.6, sum / weights + 0.6);
        }
    }

    @Property(tries = 100)
    void aPartIsWhatTheWholeHasThere(
            @ForAll @IntRange(min = 1, max = 40) final int in,
            @ForAll @IntRange(min = 4, max = 40) final int out,
            @ForAll @IntRange(min = 0, max = 2) final int from,
            @ForAll final long seed) {
        final byte[] values = new byte[3 * in * (in + 1)];
        new Random(seed).nextBytes(values);
        final RgbImage image = new RgbImage(in, in + 1, values);
        final byte[] whole = Resampler.resize(image, out, out + 1).rgb();
        final RgbImage part = Resampler.resize(image, out, out + 1, new Rectangle(from, 1, out - 2, out - 1));
        for (int y = 0; y < out - 1; y++) {
            assertThat(Arrays.copyOfRange(part.rgb(), 3 * y * (out - 2), 3 * (y + 1) * (out - 2)))
                    .isEqualTo(Arrays.copyOfRange(
                            whole, 3 * ((y + 1) * out + from), 3 * ((y + 1) * out + from + out - 2)));
        }
    }

    @Property(tries = 30)
    void aFlatPictureStaysFlat(
            @ForAll @IntRange(min = 1, max = 300) final int in,
            @ForAll @IntRange(min = 1, max = 300) final int out,
            @ForAll final byte value) {
        final byte[] flat = new byte[3 * in];
        Arrays.fill(flat, value);
        for (final byte b : Resampler.resize(new RgbImage(1, in, flat), 2, out).rgb()) {
            assertThat(b).isEqualTo(value);
        }
    }
}

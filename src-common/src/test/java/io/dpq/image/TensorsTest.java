package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TensorsTest {
    private static final ImageContract CONTRACT = new ImageContract(
            1, ImageContract.Fit.STRETCH, 4, 2, List.of(100.0, 50.0, 0.0), List.of(2.0, 1.0, 4.0), 100, 100);

    private final Tensors tensors = new Tensors(CONTRACT);

    /** Red tells the position, green is 250, blue 8. */
    private static RgbImage image(final int width, final int height) {
        final byte[] rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            rgb[3 * i] = (byte) (i * 10);
            rgb[3 * i + 1] = (byte) 250;
            rgb[3 * i + 2] = 8;
        }
        return new RgbImage(width, height, rgb);
    }

    @Test
    void theCentreIsNormalisedChannelFirst() {
        final float[] out = new float[14];
        tensors.centre(image(4, 4), out, 1);
        assertThat(out).containsExactly(0, -25, -20, -5, 0, 200, 200, 200, 200, 2, 2, 2, 2, 0);
    }

    @Test
    void withoutAugmentationItIsTheCentreAndNothingIsDrawn() {
        final float[] centre = new float[12];
        final float[] out = new float[12];
        tensors.centre(image(5, 4), centre, 0);
        tensors.augmented(image(5, 4), false, false, null, out, 0);
        assertThat(out).isEqualTo(centre);
    }

    @Test
    void mirroringExchangesColumns() {
        final Set<Float> first = new HashSet<>();
        final SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 50; i++) {
            final float[] out = new float[12];
            tensors.augmented(image(4, 4), false, true, random, out, 0);
            first.add(out[0]);
            assertThat(Math.abs(out[0] - out[1])).isEqualTo(5);
        }
        assertThat(first).containsExactlyInAnyOrder(-25f, -20f);
    }

    @Test
    void randomCropsReachEveryPlaceAndNoOther() {
        final Set<Float> first = new HashSet<>();
        final SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 500; i++) {
            final float[] out = new float[12];
            tensors.augmented(image(4, 4), true, false, random, out, 0);
            first.add(out[0] * 2 + 100);
        }
        assertThat(first).containsExactlyInAnyOrder(0f, 10f, 20f, 40f, 50f, 60f, 80f, 90f, 100f);
    }

    @Test
    void anImageSmallerThanTheCropIsAMistake() {
        assertThatThrownBy(() -> tensors.centre(image(1, 4), new float[12], 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

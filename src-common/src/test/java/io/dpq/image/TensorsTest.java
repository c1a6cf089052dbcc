package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
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
        tensors.augmented(image(5, 4), Augmentation.cropAndFlip(false, false), false, new SplittableRandom(1), out, 0);
        assertThat(out).isEqualTo(centre);
    }

    @Test
    void mirroringExchangesColumns() {
        assertThat(augmented(image(4, 4), Augmentation.cropAndFlip(false, true), true))
                .containsExactly(-20, -25, 0, -5, 200, 200, 200, 200, 2, 2, 2, 2);
    }

    @Test
    void anImageIsMirroredInEveryOtherEpochAndOnlyWhereAskedFor() {
        final Augmentation flipping = Augmentation.cropAndFlip(false, true);
        for (long draw = -3; draw < 3; draw++) {
            for (int epoch = 0; epoch < 4; epoch++) {
                assertThat(flipping.mirrors(draw, epoch)).isNotEqualTo(flipping.mirrors(draw, epoch + 1));
                assertThat(Augmentation.cropAndFlip(true, false).mirrors(draw, epoch))
                        .isFalse();
            }
            assertThat(flipping.mirrors(draw, 1)).as("other images").isNotEqualTo(flipping.mirrors(draw + 1, 1));
        }
    }

    @Test
    void randomCropsReachEveryPlaceAndNoOther() {
        final Set<Float> first = new HashSet<>();
        final SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 500; i++) {
            final float[] out = new float[12];
            tensors.augmented(image(4, 4), Augmentation.cropAndFlip(true, false), false, random, out, 0);
            first.add(out[0] * 2 + 100);
        }
        assertThat(first).containsExactlyInAnyOrder(0f, 10f, 20f, 40f, 50f, 60f, 80f, 90f, 100f);
    }

    /** A random source that yields what it is given, and fails when asked for more. */
    private static RandomGenerator drawing(final double... values) {
        return new RandomGenerator() {
            private int next;

            @Override
            public long nextLong() {
                throw new AssertionError("nothing of this kind is drawn");
            }

            @Override
            public double nextDouble() {
                return values[next++];
            }

            @Override
            public int nextInt(final int bound) {
                final int drawn = (int) values[next++];
                assertThat(drawn).isBetween(0, bound - 1);
                return drawn;
            }
        };
    }

    private float[] augmented(
            final RgbImage image, final Augmentation augmentation, final boolean mirrored, final double... draws) {
        final float[] out = new float[14];
        tensors.augmented(image, augmentation, mirrored, drawing(draws), out, 1);
        assertThat(out[0]).isZero();
        assertThat(out[13]).isZero();
        return Arrays.copyOfRange(out, 1, 13);
    }

    @Test
    void paddingIsOfTheMeanColourAndReachesOutsideTheImage() {
        final Augmentation padded = new Augmentation(true, true, 1, 1, 0, 0, 0, 0);

        // The first corner: three of four pixels are padding, the last is the image's first.
        assertThat(augmented(image(2, 2), padded, false, 0, 0)).containsExactly(0, 0, 0, -50, 0, 0, 0, 200, 0, 0, 0, 2);
        // The opposite corner, mirrored: the image's last pixel comes to the right.
        assertThat(augmented(image(2, 2), padded, true, 2, 2)).containsExactly(0, -35, 0, 0, 0, 200, 0, 0, 0, 2, 0, 0);
        assertThat(augmented(image(2, 2), padded, false, 1, 1))
                .containsExactly(-50, -45, -40, -35, 200, 200, 200, 200, 2, 2, 2, 2);
    }

    @Test
    void aScaledCropIsTheRectangleDrawnResized() {
        final Augmentation scaled = new Augmentation(true, true, 0.25, 0, 0, 0, 0, 0);

        // A quarter of the area at aspect 1 is 2 x 2 pixels: no resizing, so that the pixels are exact.
        assertThat(augmented(image(4, 4), scaled, false, 0, 0.5, 1, 2))
                .containsExactly(-5, 0, 15, 20, 200, 200, 200, 200, 2, 2, 2, 2);
        // All of it: 4 x 4 onto 2 x 2 by the resampler of every image.
        final byte[] whole = Resampler.resize(image(4, 4), 2, 2).rgb();
        final float[] expected = new float[4];
        for (int i = 0; i < 4; i++) {
            expected[i] = ((whole[3 * i] & 0xFF) - 100) / 2f;
        }
        assertThat(Arrays.copyOf(augmented(image(4, 4), scaled, false, 1, 0.5, 0, 0), 4))
                .containsExactly(expected);
        // The widest aspect, 4:3, of half the area.
        assertThat(Rectangle.ofArea(40, 40, 0.5, 0.5, 4.0 / 3, drawing(0, 1, 7, 5)))
                .isEqualTo(new Rectangle(7, 5, 33, 24));
        assertThat(Rectangle.ofArea(40, 10, 1, 1, 4.0 / 3, drawing(0, 0, 0, 0)))
                .as("what does not fit is cut")
                .isEqualTo(new Rectangle(0, 0, 17, 10));
    }

    @Test
    void brightnessContrastAndSaturationFollowTheirFormulas() {
        final RgbImage grey = new RgbImage(2, 2, new byte[] {10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40});
        // Half as bright: red (5 - 100) / 2, green 5 - 50, blue 5 / 4, and so on.
        assertThat(augmented(grey, new Augmentation(false, false, 1, 0, 0.5, 0, 0, 0), false, 0))
                .containsExactly(
                        new float[] {-47.5f, -45, -42.5f, -40, -45, -40, -35, -30, 1.25f, 2.5f, 3.75f, 5},
                        within(1e-4f));
        // Twice the contrast about the mean grey of 25, cut at black.
        assertThat(augmented(grey, new Augmentation(false, false, 1, 0, 0, 1, 0, 0), false, 1))
                .containsExactly(
                        new float[] {-50, -42.5f, -32.5f, -22.5f, -50, -35, -15, 5, 0, 3.75f, 8.75f, 13.75f},
                        within(1e-4f));
        final RgbImage red = new RgbImage(2, 2, new byte[] {100, 0, 0, 100, 0, 0, 100, 0, 0, 100, 0, 0});
        // No saturation: every colour becomes its grey of 29.9.
        assertThat(augmented(red, new Augmentation(false, false, 1, 0, 0, 0, 1, 0), false, 0))
                .containsExactly(
                        new float[] {
                            -35.05f, -35.05f, -35.05f, -35.05f, -20.1f, -20.1f, -20.1f, -20.1f, 7.475f, 7.475f, 7.475f,
                            7.475f
                        },
                        within(1e-4f));
        // The middle of the range changes nothing.
        assertThat(augmented(red, new Augmentation(false, false, 1, 0, 0.4, 0.4, 0.4, 0), false, 0.5, 0.5, 0.5))
                .containsExactly(new float[] {0, 0, 0, 0, -50, -50, -50, -50, 0, 0, 0, 0}, within(1e-4f));
    }

    @Test
    void anErasedRectangleIsOfTheMeanColour() {
        final Augmentation erasing = new Augmentation(false, false, 1, 0, 0, 0, 0, 0.25);

        assertThat(augmented(image(2, 2), erasing, false, 0.25))
                .containsExactly(-50, -45, -40, -35, 200, 200, 200, 200, 2, 2, 2, 2);
        assertThat(augmented(image(2, 2), erasing, false, 0.2, 0, 0.5, 1, 0))
                .containsExactly(-50, 0, -40, -35, 200, 0, 200, 200, 2, 0, 2, 2);
        // A third of four pixels at the widest aspect is 2 x 1.
        assertThat(augmented(image(2, 2), erasing, false, 0.2, 1, 1, 0, 1))
                .containsExactly(-50, -45, 0, 0, 200, 200, 0, 0, 2, 2, 0, 0);
    }

    @Test
    void everythingTogetherDependsOnTheDrawsAlone() {
        final Augmentation all = new Augmentation(true, true, 0.3, 0, 0.4, 0.4, 0.4, 0.5);
        final float[][] runs = new float[3][12];
        for (int run = 0; run < 3; run++) {
            tensors.augmented(image(9, 7), all, true, new SplittableRandom(run / 2), runs[run], 0);
        }
        assertThat(runs[0]).isEqualTo(runs[1]).isNotEqualTo(runs[2]);
    }

    @Test
    void whatCannotBeTogetherIsRefused() {
        assertThatThrownBy(() -> new Augmentation(true, false, 0.5, 4, 0, 0, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Augmentation(false, false, 0.5, 0, 0, 0, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> tensors.augmented(
                        image(1, 1), Augmentation.cropAndFlip(true, true), false, drawing(), new float[12], 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anImageSmallerThanTheCropIsAMistake() {
        assertThatThrownBy(() -> tensors.centre(image(1, 4), new float[12], 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

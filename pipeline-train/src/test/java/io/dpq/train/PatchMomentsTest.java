package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PatchMomentsTest {
    private static final int SIDE = 64;

    /** Neighbours and channels that tell much the same, as those of photographs do. */
    private static float[] image(final long seed) {
        final Random random = new Random(seed);
        final float[] image = new float[3 * SIDE * SIDE];
        float last = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            last = 0.9f * last + (float) random.nextGaussian();
            for (int channel = 0; channel < 3; channel++) {
                image[channel * SIDE * SIDE + i] = last + 0.3f * (channel + 1) * (float) random.nextGaussian();
            }
        }
        return image;
    }

    @Test
    void whatTheFiltersSeeIsWhite() {
        final float[] image = image(5);
        final float[][] filters = PatchMoments.of(image).whitening();
        final double[][] moments = new double[12][12];
        double patches = 0;
        for (int y = 0; y + 1 < SIDE; y++) {
            for (int x = 0; x + 1 < SIDE; x++) {
                final double[] seen = new double[12];
                for (int f = 0; f < 12; f++) {
                    for (int value = 0; value < 12; value++) {
                        seen[f] += filters[f][value]
                                * image[value / 4 * SIDE * SIDE + (y + value / 2 % 2) * SIDE + x + value % 2];
                    }
                }
                for (int i = 0; i < 12; i++) {
                    for (int j = 0; j < 12; j++) {
                        moments[i][j] += seen[i] * seen[j];
                    }
                }
                patches++;
            }
        }
        for (int i = 0; i < 12; i++) {
            for (int j = 0; j < 12; j++) {
                // The smallest moment of a patch is about 0.05 and the mean one 6, of which the damping is a 2000th.
                assertThat(moments[i][j] / patches).isCloseTo(i == j ? 1 : 0, within(i == j ? 0.1 : 1e-3));
            }
        }
    }

    /** The scale of values is the image section's affair, and no filter's. */
    @Test
    void whatIsSeenDoesNotDependOnTheScaleOfValues() {
        final float[] image = image(6);
        final float[] loud = image.clone();
        for (int i = 0; i < loud.length; i++) {
            loud[i] *= 64;
        }
        final float[][] filters = PatchMoments.of(image).whitening();
        final float[][] ofLoud = PatchMoments.of(loud).whitening();
        for (int f = 0; f < filters.length; f++) {
            for (int value = 0; value < filters[f].length; value++) {
                assertThat(Math.abs(64 * ofLoud[f][value])).isCloseTo(Math.abs(filters[f][value]), within(1e-4f));
            }
        }
    }

    @Test
    void waysInWhichPatchesNeverDifferAreNotMadeLoud() {
        final float[][] filters = PatchMoments.of(new float[3 * 4 * 4]).whitening();
        for (final float[] filter : filters) {
            double length = 0;
            for (final float value : filter) {
                length += value * value;
            }
            assertThat(length).isCloseTo(1 / 5e-4, within(1e-2));
        }
    }
}

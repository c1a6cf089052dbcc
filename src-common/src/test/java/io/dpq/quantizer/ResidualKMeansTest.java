package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResidualKMeansTest {
    @Test
    void findsWellSeparatedClustersExactly() {
        final float[] centres = {-10, 0, 10, 0, 0, 10, 0, -10};
        final Random random = new Random(3);
        final float[] points = new float[400 * 2];
        for (int i = 0; i < 400; i++) {
            points[i * 2] = centres[i % 4 * 2] + (float) random.nextGaussian() * 0.1f;
            points[i * 2 + 1] = centres[i % 4 * 2 + 1] + (float) random.nextGaussian() * 0.1f;
        }
        final Codebooks codebooks = ResidualKMeans.fit(points, 400, 2, 1, 4, 10, 7);
        for (int cluster = 0; cluster < 4; cluster++) {
            double meanX = 0;
            double meanY = 0;
            for (int i = cluster; i < 400; i += 4) {
                meanX += points[i * 2] / 100.0;
                meanY += points[i * 2 + 1] / 100.0;
            }
            final short code = ResidualEncoderTest.encode(codebooks, new float[] {(float) meanX, (float) meanY}, 1)[0];
            assertThat(codebooks.value(0, code, 0)).isEqualTo((float) meanX, within(1e-5f));
            assertThat(codebooks.value(0, code, 1)).isEqualTo((float) meanY, within(1e-5f));
        }
    }

    @Test
    void everyLevelLowersTheErrorAndEveryCodewordIsUsed() {
        final float[] points = ResidualEncoderTest.gaussian(3000 * 8, new Random(4));
        final Codebooks codebooks = ResidualKMeans.fit(points, 3000, 8, 4, 32, 20, 1);
        final short[] codes = ResidualEncoderTest.encode(codebooks, points, 3000);
        final double[] errors = Reconstruction.meanSquaredErrors(codebooks, points, codes, 3000);
        for (int level = 1; level <= 4; level++) {
            assertThat(errors[level]).isLessThan(0.75 * errors[level - 1]);
            final Set<Short> used = new HashSet<>();
            for (int row = 0; row < 3000; row++) {
                used.add(codes[row * 4 + level - 1]);
            }
            assertThat(used).hasSize(32);
        }
    }

    @Test
    void moreStepsNeverRaiseTheError() {
        final float[] points = ResidualEncoderTest.gaussian(1000 * 5, new Random(5));
        double before = Double.POSITIVE_INFINITY;
        for (int iterations = 0; iterations <= 6; iterations++) {
            final Codebooks codebooks = ResidualKMeans.fit(points, 1000, 5, 1, 16, iterations, 9);
            final short[] codes = ResidualEncoderTest.encode(codebooks, points, 1000);
            final double error = Reconstruction.meanSquaredErrors(codebooks, points, codes, 1000)[1];
            assertThat(error).isLessThanOrEqualTo(before + 1e-9);
            before = error;
        }
    }

    @Test
    void sameSeedSameCodebooks() {
        final float[] points = ResidualEncoderTest.gaussian(500 * 3, new Random(6));
        final Codebooks first = ResidualKMeans.fit(points, 500, 3, 2, 8, 5, 11);
        assertThat(ResidualKMeans.fit(points, 500, 3, 2, 8, 5, 11)).isEqualTo(first);
        assertThat(ResidualKMeans.fit(points, 500, 3, 2, 8, 5, 12)).isNotEqualTo(first);
    }

    @Test
    void fewerPointsThanCodewordsAreReproducedExactly() {
        final float[] points = {1, 2, 3, 4, 5, 6};
        final Codebooks codebooks = ResidualKMeans.fit(points, 3, 2, 2, 16, 10, 1);
        final short[] codes = ResidualEncoderTest.encode(codebooks, points, 3);
        assertThat(Reconstruction.decode(codebooks, codes, 3, 1)).containsExactly(points);
        assertThat(Reconstruction.decode(codebooks, codes, 3, 2)).containsExactly(points);
    }

    @Test
    void pointsThatAreAllEqualAreNoTrouble() {
        final float[] points = new float[100];
        Arrays.fill(points, 0.5f);
        final Codebooks codebooks = ResidualKMeans.fit(points, 50, 2, 2, 4, 10, 1);
        final short[] codes = ResidualEncoderTest.encode(codebooks, points, 50);
        assertThat(Reconstruction.decode(codebooks, codes, 50, 2)).containsExactly(points);
    }

    @Test
    void refusesNothingToLearnFrom() {
        assertThatThrownBy(() -> ResidualKMeans.fit(new float[0], 0, 2, 1, 2, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 vectors");
    }

    @Test
    void byCosineEveryLevelClustersWhatTheCosineLeavesOver() {
        final Random random = new Random(9);
        final float[] vectors = ResidualEncoderTest.gaussian(400 * 5, random);
        final Codebooks codebooks = ResidualKMeans.fit(
                vectors,
                400,
                5,
                2,
                8,
                10,
                3,
                Similarity.COSINE,
                (points, count, dimensions) ->
                        (centres, assigned) -> Assigner.assign(points, count, dimensions, centres, assigned));
        assertThat(codebooks.similarity()).isEqualTo(Similarity.COSINE);
        final short[] codes = ResidualEncoderTest.encode(codebooks.prefix(1), vectors, 400);
        final float[] left = vectors.clone();
        for (int i = 0; i < left.length; i++) {
            left[i] -= codebooks.value(0, codes[i / 5], i % 5);
        }
        // Lloyd has converged or nearly so: each codeword of the second level is about the mean of what it is nearest
        // to there.
        final Codebooks second = new Codebooks(1, 8, 5, Arrays.copyOfRange(codebooks.values(), 8 * 5, 16 * 5));
        final short[] nearest = ResidualEncoderTest.encode(second, left, 400);
        for (int k = 0; k < 8; k++) {
            final int codeword = k;
            for (int d = 0; d < 5; d++) {
                final int dimension = d;
                final double mean = IntStream.range(0, 400)
                        .filter(row -> nearest[row] == codeword)
                        .mapToDouble(row -> left[row * 5 + dimension])
                        .average()
                        .orElseThrow();
                assertThat((double) second.value(0, k, d)).isCloseTo(mean, within(0.15));
            }
        }
    }
}

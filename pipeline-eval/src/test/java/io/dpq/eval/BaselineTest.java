package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.Score;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaselineTest {
    private static final int DIMENSIONS = 16;
    private static final int COUNT = 5000;

    /** A mixture of Gaussians, stretched along a random direction so that dimensions are correlated. */
    private static EmbeddingSample sample(final long seed) {
        final Random random = new Random(seed);
        final double[][] centres = new double[20][DIMENSIONS];
        final double[] stretch = new double[DIMENSIONS];
        for (int d = 0; d < DIMENSIONS; d++) {
            stretch[d] = random.nextGaussian();
            for (final double[] centre : centres) {
                centre[d] = random.nextGaussian();
            }
        }
        final float[] vectors = new float[COUNT * DIMENSIONS];
        for (int i = 0; i < COUNT; i++) {
            final double[] centre = centres[random.nextInt(centres.length)];
            final double along = 2 * random.nextGaussian();
            for (int d = 0; d < DIMENSIONS; d++) {
                vectors[i * DIMENSIONS + d] = (float) (centre[d] + along * stretch[d] + 0.5 * random.nextGaussian());
            }
        }
        return new EmbeddingSample(vectors, COUNT, DIMENSIONS);
    }

    private static double error(final Codebooks books, final EmbeddingSample sample) {
        final short[] codes = new short[sample.count() * books.levels()];
        new ResidualEncoder(books).encode(sample.vectors(), sample.count(), codes);
        return Reconstruction.meanSquaredErrors(books, sample.vectors(), codes, sample.count())[books.levels()];
    }

    /**
     * Where there are no clusters, local minima of K-means hardly differ, so that two right implementations must agree: the same
     * vectors, all of them, and the same number of steps.
     */
    @Test
    void productQuantizationAgreesWithFaiss(@TempDir final Path folder) throws Exception {
        final EmbeddingSample sample = correlated();
        final double[] judged = faiss(sample, folder);
        final int[] parts = {1, 2, 4};
        for (int i = 0; i < parts.length; i++) {
            assertThat(error(ProductQuantization.fit(sample, parts[i], 256, 1), sample) / judged[i])
                    .as("%d parts", parts[i])
                    .isBetween(0.98, 1.02);
        }
    }

    /** Among clusters, starting points matter: k-means++ and moved codewords may then only be better than random ones. */
    @Test
    void productQuantizationIsNoWorseThanFaissAmongClusters(@TempDir final Path folder) throws Exception {
        final EmbeddingSample sample = sample(1);
        final double[] judged = faiss(sample, folder);
        final int[] parts = {1, 2, 4};
        for (int i = 0; i < parts.length; i++) {
            assertThat(error(ProductQuantization.fit(sample, parts[i], 256, 1), sample))
                    .as("%d parts", parts[i])
                    .isBetween(0.85 * judged[i], judged[i]);
        }
    }

    /** A Gaussian, stretched along a random direction so that dimensions are correlated. */
    private static EmbeddingSample correlated() {
        final int count = 12_000;
        final int dimensions = 32;
        final Random random = new Random(1);
        final double[] stretch = random.doubles(dimensions, -2, 2).toArray();
        final float[] vectors = new float[count * dimensions];
        for (int i = 0; i < count; i++) {
            final double along = 2 * random.nextGaussian();
            for (int d = 0; d < dimensions; d++) {
                vectors[i * dimensions + d] = (float) (along * stretch[d] + 0.5 * random.nextGaussian());
            }
        }
        return new EmbeddingSample(vectors, count, dimensions);
    }

    /** Errors of Faiss's PQ by 1, 2 and 4 sub-quantizers; the test ends where it is not installed. */
    private static double[] faiss(final EmbeddingSample sample, final Path folder)
            throws IOException, InterruptedException {
        final Path file = folder.resolve("vectors.bin");
        final ByteBuffer bytes =
                ByteBuffer.allocate(sample.vectors().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(sample.vectors());
        Files.write(file, bytes.array());
        final String printed = faiss(file, sample.dimensions());
        Assumptions.assumeTrue(!printed.isEmpty(), "python3 with faiss is not installed, so nobody judges");
        return Stream.of(printed.strip().split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    private static String faiss(final Path file, final int dimensions) throws IOException, InterruptedException {
        final String script = String.join(
                "\n",
                "import faiss, numpy",
                "x = numpy.fromfile('" + file + "', '<f4').reshape(-1, " + dimensions + ")",
                "for m in [1, 2, 4]:",
                "    q = faiss.ProductQuantizer(x.shape[1], m, 8)",
                "    q.cp.niter = 25",
                "    q.cp.max_points_per_centroid = len(x)",
                "    q.train(x)",
                "    y = q.decode(q.compute_codes(x))",
                "    print(((x - y) ** 2).sum(1).mean(dtype='f8'), end=' ')");
        for (final String python : List.of("python3", "/usr/bin/python3")) {
            final Process process;
            try {
                process = new ProcessBuilder(python, "-c", script)
                        .redirectErrorStream(false)
                        .start();
            } catch (IOException e) {
                continue;
            }
            final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) {
                return out;
            }
        }
        return "";
    }

    @Test
    void aRotationServesCorrelatedDimensions() {
        final EmbeddingSample sample = sample(2);
        final Codebooks pq = ProductQuantization.fit(sample, 4, 16, 1);
        final Codebooks opq = ProductQuantization.fitRotated(sample, 4, 16, 1);
        assertThat(error(opq, sample)).isLessThan(0.9 * error(pq, sample));
        // Subspaces stay orthogonal, so that greedy encoding is exact.
        for (int a = 0; a < 16; a++) {
            for (int b = 0; b < 16; b++) {
                double inner = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    inner += (double) opq.value(0, a, d) * opq.value(3, b, d);
                }
                assertThat(inner).isEqualTo(0, within(1e-4));
            }
        }
    }

    @Test
    void subquantizersPickTheNearestInTheirOwnSubspace() {
        final EmbeddingSample sample = sample(3);
        final Codebooks pq = ProductQuantization.fit(sample, 3, 8, 1);
        final short[] codes = new short[COUNT * 3];
        new ResidualEncoder(pq).encode(sample.vectors(), COUNT, codes);
        final int[] cut = {0, 5, 10, 16};
        for (int i = 0; i < 200; i++) {
            for (int part = 0; part < 3; part++) {
                final double[] distances = new double[8];
                for (int k = 0; k < 8; k++) {
                    for (int d = cut[part]; d < cut[part + 1]; d++) {
                        distances[k] += Math.pow(sample.vectors()[i * DIMENSIONS + d] - pq.value(part, k, d), 2);
                    }
                }
                for (int k = 0; k < 8; k++) {
                    assertThat(distances[codes[i * 3 + part]]).isLessThanOrEqualTo(distances[k] + 1e-4);
                }
            }
        }
    }

    @Test
    void binaryCodesScoreByTheirHammingDistance() {
        final EmbeddingSample sample = sample(4);
        final int bits = 12;
        final Projection projection = IterativeQuantization.fit(sample, bits, 1);
        final Baseline itq =
                new Baseline(BaselineKind.ITQ, 1, IterativeQuantization.corners(3, 4), projection, new double[0]);
        final short[] codes = itq.encode(sample.vectors(), 100);
        final float[] signs = projection.of(sample.vectors(), 100);
        for (int a = 0; a < 10; a++) {
            for (int b = 0; b < 100; b++) {
                int hamming = 0;
                for (int bit = 0; bit < bits; bit++) {
                    hamming += (signs[a * bits + bit] > 0) == (signs[b * bits + bit] > 0) ? 0 : 1;
                }
                int different = 0;
                for (int level = 0; level < 3; level++) {
                    different += Integer.bitCount(codes[a * 3 + level] ^ codes[b * 3 + level]);
                }
                assertThat(different).isEqualTo(hamming);
            }
        }
        // Bits that the sample splits evenly carry most: a rotation of centred axes cannot leave one constant.
        for (int bit = 0; bit < bits; bit++) {
            int ones = 0;
            for (int i = 0; i < 100; i++) {
                ones += codes[i * 3 + bit / 4] >> bit % 4 & 1;
            }
            assertThat(ones).isBetween(10, 90);
        }
        assertThat(itq.search(List.of(), Score.L2).rankings()).isEqualTo(3);
    }

    @Test
    void oneSeedOneQuantizer() {
        final EmbeddingSample sample = sample(5);
        assertThat(ProductQuantization.fitRotated(sample, 2, 8, 7))
                .isEqualTo(ProductQuantization.fitRotated(sample, 2, 8, 7))
                .isNotEqualTo(ProductQuantization.fitRotated(sample, 2, 8, 8));
        assertThat(IterativeQuantization.fit(sample, 8, 7).of(sample.vectors(), 50))
                .isEqualTo(IterativeQuantization.fit(sample, 8, 7).of(sample.vectors(), 50));
    }

    @Test
    void principalAxesAreOrthonormalAndFall() {
        final PrincipalAxes axes = PrincipalAxes.of(sample(6).vectors(), COUNT, DIMENSIONS);
        for (int a = 0; a < DIMENSIONS; a++) {
            for (int b = 0; b < DIMENSIONS; b++) {
                double inner = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    inner += axes.axes()[a][d] * axes.axes()[b][d];
                }
                assertThat(inner).isEqualTo(a == b ? 1 : 0, within(1e-9));
            }
            assertThat(a == 0 || axes.variances()[a] <= axes.variances()[a - 1]).isTrue();
        }
    }

    @Test
    void theBootstrapFindsTheIntervalOfAMean() {
        final Random random = new Random(1);
        final double[] differences = random.doubles(400).map(x -> x - 0.4).toArray();
        final double[] interval = Bootstrap.interval(differences, 3);
        double mean = 0;
        for (final double difference : differences) {
            mean += difference / differences.length;
        }
        // Standard error of the mean of 400 uniform numbers: 0.0144, so the interval is about ±0.0283.
        assertThat(mean - interval[0]).isBetween(0.023, 0.034);
        assertThat(interval[1] - mean).isBetween(0.023, 0.034);
        assertThat(Bootstrap.interval(differences, 3)).isEqualTo(interval);
        assertThat(Bootstrap.interval(new double[] {0, 0, 0}, 3)).containsOnly(0);
    }
}

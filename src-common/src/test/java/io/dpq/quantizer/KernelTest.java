package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.quantizer.Quantities.Case;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.Domain;
import org.junit.jupiter.api.Test;

/** Whatever computes the scores, the codes are those of the definition, to the last near tie. */
class KernelTest {
    private static final List<ScoreKernel> KERNELS = List.of(new PlainKernel(), Kernels.best());

    /** How values are drawn: what rounding, overflow, underflow and equality do to sums. */
    private enum Kind {
        GAUSSIAN,
        /** Codewords in pairs that differ in the last bit of one value. */
        NEAR_TIES,
        /** Every codeword of a level four times. */
        DUPLICATES,
        ZERO_CODEBOOKS,
        ZERO_VECTORS,
        /** Vectors far longer than codewords: all scores are nearly equal. */
        FAR_AWAY,
        /** Sums that overflow float, and beyond. */
        HUGE,
        /** Products that underflow. */
        TINY,
        /** Vectors that are exactly a codeword a level: residuals of zero. */
        EXACT
    }

    @Property(tries = 300)
    @Domain(Quantities.class)
    void onGridValuesIncludingTies(@ForAll final Case given) {
        assertDefinition(given.codebooks(), given.vectors(), given.count());
    }

    @Property(tries = 400)
    void onRealValues(@ForAll("shapes") final int[] shape, @ForAll final Kind kind, @ForAll final long seed) {
        final int levels = shape[0];
        // Enough of the large ones, without minutes for the oracle.
        final int codewords = shape[1];
        final int dimensions = shape[2];
        final Random random = new Random(seed);
        final int count = 1 + random.nextInt(codewords > 300 ? 3 : 60);
        final float[] values = ResidualEncoderTest.gaussian(levels * codewords * dimensions, random);
        final float[] vectors = ResidualEncoderTest.gaussian(count * dimensions, random);
        switch (kind) {
            case GAUSSIAN -> {}
            case NEAR_TIES -> {
                for (int k = 1; k < levels * codewords; k += 2) {
                    System.arraycopy(values, (k - 1) * dimensions, values, k * dimensions, dimensions);
                    final int d = k * dimensions + random.nextInt(dimensions);
                    values[d] = Math.nextUp(values[d]);
                }
            }
            case DUPLICATES -> {
                for (int k = 0; k < levels * codewords; k++) {
                    System.arraycopy(values, (k - k % 4) * dimensions, values, k * dimensions, dimensions);
                }
            }
            case ZERO_CODEBOOKS -> java.util.Arrays.fill(values, 0);
            case ZERO_VECTORS -> java.util.Arrays.fill(vectors, 0);
            case FAR_AWAY -> scale(vectors, 1e6f);
            case HUGE -> {
                scale(values, random.nextBoolean() ? 1e18f : 5e37f);
                scale(vectors, random.nextBoolean() ? 1e18f : 5e37f);
            }
            case TINY -> {
                scale(values, 1e-23f);
                scale(vectors, random.nextBoolean() ? 1e-23f : 1e-40f);
            }
            case EXACT -> {
                for (int row = 0; row < count; row++) {
                    for (int d = 0; d < dimensions; d++) {
                        vectors[row * dimensions + d] = values[row % codewords * dimensions + d];
                    }
                }
            }
        }
        assertDefinition(new Codebooks(levels, codewords, dimensions, values), vectors, count);
    }

    @Provide
    Arbitrary<int[]> shapes() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 8),
                        Arbitraries.of(2, 3, 7, 16, 31, 32, 33, 64, 100, 255, 256, 257, 512, 1024),
                        Arbitraries.of(1, 2, 3, 5, 7, 8, 9, 15, 17, 31, 33, 64, 101))
                .as((levels, codewords, dimensions) -> new int[] {levels, codewords, dimensions});
    }

    /** A leader leads by more than the margin, and whoever leads by a little more than rounding is found. */
    @Property(tries = 500)
    void leaders(
            @ForAll("widths") final int codewords,
            @ForAll("margins") final double margin,
            @ForAll("scales") final float scale,
            @ForAll final long seed) {
        final Random random = new Random(seed);
        final float[] penalties = new float[codewords];
        for (int k = 0; k < codewords; k++) {
            // Of a few values, so that many are equal; zeros of either sign among them.
            penalties[k] = (random.nextInt(9) - 4) * (random.nextBoolean() ? scale : -scale);
        }
        final int top = random.nextInt(codewords);
        penalties[top] = random.nextBoolean() ? 4 * scale : 5 * scale;
        for (final ScoreKernel kernel : KERNELS) {
            final ScoreKernel.Level level =
                    kernel.prepare(new Codebooks(1, codewords, 1, new float[codewords]), 0, penalties);
            final float[][] scores = new float[kernel.rowsAtOnce()][level.width()];
            level.score(new float[2 * kernel.rowsAtOnce()], 2, kernel.rowsAtOnce(), scores);
            final float[] row = scores[random.nextInt(scores.length)];
            final int leader = kernel.leader(row, level.width(), margin);
            float second = Float.NEGATIVE_INFINITY;
            for (int k = 0; k < codewords; k++) {
                second = k == top ? second : Math.max(second, row[k]);
            }
            final double lead = (double) row[top] - second;
            if (lead > margin + 1e-3 * Math.abs(row[top])) {
                assertThat(leader).as(kernel.description()).isEqualTo(top);
            } else if (lead <= margin) {
                assertThat(leader).as(kernel.description()).isEqualTo(-1);
            } else {
                assertThat(leader).as(kernel.description()).isIn(top, -1);
            }
        }
    }

    @Provide
    Arbitrary<Integer> widths() {
        return Arbitraries.of(2, 3, 15, 16, 17, 32, 33, 64, 100, 256, 257, 1024, 5000);
    }

    @Provide
    Arbitrary<Double> margins() {
        return Arbitraries.of(0.0, 1e-30, 1e-6, 0.1, 1.0, 1e9);
    }

    @Provide
    Arbitrary<Float> scales() {
        return Arbitraries.of(1e-38f, 1e-6f, 0.5f, 1f, 3e8f);
    }

    @Test
    void onALargeBatchOfTheUsualShape() {
        final Random random = new Random(5);
        final float[] values = ResidualEncoderTest.gaussian(4 * 256 * 300, random);
        final float[] vectors = ResidualEncoderTest.gaussian(250 * 300, random);
        assertDefinition(new Codebooks(4, 256, 300, values), vectors, 250);
    }

    private static void scale(final float[] values, final float factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, values[i] * factor));
        }
    }

    private static void assertDefinition(final Codebooks given, final float[] vectors, final int count) {
        for (final Similarity similarity : Similarity.values()) {
            final Codebooks codebooks = given.by(similarity);
            final short[] expected = PlainResidual.encode(codebooks, vectors, count);
            for (final ScoreKernel kernel : KERNELS) {
                final short[] codes = new short[count * codebooks.levels()];
                new ResidualEncoder(codebooks, kernel).encode(vectors, count, codes);
                assertThat(codes).as("%s, %s", kernel.description(), similarity).isEqualTo(expected);
            }
        }
    }

    @Test
    void theVectorApiIsTakenWhereTheJvmHasIt() {
        // Surefire starts this JVM with the module.
        assertThat(Kernels.best().description()).startsWith("Vector API");
    }

    @Test
    void withoutTheModuleItRunsInPlainJava() throws Exception {
        assertThat(said(WithoutModule.class)).contains("plain Java: [1, 0]");
    }

    /** As on machines without AVX-512. */
    @Test
    void withShorterVectorsTheCodesAreTheSame() throws Exception {
        assertThat(said(
                        ShorterVectors.class,
                        "--add-modules=jdk.incubator.vector",
                        "-XX:+IgnoreUnrecognizedVMOptions",
                        "-XX:UseAVX=2"))
                .contains("Vector API, ")
                .doesNotContain("512 bits");
    }

    private static String said(final Class<?> main, final String... options) throws Exception {
        final List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    /** Runs in a JVM of its own, and ends with an error where a code is not that of the definition. */
    static final class ShorterVectors {
        private ShorterVectors() {}

        public static void main(final String[] args) {
            final Random random = new Random(9);
            for (final int codewords : new int[] {2, 16, 33, 256}) {
                for (final int dimensions : new int[] {1, 7, 16, 33, 64}) {
                    final float[] values = ResidualEncoderTest.gaussian(3 * codewords * dimensions, random);
                    // Near ties among them.
                    System.arraycopy(values, 0, values, dimensions, dimensions);
                    values[dimensions] = Math.nextUp(values[dimensions]);
                    assertDefinition(
                            new Codebooks(3, codewords, dimensions, values),
                            ResidualEncoderTest.gaussian(31 * dimensions, random),
                            31);
                }
            }
            System.out.println(Kernels.best().description());
        }
    }

    /** Runs in a JVM of its own. */
    static final class WithoutModule {
        private WithoutModule() {}

        public static void main(final String[] args) {
            final ResidualEncoder encoder = new ResidualEncoder(new Codebooks(2, 2, 1, new float[] {0, 4, 0, 1}));
            final short[] codes = new short[2];
            encoder.encode(new float[] {4.25f}, 1, codes);
            System.out.println(encoder.kernel() + ": " + java.util.Arrays.toString(codes));
        }
    }
}

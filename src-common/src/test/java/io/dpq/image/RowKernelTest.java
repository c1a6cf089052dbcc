package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RowKernelTest {
    /** Every pair of differences with 32 values of luma, in rows of all lengths modulo a vector's. */
    @Test
    void coloursAreThoseOfTheFormulaByVectorsAndInPlainJava() {
        for (int cb = 0; cb < 256; cb++) {
            final int pixels = 256 * 32 - cb % 16;
            final byte[] ycc = new byte[3 * pixels + RowKernel.SLACK];
            final int[] expected = new int[3 * pixels];
            for (int i = 0; i < pixels; i++) {
                final int luma = i % 32 * 255 / 31;
                final int cr = i / 32;
                ycc[3 * i] = (byte) luma;
                ycc[3 * i + 1] = (byte) cb;
                ycc[3 * i + 2] = (byte) cr;
                expected[3 * i] = rounded(luma + 1.402 * (cr - 128));
                expected[3 * i + 1] = rounded(luma - 0.344136286 * (cb - 128) - 0.714136286 * (cr - 128));
                expected[3 * i + 2] = rounded(luma + 1.772 * (cb - 128));
            }
            final int[] plain = new int[ycc.length];
            final int[] vectors = new int[ycc.length];
            new PlainRowKernel().rgb(ycc, pixels, plain);
            RowKernel.best().rgb(ycc, pixels, vectors);
            assertThat(Arrays.copyOf(vectors, expected.length)).isEqualTo(Arrays.copyOf(plain, expected.length));
            for (int i = 0; i < expected.length; i++) {
                // Of sixteen bits of the factors, the last one may turn a half the other way.
                assertThat(plain[i]).isBetween(expected[i] - 1, expected[i] + 1);
            }
        }
    }

    @Test
    void shortRowsDoNotSeeWhatWasInThePlacesOfTheResult() {
        for (int pixels = 1; pixels < 20; pixels++) {
            final byte[] ycc = new byte[3 * pixels + RowKernel.SLACK];
            new Random(pixels).nextBytes(ycc);
            final int[] plain = new int[ycc.length];
            final int[] vectors = new Random(7).ints(ycc.length).toArray();
            new PlainRowKernel().rgb(ycc, pixels, plain);
            RowKernel.best().rgb(ycc, pixels, vectors);
            assertThat(Arrays.copyOf(vectors, 3 * pixels)).isEqualTo(Arrays.copyOf(plain, 3 * pixels));
        }
    }

    private static int rounded(final double value) {
        return (int) Math.max(0, Math.min(255, Math.round(value)));
    }

    @Property(tries = 200)
    void resamplingIsTheSameByVectorsAndInPlainJava(
            @ForAll @IntRange(min = 1, max = 90) final int in,
            @ForAll @IntRange(min = 1, max = 90) final int out,
            @ForAll @IntRange(min = 1, max = 40) final int columns,
            @ForAll final long seed) {
        final Weights weights = Weights.between(in, out);
        final RowKernel plain = new PlainRowKernel();
        final RowKernel best = RowKernel.best();
        final Random random = new Random(seed);
        final int[] across = across(plain, random.ints(3L * in, 0, 256).toArray(), weights);
        assertThat(across(best, new Random(seed).ints(3L * in, 0, 256).toArray(), weights))
                .isEqualTo(across);
        assertThat(Arrays.stream(across)).allMatch(value -> value >= 0 && value <= 255);

        final int[][] rows = new int[weights.taps()][];
        Arrays.setAll(rows, row -> random.ints(columns, 0, 256).toArray());
        for (int y = 0; y < out; y++) {
            final byte[] down = new byte[columns + 2];
            final byte[] vectors = new byte[columns + 2];
            plain.down(rows, weights, y, down, 1, columns);
            best.down(rows, weights, y, vectors, 1, columns);
            assertThat(vectors).isEqualTo(down);
        }
        // As in the JVMs of the jobs; by name, since the compiler of the tests does not see the incubating module.
        assertThat(best.getClass().getSimpleName()).isEqualTo("VectorRowKernel");
    }

    private static int[] across(final RowKernel kernel, final int[] values, final Weights weights) {
        // Behind the last pixel lies what must not be seen in the result.
        final int[] line = Arrays.copyOf(values, values.length + RowKernel.SLACK);
        Arrays.fill(line, values.length, line.length, 255);
        final int[] out = new int[3 * weights.first().length + RowKernel.SLACK];
        kernel.across(line, weights, kernel.factors(weights), out);
        return Arrays.copyOf(out, out.length - RowKernel.SLACK);
    }
}

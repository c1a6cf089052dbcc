package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CrossTermsTest {
    private static final int LEVELS = 3;
    private static final int CODEWORDS = 8;
    private static final int DIMENSIONS = 5;

    private static Codebooks codebooks() {
        final Random random = new Random(1);
        final float[] values = new float[LEVELS * CODEWORDS * DIMENSIONS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Codebooks(LEVELS, CODEWORDS, DIMENSIONS, values);
    }

    @Test
    void normsOfCodesAreThoseOfWhatTheyStandFor() {
        final Codebooks codebooks = codebooks();
        final CrossTerms terms = new CrossTerms(codebooks);
        final Random random = new Random(2);
        final int count = 50;
        final short[] codes = new short[count * LEVELS];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (short) random.nextInt(CODEWORDS);
        }
        final float[] norms = Reconstruction.norms(codebooks, codes, count);
        for (int level = 1; level <= LEVELS; level++) {
            final float[] decoded = Reconstruction.decode(codebooks, codes, count, level);
            for (int row = 0; row < count; row++) {
                double square = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    square += (double) decoded[row * DIMENSIONS + d] * decoded[row * DIMENSIONS + d];
                }
                assertThat(terms.squaredNorm(codes, row * LEVELS, level)).isCloseTo(square, within(1e-4));
                assertThat(norms[row * LEVELS + level - 1]).isCloseTo((float) Math.sqrt(square), within(1e-4f));
            }
        }
        assertThat(terms.squaredNorm(codes, 0, 0)).isZero();
    }

    @Test
    void aTermIsTheInnerProductOfItsCodewords() {
        final Codebooks codebooks = codebooks();
        double sum = 0;
        for (int d = 0; d < DIMENSIONS; d++) {
            sum += (double) codebooks.value(0, 3, d) * codebooks.value(2, 7, d);
        }
        assertThat(new CrossTerms(codebooks).at(0, 3, 2, 7)).isEqualTo(sum);
    }

    @Test
    void tablesThatNoMemoryHoldsAreRefused() {
        assertThatThrownBy(() -> new CrossTerms(new Codebooks(2, 8192, 1, new float[2 * 8192])))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("too many cross terms");
    }
}

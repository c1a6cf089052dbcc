package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.quantizer.Quantities.Case;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import org.junit.jupiter.api.Test;

@Domain(Quantities.class)
class ResidualEncoderTest {
    @Property(tries = 300)
    void codesAreThoseOfThePlainDefinitionTiesIncluded(@ForAll final Case given) {
        assertThat(encode(given.codebooks(), given.vectors(), given.count()))
                .isEqualTo(PlainResidual.encode(given.codebooks(), given.vectors(), given.count()));
    }

    @Property(tries = 100)
    void codesOfFewerLevelsAreThePrefix(@ForAll final Case given, @ForAll final Similarity similarity) {
        final int levels = given.codebooks().levels();
        final Codebooks codebooks = given.codebooks().by(similarity);
        final short[] whole = encode(codebooks, given.vectors(), given.count());
        for (int prefix = 1; prefix <= levels; prefix++) {
            final short[] codes = encode(codebooks.prefix(prefix), given.vectors(), given.count());
            for (int row = 0; row < given.count(); row++) {
                assertThat(Arrays.copyOfRange(codes, row * prefix, (row + 1) * prefix))
                        .isEqualTo(Arrays.copyOfRange(whole, row * levels, row * levels + prefix));
            }
        }
    }

    @Property(tries = 200)
    void aVectorIsFiniteWhereAllItsValuesAre(@ForAll final Case given) {
        final Random random = new Random(given.seed());
        final ResidualEncoder encoder = new ResidualEncoder(given.codebooks());
        final int dimensions = given.codebooks().dimensions();
        final float[] vectors = Arrays.copyOf(given.vectors(), given.count() * dimensions);
        for (int row = 0; row < given.count(); row++) {
            assertThat(encoder.isFinite(vectors, row * dimensions)).isTrue();
        }
        final int row = random.nextInt(given.count());
        final int at = row * dimensions + random.nextInt(dimensions);
        // The square of the first is not.
        for (final float large : new float[] {Float.MAX_VALUE, -1e30f}) {
            vectors[at] = large;
            assertThat(encoder.isFinite(vectors, row * dimensions)).isTrue();
        }
        for (final float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            vectors[at] = odd;
            for (int other = 0; other < given.count(); other++) {
                assertThat(encoder.isFinite(vectors, other * dimensions)).isEqualTo(other != row);
            }
        }
    }

    @Test
    void codesOfRealValuesAreThoseOfThePlainDefinition() {
        final Random random = new Random(1);
        final Codebooks codebooks = new Codebooks(4, 256, 300, gaussian(4 * 256 * 300, random));
        final float[] vectors = gaussian(200 * 300, random);
        assertThat(encode(codebooks, vectors, 200)).isEqualTo(PlainResidual.encode(codebooks, vectors, 200));
    }

    @Test
    void codeDoesNotDependOnTheBatch() {
        final Random random = new Random(2);
        final Codebooks codebooks = new Codebooks(3, 32, 11, gaussian(3 * 32 * 11, random));
        final float[] vectors = gaussian(50 * 11, random);
        final short[] together = encode(codebooks, vectors, 50);
        for (int row = 0; row < 50; row++) {
            final float[] alone = Arrays.copyOfRange(vectors, row * 11, (row + 1) * 11);
            assertThat(encode(codebooks, alone, 1)).isEqualTo(Arrays.copyOfRange(together, row * 3, row * 3 + 3));
        }
    }

    @Test
    void largestCodebookFitsAShort() {
        // Codeword k is the corner of a cube of 15 dimensions whose signs are the bits of k.
        final float[] values = new float[32768 * 15];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i / 15 >> i % 15 & 1) == 1 ? 1 : -1;
        }
        final Codebooks codebooks = new Codebooks(1, 32768, 15, values);
        for (final int k : new int[] {0, 1, 255, 256, 300, 16384, 32767}) {
            final float[] corner = Arrays.copyOfRange(values, k * 15, k * 15 + 15);
            assertThat(encode(codebooks, corner, 1)).containsExactly(k);
        }
        assertThat(encode(codebooks, new float[15], 1)).containsExactly(0);
    }

    @Test
    void theLargestCosineIsNotTheNearestCodeword() {
        // The long codeword points the same way, the short one is closer; one of no length has cosine 0.
        final Codebooks codebooks = new Codebooks(1, 3, 2, new float[] {0, 0, 9, 9, 1, 0});
        assertThat(encode(codebooks, new float[] {1, 1}, 1)).containsExactly(2);
        assertThat(encode(codebooks.by(Similarity.COSINE), new float[] {1, 1}, 1))
                .containsExactly(1);
        assertThat(encode(codebooks.by(Similarity.COSINE), new float[] {-1, -1}, 1))
                .containsExactly(0);
        assertThat(encode(codebooks.by(Similarity.COSINE), new float[] {0, 0}, 1))
                .containsExactly(0);
    }

    @Test
    void refusesArraysThatAreTooShort() {
        final ResidualEncoder encoder = new ResidualEncoder(new Codebooks(2, 2, 2, new float[8]));
        assertThatThrownBy(() -> encoder.encode(new float[3], 2, new short[4]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not fit");
        assertThatThrownBy(() -> encoder.encode(new float[4], 2, new short[3]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    static short[] encode(final Codebooks codebooks, final float[] vectors, final int count) {
        final short[] codes = new short[count * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(vectors, count, codes);
        return codes;
    }

    static float[] gaussian(final int length, final Random random) {
        final float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}

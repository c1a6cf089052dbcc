package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Quantities.Case;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import org.junit.jupiter.api.Test;

@Domain(Quantities.class)
class ReconstructionTest {
    private static final Codebooks SMALL = new Codebooks(2, 2, 2, new float[] {1, 0, 0, 1, 0.5f, 0, 0, 0.25f});

    @Test
    void addsUpTheChosenCodewords() {
        final short[] codes = {0, 1, 1, 0};
        assertThat(Reconstruction.decode(SMALL, codes, 2, 0)).containsExactly(0, 0, 0, 0);
        assertThat(Reconstruction.decode(SMALL, codes, 2, 1)).containsExactly(1, 0, 0, 1);
        assertThat(Reconstruction.decode(SMALL, codes, 2, 2)).containsExactly(1, 0.25f, 0.5f, 1);
    }

    @Test
    void errorsByHand() {
        final double[] errors =
                Reconstruction.meanSquaredErrors(SMALL, new float[] {1, 1, 0, 2}, new short[] {0, 1, 1, 0}, 2);
        assertThat(errors).containsExactly((2 + 4) / 2.0, (1 + 1) / 2.0, (0.5625 + 1.25) / 2);
    }

    @Property(tries = 100)
    void errorIsTheDistanceToTheReconstruction(@ForAll final Case given) {
        final Codebooks codebooks = given.codebooks();
        final short[] codes = ResidualEncoderTest.encode(codebooks, given.vectors(), given.count());
        final double[] errors = Reconstruction.meanSquaredErrors(codebooks, given.vectors(), codes, given.count());
        for (int prefix = 0; prefix <= codebooks.levels(); prefix++) {
            final float[] decoded = Reconstruction.decode(codebooks, codes, given.count(), prefix);
            double sum = 0;
            for (int i = 0; i < decoded.length; i++) {
                sum += Math.pow(given.vectors()[i] - decoded[i], 2);
            }
            assertThat(errors[prefix]).isEqualTo(sum / given.count(), within(1e-9));
        }
    }

    @Test
    void refusesAPrefixThatIsNotThere() {
        assertThatThrownBy(() -> Reconstruction.decode(SMALL, new short[2], 1, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prefix of 3");
        assertThatThrownBy(() -> Reconstruction.decode(SMALL, new short[1], 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Quantities.Case;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import org.junit.jupiter.api.Test;

@Domain(Quantities.class)
class LookupTablesTest {
    @Property(tries = 100)
    void scoreIsTheInnerProductWithTheReconstruction(@ForAll final Case given) {
        final Codebooks codebooks = given.codebooks();
        final int dimensions = codebooks.dimensions();
        final short[] codes = ResidualEncoderTest.encode(codebooks, given.vectors(), given.count());
        final float[] query =
                Arrays.copyOfRange(given.vectors(), (given.count() - 1) * dimensions, given.count() * dimensions);
        final LookupTables tables = new LookupTables(codebooks, query);
        for (int prefix = 0; prefix <= codebooks.levels(); prefix++) {
            final float[] decoded = Reconstruction.decode(codebooks, codes, given.count(), prefix);
            for (int row = 0; row < given.count(); row++) {
                double product = 0;
                for (int d = 0; d < dimensions; d++) {
                    product += query[d] * decoded[row * dimensions + d];
                }
                // Multiples of 1/16 of this size are exact in float.
                assertThat(tables.score(codes, row * codebooks.levels(), prefix))
                        .isEqualTo(product, within(0.0));
            }
        }
    }

    @Test
    void refusesAQueryOfAnotherLength() {
        assertThatThrownBy(() -> new LookupTables(new Codebooks(1, 2, 3, new float[6]), new float[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("length 2");
    }
}

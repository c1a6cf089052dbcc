package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.Similarity;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.factory.Nd4j;

class AssignmentTest {
    @ParameterizedTest
    @EnumSource(Similarity.class)
    void trainingChoosesTheCodewordsThatEncodingChooses(final Similarity similarity) {
        final Random random = new Random(4);
        final int count = 300;
        final int codewords = 32;
        final int dimensions = 7;
        final float[] residuals = gaussian(count * dimensions, random);
        final float[] codebook = gaussian(codewords * dimensions, random);
        final int[] chosen = new Assignment(
                        Nd4j.createFromArray(residuals).reshape('c', count, dimensions),
                        Nd4j.createFromArray(codebook).reshape('c', codewords, dimensions),
                        similarity,
                        1)
                .chosen();
        final short[] codes = new short[count];
        new ResidualEncoder(new Codebooks(1, codewords, dimensions, codebook).by(similarity))
                .encode(residuals, count, codes);
        for (int row = 0; row < count; row++) {
            assertThat(chosen[row]).as("row %d", row).isEqualTo(codes[row]);
        }
    }

    private static float[] gaussian(final int length, final Random random) {
        final float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}

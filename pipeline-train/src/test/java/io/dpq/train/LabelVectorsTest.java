package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.UserException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelVectorsTest {
    private static final List<String> CLASSES = List.of("ape", "bee");

    @Test
    void orthonormalVectorsAreOrthonormalAndSeeded() {
        final float[][] vectors = LabelVectors.orthonormal(20, 20, 5);
        for (int i = 0; i < 20; i++) {
            for (int j = 0; j < 20; j++) {
                double dot = 0;
                for (int d = 0; d < 20; d++) {
                    dot += (double) vectors[i][d] * vectors[j][d];
                }
                assertThat(dot).isCloseTo(i == j ? 1 : 0, within(1e-6));
            }
        }
        assertThat(LabelVectors.orthonormal(20, 20, 5)).isDeepEqualTo(vectors);
        assertThat(LabelVectors.orthonormal(20, 20, 6)[0]).isNotEqualTo(vectors[0]);
    }

    @Test
    void moreClassesThanDimensionsAreRefused() {
        assertThatThrownBy(() -> LabelVectors.orthonormal(10, 9, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("raise it to 10");
    }

    @Test
    void numbersAreSeparatedByBlanksOrCommas() {
        assertThat(LabelVectors.parse(List.of(" 1 2.5\t-3 ", "", "4, 5 ,6e0"), "f", 3))
                .isDeepEqualTo(new float[][] {{1, 2.5f, -3}, {4, 5, 6}});
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        1 0            | hold 1 lines but the training images show 2 classes; give one line a class, in the order ape, bee
        1 0;1 0;1 0    | hold 3 lines
        1 0;1 0 0      | Line 2 of the label vectors f holds 3 numbers but embedding.dimensions is 2
        1 0;1 x        | holds 'x', which is no number
        0 0;1 0        | Line 1 of the label vectors f has no direction
        1 0;NaN 0      | Line 2 of the label vectors f has no direction
        """)
    void whatIsWrongIsTold(final String lines, final String message) {
        assertThatThrownBy(
                        () -> LabelVectors.matched(LabelVectors.parse(List.of(lines.split(";")), "f", 2), "f", CLASSES))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message);
    }
}

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ClassMeansTest {
    private static final float[] VECTORS = {0, 0, 4, 2, 10, 10, 7, 7};
    /** The second image has both classes, the last one none. */
    private static final int[][] LABELS = {{0}, {0, 5}, {5}, {}};

    @Test
    void anEmbeddingMovesTowardTheMeanOfItsClasses() {
        // The means of the classes are (2, 1) and (7, 6), that of the second image is (4.5, 3.5).
        assertThat(ClassMeans.shrink(VECTORS, LABELS, 0.5, 0.5))
                .containsExactly(new float[] {1, 0.5f, 4.25f, 2.75f, 8.5f, 8, 7, 7}, within(1e-5f));
        assertThat(ClassMeans.shrink(VECTORS, LABELS, 1, 1))
                .containsExactly(new float[] {2, 1, 4.5f, 3.5f, 7, 6, 7, 7}, within(1e-5f));
        assertThat(ClassMeans.shrink(VECTORS, LABELS, 0, 0)).containsExactly(VECTORS);
        assertThat(VECTORS).containsExactly(0, 0, 4, 2, 10, 10, 7, 7);
        assertThat(ClassMeans.shrink(new float[0], new int[0][], 0.5, 1)).isEmpty();
    }

    @Test
    void whatLiesAcrossTheDifferencesOfTheMeansMovesByItsOwnPart() {
        // The means differ by (5, 5): (0, 0) is (-1.5, -1.5) along that and (-0.5, 0.5) across it from its mean, and so
        // on.
        assertThat(ClassMeans.shrink(VECTORS, LABELS, 0.5, 1))
                .containsExactly(new float[] {1.25f, 0.25f, 4, 3, 8.75f, 7.75f, 7, 7}, within(1e-5f));
        assertThat(ClassMeans.shrink(VECTORS, LABELS, 0, 1))
                .containsExactly(new float[] {0.5f, -0.5f, 3.5f, 2.5f, 10.5f, 9.5f, 7, 7}, within(1e-5f));
    }

    @Test
    void oneClassHasNoDifferences() {
        assertThat(ClassMeans.shrink(new float[] {0, 0, 4, 2}, new int[][] {{3}, {3}}, 0, 0.5))
                .containsExactly(new float[] {1, 0.5f, 3, 1.5f}, within(1e-5f));
    }

    @Test
    void withMoreClassesThanDimensionsNothingLiesAcross() {
        final float[] vectors = {0, 0, 2, 0, 9, 1, 7, 1, 4, 8, 4, 6};
        final int[][] labels = {{0}, {0}, {1}, {1}, {4}, {4}};
        assertThat(ClassMeans.shrink(vectors, labels, 0.5, 1))
                .as("the means (1, 0), (8, 1) and (4, 7), and two classes of which there is none")
                .containsExactly(new float[] {0.5f, 0, 1.5f, 0, 8.5f, 1, 7.5f, 1, 4, 7.5f, 4, 6.5f}, within(1e-5f));
    }

    @Test
    void equalMeansHaveNoDifferencesThatCount() {
        // Every image has both classes: what differs between their means is at most rounding.
        assertThat(ClassMeans.shrink(new float[] {0.1f, 0.2f, 0.7f, 0.4f}, new int[][] {{0, 1}, {1, 0}}, 0, 1))
                .containsExactly(new float[] {0.4f, 0.3f, 0.4f, 0.3f}, within(1e-6f));
    }

    @Property(tries = 50)
    void meansStay(
            @ForAll @Size(12) final float[] values,
            @ForAll @DoubleRange(min = 0, max = 1) final double along,
            @ForAll @DoubleRange(min = 0, max = 1) final double across) {
        final float[] vectors = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            vectors[i] = values[i] % 100;
        }
        final int[][] labels = {{0}, {1}, {0}, {1}, {1}, {0}};
        final float[] moved = ClassMeans.shrink(vectors, labels, along, across);
        for (int label = 0; label < 2; label++) {
            for (int d = 0; d < 2; d++) {
                double change = 0;
                for (int i = 0; i < labels.length; i++) {
                    change += labels[i][0] == label ? moved[2 * i + d] - (double) vectors[2 * i + d] : 0;
                }
                assertThat(change).isCloseTo(0, within(1e-3));
            }
        }
    }
}

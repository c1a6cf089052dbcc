package io.dpq.train;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Embeddings drawn toward the mean of their class, by labels. Codebooks that are fitted to these spend no codeword on what sets
 * an image apart from its class, so that what a code reconstructs is cleaner than the embedding: shrinkage toward group means
 * (James and Stein, 1961; Efron and Morris, 1975). Stateless.
 */
final class ClassMeans {
    private ClassMeans() {}

    /**
     * Moves each embedding by a fraction of its way to the mean of its classes' means; one without labels stays.
     *
     * @param vectors embeddings [N][D] row by row, not changed
     * @param labels of each, in its order
     * @param fraction 0…1
     * @return embeddings [N][D]
     */
    static float[] shrink(final float[] vectors, final int[][] labels, final double fraction) {
        final int dimensions = labels.length == 0 ? 0 : vectors.length / labels.length;
        final double[][] means = means(vectors, labels, dimensions);
        final float[] moved = vectors.clone();
        IntStream.range(0, labels.length)
                .parallel()
                .filter(i -> labels[i].length > 0)
                .forEach(i -> {
                    for (int d = 0; d < dimensions; d++) {
                        double mean = 0;
                        for (final int label : labels[i]) {
                            mean += means[label][d] / labels[i].length;
                        }
                        final int at = i * dimensions + d;
                        moved[at] = (float) (vectors[at] + fraction * (mean - vectors[at]));
                    }
                });
        return moved;
    }

    /** By class, of all embeddings that have its label; zeros where none has. */
    private static double[][] means(final float[] vectors, final int[][] labels, final int dimensions) {
        final int classes =
                1 + Arrays.stream(labels).flatMapToInt(Arrays::stream).max().orElse(-1);
        final double[][] means = new double[classes][dimensions];
        final int[] counts = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            for (final int label : labels[i]) {
                counts[label]++;
                for (int d = 0; d < dimensions; d++) {
                    means[label][d] += vectors[i * dimensions + d];
                }
            }
        }
        for (int label = 0; label < classes; label++) {
            for (int d = 0; d < dimensions; d++) {
                means[label][d] /= Math.max(1, counts[label]);
            }
        }
        return means;
    }
}

package io.dpq.train;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Embeddings drawn toward the mean of their class, by labels. Codebooks that are fitted to these spend no codeword on what sets
 * an image apart from its class, so that what a code reconstructs is cleaner than the embedding: shrinkage toward group means
 * (James and Stein, 1961; Efron and Morris, 1975). What lies in the span of the differences between class means tells classes
 * apart, and how sure an image is of its own (Fisher, 1936); what lies across it tells nothing of them. Stateless.
 */
final class ClassMeans {
    /** Of the length of all means: directions in which they differ by less are rounding. */
    private static final double NOTHING = 1e-6;

    private ClassMeans() {}

    /**
     * Moves each embedding a part of its way to the mean of its classes' means; one without labels stays.
     *
     * @param vectors embeddings [N][D] row by row, not changed
     * @param labels of each, in its order
     * @param along 0…1, of what lies in the span of the differences between class means
     * @param across 0…1, of what is perpendicular to it
     * @return embeddings [N][D]
     */
    static float[] shrink(final float[] vectors, final int[][] labels, final double along, final double across) {
        final int dimensions = labels.length == 0 ? 0 : vectors.length / labels.length;
        final double[][] means = means(vectors, labels, dimensions);
        final double[][] span = span(means);
        final float[] moved = vectors.clone();
        IntStream.range(0, labels.length)
                .parallel()
                .filter(i -> labels[i].length > 0)
                .forEach(i -> {
                    final double[] offset = offset(vectors, i * dimensions, labels[i], means, dimensions);
                    final double[] inSpan = project(offset, span);
                    for (int d = 0; d < dimensions; d++) {
                        final int at = i * dimensions + d;
                        moved[at] = (float) (vectors[at] - along * inSpan[d] - across * (offset[d] - inSpan[d]));
                    }
                });
        return moved;
    }

    /** By class, of all embeddings that have its label; the mean of the others' where none has. */
    private static double[][] means(final float[] vectors, final int[][] labels, final int dimensions) {
        final int classes =
                1 + Arrays.stream(labels).flatMapToInt(Arrays::stream).max().orElse(-1);
        final double[][] means = new double[classes][dimensions];
        final int[] counts = new int[classes];
        for (int i = 0; i < labels.length; i++) {
            for (final int label : labels[i]) {
                counts[label]++;
                add(means[label], vectors, i * dimensions);
            }
        }
        final double[] centre = new double[dimensions];
        final long present = Arrays.stream(counts).filter(count -> count > 0).count();
        for (int label = 0; label < classes; label++) {
            for (int d = 0; d < dimensions; d++) {
                means[label][d] /= Math.max(1, counts[label]);
                centre[d] += means[label][d] / present;
            }
        }
        for (int label = 0; label < classes; label++) {
            if (counts[label] == 0) {
                means[label] = centre;
            }
        }
        return means;
    }

    private static void add(final double[] sum, final float[] vectors, final int at) {
        for (int d = 0; d < sum.length; d++) {
            sum[d] += vectors[at + d];
        }
    }

    /** Orthonormal directions in which the means differ. */
    private static double[][] span(final double[][] means) {
        if (means.length < 2) {
            return new double[0][];
        }
        final RealMatrix differences = MatrixUtils.createRealMatrix(means.length, means[0].length);
        double squares = 0;
        for (int d = 0; d < means[0].length; d++) {
            double centre = 0;
            for (final double[] mean : means) {
                centre += mean[d] / means.length;
                squares += mean[d] * mean[d];
            }
            for (int label = 0; label < means.length; label++) {
                differences.setEntry(label, d, means[label][d] - centre);
            }
        }
        final double least = NOTHING * Math.sqrt(squares);
        // Of many classes by their scatter, of the same directions: its size does not grow with their number.
        final boolean many = means.length > means[0].length;
        final SingularValueDecomposition decomposition =
                new SingularValueDecomposition(many ? differences.transpose().multiply(differences) : differences);
        final double[] lengths = decomposition.getSingularValues();
        return IntStream.range(0, lengths.length)
                .filter(k -> (many ? Math.sqrt(lengths[k]) : lengths[k]) > least)
                .mapToObj(k -> decomposition.getVT().getRow(k))
                .toArray(double[][]::new);
    }

    /** An embedding's way from the mean of its classes' means. */
    private static double[] offset(
            final float[] vectors, final int at, final int[] labels, final double[][] means, final int dimensions) {
        final double[] offset = new double[dimensions];
        for (int d = 0; d < dimensions; d++) {
            double mean = 0;
            for (final int label : labels) {
                mean += means[label][d] / labels.length;
            }
            offset[d] = vectors[at + d] - mean;
        }
        return offset;
    }

    private static double[] project(final double[] vector, final double[][] span) {
        final double[] projected = new double[vector.length];
        for (final double[] direction : span) {
            double length = 0;
            for (int d = 0; d < vector.length; d++) {
                length += vector[d] * direction[d];
            }
            for (int d = 0; d < vector.length; d++) {
                projected[d] += length * direction[d];
            }
        }
        return projected;
    }
}

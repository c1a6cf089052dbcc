package io.dpq.eval;

import java.util.Arrays;
import java.util.Comparator;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;

/**
 * The principal axes of a set of vectors.
 *
 * @param mean of the vectors
 * @param axes unit vectors, [axis][dimension], falling by variance; each one's largest component is positive, so that they
 *     are the same every time
 * @param variances along the axes, at least 0
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
record PrincipalAxes(double[] mean, double[][] axes, double[] variances) {
    /** Axes of {@code count} vectors of length D, row by row; at least one. */
    static PrincipalAxes of(final float[] vectors, final int count, final int dimensions) {
        final double[] mean = new double[dimensions];
        for (int i = 0; i < count; i++) {
            for (int d = 0; d < dimensions; d++) {
                mean[d] += vectors[i * dimensions + d];
            }
        }
        for (int d = 0; d < dimensions; d++) {
            mean[d] /= count;
        }
        final double[][] covariance = new double[dimensions][dimensions];
        final double[] centred = new double[dimensions];
        for (int i = 0; i < count; i++) {
            for (int d = 0; d < dimensions; d++) {
                centred[d] = vectors[i * dimensions + d] - mean[d];
            }
            for (int d = 0; d < dimensions; d++) {
                add(covariance[d], centred[d] / count, centred, d);
            }
        }
        // Mirrored, since the products of the other half round differently, and the library would take the matrix for
        // one that
        // is not symmetric.
        for (int d = 0; d < dimensions; d++) {
            for (int j = 0; j < d; j++) {
                covariance[d][j] = covariance[j][d];
            }
        }
        final EigenDecomposition eigen = new EigenDecomposition(MatrixUtils.createRealMatrix(covariance));
        final double[] values = eigen.getRealEigenvalues();
        final Integer[] order = new Integer[dimensions];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> -values[i]));
        final double[][] axes = new double[dimensions][];
        final double[] variances = new double[dimensions];
        for (int axis = 0; axis < dimensions; axis++) {
            axes[axis] = oriented(eigen.getEigenvector(order[axis]).toArray());
            variances[axis] = Math.max(0, values[order[axis]]);
        }
        return new PrincipalAxes(mean, axes, variances);
    }

    private static void add(final double[] sum, final double factor, final double[] values, final int from) {
        for (int j = from; j < sum.length; j++) {
            sum[j] = Math.fma(factor, values[j], sum[j]);
        }
    }

    private static double[] oriented(final double[] axis) {
        int largest = 0;
        for (int d = 1; d < axis.length; d++) {
            largest = Math.abs(axis[d]) > Math.abs(axis[largest]) ? d : largest;
        }
        if (axis[largest] < 0) {
            for (int d = 0; d < axis.length; d++) {
                axis[d] = -axis[d];
            }
        }
        return axis;
    }

    /** Where a vector, from {@code offset} on, stands on an axis. */
    double project(final float[] vectors, final int offset, final int axis) {
        double sum = 0;
        for (int d = 0; d < mean.length; d++) {
            sum += (vectors[offset + d] - mean[d]) * axes[axis][d];
        }
        return sum;
    }
}

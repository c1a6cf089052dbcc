package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import java.util.Random;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Learns binary codes by ITQ (Gong and Lazebnik, CVPR 2011): the sample is projected on its first principal axes, and a rotation
 * is fitted in turn with the signs so that the projections lie near the corners of a cube. Single-threaded and deterministic.
 */
final class IterativeQuantization {
    private static final int ITERATIONS = 50;

    private IterativeQuantization() {}

    /** The projection whose signs are the bits, {@code bits} ≤ D of them. */
    static Projection fit(final EmbeddingSample sample, final int bits, final long seed) {
        final PrincipalAxes axes = PrincipalAxes.of(sample.vectors(), sample.count(), sample.dimensions());
        final double[][] projected = new double[sample.count()][bits];
        for (int i = 0; i < projected.length; i++) {
            for (int bit = 0; bit < bits; bit++) {
                projected[i][bit] = axes.project(sample.vectors(), i * sample.dimensions(), bit);
            }
        }
        final RealMatrix rotation = rotation(MatrixUtils.createRealMatrix(projected), bits, seed);
        final float[] mean = new float[sample.dimensions()];
        final float[][] matrix = new float[sample.dimensions()][bits];
        for (int d = 0; d < mean.length; d++) {
            mean[d] = (float) axes.mean()[d];
            for (int bit = 0; bit < bits; bit++) {
                double sum = 0;
                for (int axis = 0; axis < bits; axis++) {
                    sum += axes.axes()[axis][d] * rotation.getEntry(axis, bit);
                }
                matrix[d][bit] = (float) sum;
            }
        }
        return new Projection(mean, matrix);
    }

    private static RealMatrix rotation(final RealMatrix projected, final int bits, final long seed) {
        final Random random = new Random(seed);
        final double[][] noise = new double[bits][bits];
        for (final double[] row : noise) {
            for (int bit = 0; bit < bits; bit++) {
                row[bit] = random.nextGaussian();
            }
        }
        RealMatrix rotation = new QRDecomposition(MatrixUtils.createRealMatrix(noise)).getQ();
        for (int i = 0; i < ITERATIONS; i++) {
            final double[][] signs = projected.multiply(rotation).getData();
            for (final double[] row : signs) {
                for (int bit = 0; bit < bits; bit++) {
                    row[bit] = row[bit] > 0 ? 1 : -1;
                }
            }
            final SingularValueDecomposition svd = new SingularValueDecomposition(
                    MatrixUtils.createRealMatrix(signs).transpose().multiply(projected));
            rotation = svd.getV().multiply(svd.getUT());
        }
        return rotation;
    }

    /** Corners of the cube, so many bits a level: bit t of codeword k is the sign of dimension t of its level. */
    static Codebooks corners(final int levels, final int bitsPerLevel) {
        final int codewords = 1 << bitsPerLevel;
        final int dimensions = levels * bitsPerLevel;
        final float[] values = new float[levels * codewords * dimensions];
        for (int level = 0; level < levels; level++) {
            for (int k = 0; k < codewords; k++) {
                for (int t = 0; t < bitsPerLevel; t++) {
                    values[(level * codewords + k) * dimensions + level * bitsPerLevel + t] =
                            (k >> t & 1) == 1 ? 1 : -1;
                }
            }
        }
        return new Codebooks(levels, codewords, dimensions, values);
    }
}

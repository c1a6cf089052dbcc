package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.ResidualKMeans;
import java.util.Arrays;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Learns product quantizers (Jégou, Douze and Schmid, TPAMI 2011), with a rotation where asked (OPQ: Ge, He, Ke and Sun, CVPR
 * 2013): codewords and rotation are fitted in turn, the rotation as the orthogonal Procrustes solution, from a start that
 * gives every subspace about the same volume. Single-threaded and deterministic.
 */
final class ProductQuantization {
    private static final int ITERATIONS = 25;
    private static final int ROTATIONS = 12;

    private final float[] vectors;
    private final int count;
    private final int dimensions;
    private final int parts;
    private final int codewords;
    private final long seed;

    private ProductQuantization(final EmbeddingSample sample, final int parts, final int codewords, final long seed) {
        this.vectors = sample.vectors();
        this.count = sample.count();
        this.dimensions = sample.dimensions();
        this.parts = parts;
        this.codewords = codewords;
        this.seed = seed;
    }

    /** PQ of {@code parts} ≤ D sub-quantizers of about equal width, as codebooks [parts, K, D]. */
    static Codebooks fit(final EmbeddingSample sample, final int parts, final int codewords, final long seed) {
        final ProductQuantization pq = new ProductQuantization(sample, parts, codewords, seed);
        return pq.codebooks(pq.centres(sample.vectors(), ITERATIONS), identity(sample.dimensions()));
    }

    /** OPQ of {@code parts} ≤ D sub-quantizers of about equal width, as codebooks [parts, K, D]. */
    static Codebooks fitRotated(final EmbeddingSample sample, final int parts, final int codewords, final long seed) {
        return new ProductQuantization(sample, parts, codewords, seed).rotated();
    }

    private Codebooks rotated() {
        double[][] rotation = balanced();
        final float[][] centres = centres(rotate(rotation), ITERATIONS / 5);
        for (int i = 0; i < ROTATIONS; i++) {
            final float[] rotated = rotate(rotation);
            final double[][] correlation = new double[dimensions][dimensions];
            for (int part = 0; part < parts; part++) {
                final float[] points = part(rotated, part);
                final short[] assigned = new short[count];
                new ResidualEncoder(new Codebooks(1, codewords, width(part), centres[part]))
                        .encode(points, count, assigned);
                means(points, assigned, width(part), centres[part]);
                correlate(assigned, part, centres[part], correlation);
            }
            final SingularValueDecomposition svd =
                    new SingularValueDecomposition(MatrixUtils.createRealMatrix(correlation));
            final RealMatrix best = svd.getU().multiply(svd.getVT());
            rotation = best.getData();
        }
        return codebooks(centres(rotate(rotation), ITERATIONS), rotation);
    }

    private int from(final int part) {
        return (int) ((long) part * dimensions / parts);
    }

    private int width(final int part) {
        return from(part + 1) - from(part);
    }

    private static double[][] identity(final int dimensions) {
        return MatrixUtils.createRealIdentityMatrix(dimensions).getData();
    }

    /** Principal axes dealt out so that the product of variances is about the same in every subspace. */
    private double[][] balanced() {
        final PrincipalAxes axes = PrincipalAxes.of(vectors, count, dimensions);
        final double[] volumes = new double[parts];
        final int[] taken = new int[parts];
        final double[][] rotation = new double[dimensions][dimensions];
        for (int axis = 0; axis < dimensions; axis++) {
            int part = -1;
            for (int candidate = 0; candidate < parts; candidate++) {
                if (taken[candidate] < width(candidate) && (part < 0 || volumes[candidate] < volumes[part])) {
                    part = candidate;
                }
            }
            for (int d = 0; d < dimensions; d++) {
                rotation[d][from(part) + taken[part]] = axes.axes()[axis][d];
            }
            taken[part]++;
            // Axes without variance must not make a subspace look emptier than one that has none of them.
            volumes[part] += Math.log(Math.max(axes.variances()[axis], 1e-9 * axes.variances()[0] + 1e-30))
                    - Math.log(1e-9 * axes.variances()[0] + 1e-30);
        }
        return rotation;
    }

    private float[] rotate(final double[][] rotation) {
        final float[][] matrix = new float[dimensions][dimensions];
        for (int d = 0; d < dimensions; d++) {
            for (int j = 0; j < dimensions; j++) {
                matrix[d][j] = (float) rotation[d][j];
            }
        }
        return new Projection(new float[dimensions], matrix).of(vectors, count);
    }

    private float[] part(final float[] rows, final int part) {
        final int width = width(part);
        final float[] points = new float[count * width];
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows, i * dimensions + from(part), points, i * width, width);
        }
        return points;
    }

    private float[][] centres(final float[] rows, final int iterations) {
        final float[][] centres = new float[parts][];
        for (int part = 0; part < parts; part++) {
            centres[part] = ResidualKMeans.fit(
                            part(rows, part), count, width(part), 1, codewords, iterations, seed + part)
                    .values();
        }
        return centres;
    }

    /** Centres without points stay where they are. */
    private void means(final float[] points, final short[] assigned, final int width, final float[] centres) {
        final double[] sums = new double[centres.length];
        final int[] sizes = new int[codewords];
        for (int i = 0; i < count; i++) {
            sizes[assigned[i]]++;
            for (int d = 0; d < width; d++) {
                sums[assigned[i] * width + d] += points[i * width + d];
            }
        }
        for (int i = 0; i < centres.length; i++) {
            if (sizes[i / width] > 0) {
                centres[i] = (float) (sums[i] / sizes[i / width]);
            }
        }
    }

    /** Adds Xᵀ·Y for a subspace of Y, the reconstruction: by codeword, since rows of one codeword reconstruct alike. */
    private void correlate(
            final short[] assigned, final int part, final float[] centres, final double[][] correlation) {
        final int width = width(part);
        final double[][] sums = new double[codewords][dimensions];
        for (int i = 0; i < count; i++) {
            final double[] sum = sums[assigned[i]];
            for (int d = 0; d < dimensions; d++) {
                sum[d] += vectors[i * dimensions + d];
            }
        }
        for (int k = 0; k < codewords; k++) {
            for (int d = 0; d < dimensions; d++) {
                for (int j = 0; j < width; j++) {
                    correlation[d][from(part) + j] += sums[k][d] * centres[k * width + j];
                }
            }
        }
    }

    /** Codewords in the embeddings' own space. */
    private Codebooks codebooks(final float[][] centres, final double[][] rotation) {
        final float[] values = new float[parts * codewords * dimensions];
        final double[] sum = new double[dimensions];
        for (int part = 0; part < parts; part++) {
            for (int k = 0; k < codewords; k++) {
                Arrays.fill(sum, 0);
                for (int j = 0; j < width(part); j++) {
                    final double centre = centres[part][k * width(part) + j];
                    for (int d = 0; d < dimensions; d++) {
                        sum[d] += rotation[d][from(part) + j] * centre;
                    }
                }
                for (int d = 0; d < dimensions; d++) {
                    values[(part * codewords + k) * dimensions + d] = (float) sum[d];
                }
            }
        }
        return new Codebooks(parts, codewords, dimensions, values);
    }
}

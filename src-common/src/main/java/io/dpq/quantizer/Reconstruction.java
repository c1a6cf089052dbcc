package io.dpq.quantizer;

import java.util.Arrays;

/** What codes stand for: the prefix sums H_l = c_1 + … + c_l (arXiv 1906.06698), and how far they are from the original. */
public final class Reconstruction {
    private Reconstruction() {}

    /**
     * Decodes a batch at the first {@code prefix} levels.
     *
     * @param codes {@code count} × L codes, row by row, L the codebooks' levels
     * @param prefix levels to add up, 0…L
     * @return {@code count} × D values, row by row
     */
    public static float[] decode(final Codebooks codebooks, final short[] codes, final int count, final int prefix) {
        check(codebooks, codes, count);
        if (prefix < 0 || prefix > codebooks.levels()) {
            throw new IllegalArgumentException(
                    "A prefix of " + prefix + " levels cannot be taken of " + codebooks.levels() + ".");
        }
        final float[] out = new float[count * codebooks.dimensions()];
        for (int row = 0; row < count; row++) {
            for (int level = 0; level < prefix; level++) {
                final int codeword = codes[row * codebooks.levels() + level];
                for (int d = 0; d < codebooks.dimensions(); d++) {
                    out[row * codebooks.dimensions() + d] += codebooks.value(level, codeword, d);
                }
            }
        }
        return out;
    }

    /**
     * L2 norms ‖H_l‖ for l = 1…L of what codes stand for.
     *
     * @param codes {@code count} × L codes, row by row
     * @return {@code count} × L norms, row by row
     */
    public static float[] norms(final Codebooks codebooks, final short[] codes, final int count) {
        check(codebooks, codes, count);
        final int levels = codebooks.levels();
        final float[] norms = new float[count * levels];
        final double[] sum = new double[codebooks.dimensions()];
        for (int row = 0; row < count; row++) {
            Arrays.fill(sum, 0);
            for (int level = 0; level < levels; level++) {
                final int codeword = codes[row * levels + level];
                for (int d = 0; d < sum.length; d++) {
                    sum[d] += codebooks.value(level, codeword, d);
                }
                norms[row * levels + level] = (float) Math.sqrt(square(sum));
            }
        }
        return norms;
    }

    /**
     * Mean squared L2 distances ‖x − H_l‖² for l = 0…L; entry 0 is the mean squared length of the vectors, so that entry l
     * divided by entry 0 is the relative error of l levels.
     *
     * @param vectors {@code count} rows of length D, at least one
     * @param codes {@code count} × L codes, row by row
     */
    public static double[] meanSquaredErrors(
            final Codebooks codebooks, final float[] vectors, final short[] codes, final int count) {
        check(codebooks, codes, count);
        final int dimensions = codebooks.dimensions();
        if (count < 1 || vectors.length < (long) count * dimensions) {
            throw new IllegalArgumentException("The error of " + count + " vectors of length " + dimensions
                    + " cannot be taken from " + vectors.length + " values.");
        }
        final double[] errors = new double[codebooks.levels() + 1];
        final double[] residual = new double[dimensions];
        for (int row = 0; row < count; row++) {
            for (int d = 0; d < dimensions; d++) {
                residual[d] = vectors[row * dimensions + d];
            }
            errors[0] += square(residual);
            for (int level = 0; level < codebooks.levels(); level++) {
                final int codeword = codes[row * codebooks.levels() + level];
                for (int d = 0; d < dimensions; d++) {
                    residual[d] -= codebooks.value(level, codeword, d);
                }
                errors[level + 1] += square(residual);
            }
        }
        for (int level = 0; level < errors.length; level++) {
            errors[level] /= count;
        }
        return errors;
    }

    private static double square(final double[] vector) {
        double sum = 0;
        for (final double value : vector) {
            sum += value * value;
        }
        return sum;
    }

    private static void check(final Codebooks codebooks, final short[] codes, final int count) {
        if (count < 0 || codes.length < (long) count * codebooks.levels()) {
            throw new IllegalArgumentException(
                    count + " codes of " + codebooks.levels() + " levels do not fit an array of " + codes.length + ".");
        }
    }
}

package io.dpq.eval;

import java.io.Serializable;
import java.util.Arrays;

/** An affine map of embeddings: y = (x − mean) · matrix, or x itself. Immutable and thread-safe. */
final class Projection implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Leaves embeddings as they are. */
    static final Projection NONE = new Projection(new float[0], new float[0][]);

    private final float[] mean;
    /** [input dimension][output dimension]. */
    private final float[][] matrix;

    /**
     * A map.
     *
     * @param mean of length D
     * @param matrix D rows; taken over, not copied
     */
    Projection(final float[] mean, final float[][] matrix) {
        this.mean = mean;
        this.matrix = matrix;
    }

    /** Maps {@code count} rows of length D. */
    float[] of(final float[] vectors, final int count) {
        if (matrix.length == 0) {
            return vectors;
        }
        final int width = matrix[0].length;
        final float[] out = new float[Math.multiplyExact(count, width)];
        final float[] row = new float[width];
        for (int i = 0; i < count; i++) {
            Arrays.fill(row, 0);
            for (int d = 0; d < matrix.length; d++) {
                add(row, vectors[i * matrix.length + d] - mean[d], matrix[d]);
            }
            System.arraycopy(row, 0, out, i * width, width);
        }
        return out;
    }

    /** A loop over whole arrays from index 0 with fused multiply-adds is what the JIT vectorises. */
    private static void add(final float[] sum, final float factor, final float[] values) {
        for (int j = 0; j < sum.length; j++) {
            sum[j] = Math.fma(factor, values[j], sum[j]);
        }
    }
}

package io.dpq.quantizer;

/**
 * Assigns points to their nearest centres, in this thread or on many machines. The result is that of {@link #assign} to the last
 * near tie, so that clustering does not depend on who assigns.
 */
@FunctionalInterface
public interface Assigner {
    /**
     * Takes points that will be assigned again and again.
     *
     * @param points {@code count} points of length {@code dimensions}, row by row; they do not change until the result is closed
     */
    Points open(float[] points, int count, int dimensions);

    /** Points that were taken. */
    @FunctionalInterface
    interface Points extends AutoCloseable {
        /**
         * Finds the nearest centre of every point, of equally near ones the lowest.
         *
         * @param centres one after the other, at least two
         * @param assigned receives their numbers
         */
        void assign(float[] centres, short[] assigned);

        @Override
        default void close() {}
    }

    /** The nearest centres, on this thread. */
    static void assign(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final short[] assigned) {
        new ResidualEncoder(new Codebooks(1, centres.length / dimensions, dimensions, centres))
                .encode(points, count, assigned);
    }
}

package io.dpq.quantizer;

/** Squared lengths. */
final class Squares {
    private Squares() {}

    /** That of {@code dimensions} values from {@code at} on, in four sums that the processor adds at once. */
    static double of(final float[] values, final int at, final int dimensions) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int d = 0;
        for (; d + 4 <= dimensions; d += 4) {
            s0 += (double) values[at + d] * values[at + d];
            s1 += (double) values[at + d + 1] * values[at + d + 1];
            s2 += (double) values[at + d + 2] * values[at + d + 2];
            s3 += (double) values[at + d + 3] * values[at + d + 3];
        }
        for (; d < dimensions; d++) {
            s0 += (double) values[at + d] * values[at + d];
        }
        return s0 + s1 + s2 + s3;
    }
}

package io.dpq.network;

/** Loops over one plane of an image, written so that the compiler vectorises them or keeps several sums at once. */
final class PlaneArithmetic {
    /** So steep that every value but the faintest is gated by 0 or 1; no branch is taken, since signs cannot be predicted. */
    private static final float STEEP = 1e30f;

    private PlaneArithmetic() {}

    static float sum(final float[] values) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < values.length; i += 4) {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        for (; i < values.length; i++) {
            a += values[i];
        }
        return a + b + (c + d);
    }

    /** Σ l·(r − centre). */
    static float products(final float[] left, final float[] right, final float centre) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < left.length; i += 4) {
            a += left[i] * (right[i] - centre);
            b += left[i + 1] * (right[i + 1] - centre);
            c += left[i + 2] * (right[i + 2] - centre);
            d += left[i + 3] * (right[i + 3] - centre);
        }
        for (; i < left.length; i++) {
            a += left[i] * (right[i] - centre);
        }
        return a + b + (c + d);
    }

    /** Σ (v − centre)². */
    static float squares(final float[] values, final float centre) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < values.length; i += 4) {
            a += (values[i] - centre) * (values[i] - centre);
            b += (values[i + 1] - centre) * (values[i + 1] - centre);
            c += (values[i + 2] - centre) * (values[i + 2] - centre);
            d += (values[i + 3] - centre) * (values[i + 3] - centre);
        }
        for (; i < values.length; i++) {
            a += (values[i] - centre) * (values[i] - centre);
        }
        return a + b + (c + d);
    }

    /** v ← v·scale + shift. */
    static void scale(final float[] values, final float scale, final float shift) {
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] * scale + shift;
        }
    }

    /** v ← max(0, v). */
    static void rectify(final float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.max(0, values[i]);
        }
    }

    /** g ← g where x·scale + shift is above 0, else 0. */
    static void gate(final float[] gradient, final float[] x, final float scale, final float shift) {
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] *= Math.min(1, Math.max(0, (x[i] * scale + shift) * STEEP));
        }
    }

    /** x ← g·ofGradient + x·ofX + constant. */
    static void mix(
            final float[] x, final float[] gradient, final float ofGradient, final float ofX, final float constant) {
        for (int i = 0; i < x.length; i++) {
            x[i] = gradient[i] * ofGradient + x[i] * ofX + constant;
        }
    }
}

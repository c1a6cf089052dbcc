package io.dpq.image;

import java.util.random.RandomGenerator;

/**
 * Changes brightness, contrast and saturation of a normalised crop, in this order, each clipped to the range of colours. Values
 * are mixed as in the usual photographic formulas, with grey = 0.299 r + 0.587 g + 0.114 b. Thread-safe.
 */
final class ColourJitter {
    private static final int CHANNELS = 3;
    private static final float WHITE = 255;
    private static final float[] GREY = {0.299f, 0.587f, 0.114f};

    private final int plane;
    private final float[] mean = new float[CHANNELS];
    private final float[] deviation = new float[CHANNELS];

    ColourJitter(final ImageContract contract) {
        this.plane = contract.crop() * contract.crop();
        for (int c = 0; c < CHANNELS; c++) {
            mean[c] = contract.mean().get(c).floatValue();
            deviation[c] = contract.deviation().get(c).floatValue();
        }
    }

    /** Draws a factor for each change asked for and applies them to [3][crop][crop] at {@code out[offset…]}. */
    void apply(final Augmentation asked, final RandomGenerator random, final float[] out, final int offset) {
        for (int c = 0; c < CHANNELS; c++) {
            for (int i = offset + c * plane; i < offset + (c + 1) * plane; i++) {
                out[i] = out[i] * deviation[c] + mean[c];
            }
        }
        if (asked.brightness() > 0) {
            brighten(factor(asked.brightness(), random), out, offset);
        }
        if (asked.contrast() > 0) {
            contrast(factor(asked.contrast(), random), out, offset);
        }
        if (asked.saturation() > 0) {
            saturate(factor(asked.saturation(), random), out, offset);
        }
        for (int c = 0; c < CHANNELS; c++) {
            for (int i = offset + c * plane; i < offset + (c + 1) * plane; i++) {
                out[i] = (out[i] - mean[c]) / deviation[c];
            }
        }
    }

    private static float factor(final double strength, final RandomGenerator random) {
        return (float) (1 + strength * (2 * random.nextDouble() - 1));
    }

    private void brighten(final float factor, final float[] out, final int offset) {
        for (int i = offset; i < offset + CHANNELS * plane; i++) {
            out[i] = clip(out[i] * factor);
        }
    }

    private void contrast(final float factor, final float[] out, final int offset) {
        double sum = 0;
        for (int i = offset; i < offset + plane; i++) {
            sum += grey(out, i);
        }
        final float middle = (float) (sum / plane);
        for (int i = offset; i < offset + CHANNELS * plane; i++) {
            out[i] = clip(middle + factor * (out[i] - middle));
        }
    }

    private void saturate(final float factor, final float[] out, final int offset) {
        for (int i = offset; i < offset + plane; i++) {
            final float grey = grey(out, i);
            for (int c = 0; c < CHANNELS; c++) {
                out[i + c * plane] = clip(grey + factor * (out[i + c * plane] - grey));
            }
        }
    }

    private float grey(final float[] out, final int i) {
        return GREY[0] * out[i] + GREY[1] * out[i + plane] + GREY[2] * out[i + 2 * plane];
    }

    private static float clip(final float value) {
        return Math.min(WHITE, Math.max(0, value));
    }
}

package io.dpq.encode;

import io.dpq.config.DpqConfig;
import io.dpq.job.ResourcePlan;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;

/**
 * How many inputs the network sees at once: what the configuration says, or what memory holds. Larger batches gain little beyond
 * the bounds here, and two of them at the most are in the heap of every task.
 *
 * @param given by the configuration; 0 where memory decides
 * @param nativeBytes outside the heap, of each task
 */
record BatchSize(int given, long nativeBytes) {
    private static final String KEY = "encode.batch-size";
    private static final int MOST_IMAGES = 32;
    /** Beside the codebooks, their values and what they are read from stay in a core's cache. */
    private static final int MOST_VECTORS = 240;
    /** Batches of vectors are a multiple of the rows that the quantizer takes at once. */
    private static final int ROWS = 24;
    /** G1 gives an array of half a megabyte regions of its own, and begins to mark when there are many. */
    private static final int ORDINARY_BYTES = (512 << 10) - 1024;
    /** What a network holds of an image while it computes, at most, to the image's own tensor. */
    private static final int ACTIVATIONS = 64;

    static BatchSize from(final DpqConfig config) {
        final ResourcePlan resources = ResourcePlan.from(config);
        return new BatchSize(
                config.isSet(KEY) ? config.integer(KEY, 1, 4096) : 0, resources.executorNative() / resources.tasks());
    }

    /** The batch size for a model. */
    int of(final ModelManifest model) {
        if (given > 0) {
            return given;
        }
        if (Embedders.takesVectors(model)) {
            final int fit = ORDINARY_BYTES / (Float.BYTES * model.dimensions()) / ROWS * ROWS;
            return Math.max(ROWS, Math.min(MOST_VECTORS, fit));
        }
        final long image = (long) Float.BYTES * model.image().tensorLength();
        // A mirror image is one more for the network.
        final int seen = model.image().mirror() ? 2 : 1;
        return (int) Math.max(1, Math.min(MOST_IMAGES, nativeBytes / (image * ACTIVATIONS)) / seen);
    }

    /** For the plan. */
    @Override
    public String toString() {
        return given > 0
                ? given + " images"
                : "as many images as memory holds, at most " + MOST_IMAGES + " (of vectors, " + MOST_VECTORS + ")";
    }
}

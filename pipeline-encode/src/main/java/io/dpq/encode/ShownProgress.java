package io.dpq.encode;

import org.apache.spark.util.AccumulatorV2;

/**
 * How far the job is, for Spark's UI, which shows it among the accumulators of the stage: what is done of how many images, how fast,
 * how long the rest will take, and what was refused. Tasks add up on their own, and Spark adds them on the driver when they end; so
 * it moves in steps of a partition, as {@link Progress} does. For one thread, as accumulators are.
 */
final class ShownProgress extends AccumulatorV2<ShownProgress.Images, String> {
    private static final long serialVersionUID = 1L;

    private final long total;
    private final long began;
    private long encoded;
    private long refused;

    /** Some images that are done. */
    record Images(long encoded, long refused) {}

    /** Of a job on so many images, which begins now. */
    ShownProgress(final long total) {
        this(total, System.currentTimeMillis());
    }

    private ShownProgress(final long total, final long began) {
        this.total = total;
        this.began = began;
    }

    @Override
    public boolean isZero() {
        return encoded == 0 && refused == 0;
    }

    @Override
    public ShownProgress copy() {
        final ShownProgress copy = new ShownProgress(total, began);
        copy.encoded = encoded;
        copy.refused = refused;
        return copy;
    }

    @Override
    public void reset() {
        encoded = 0;
        refused = 0;
    }

    @Override
    public void add(final Images images) {
        encoded += images.encoded();
        refused += images.refused();
    }

    @Override
    public void merge(final AccumulatorV2<Images, String> other) {
        final ShownProgress task = (ShownProgress) other;
        encoded += task.encoded;
        refused += task.refused;
    }

    @Override
    public String value() {
        return Progress.line(encoded + refused, total, refused, (System.currentTimeMillis() - began) / 1e3);
    }
}

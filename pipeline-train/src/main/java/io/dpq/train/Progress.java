package io.dpq.train;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Tells a person every few seconds how far the training is. For one thread. */
final class Progress {
    private static final long INTERVAL_NANOS = Duration.ofSeconds(3).toNanos();

    private final PrintStream out;
    private final LongSupplier nanos;
    private final long imagesInAll;
    private final long start;
    private long lastLine;
    private long imagesAtLastLine;
    private long images;

    /**
     * Starts the clock.
     *
     * @param imagesInAll images that all epochs together train on
     * @param nanos a clock, such as {@code System::nanoTime}
     */
    Progress(final PrintStream out, final long imagesInAll, final LongSupplier nanos) {
        this.out = out;
        this.nanos = nanos;
        this.imagesInAll = imagesInAll;
        this.start = nanos.getAsLong();
        this.lastLine = start;
    }

    /**
     * Counts a round, and prints a line when one is due or the epoch is over.
     *
     * @param where epoch, round and stage in words
     * @param roundImages images of the round
     */
    void round(
            final String where,
            final long roundImages,
            final double loss,
            final double learningRate,
            final boolean epochOver) {
        images += roundImages;
        final long now = nanos.getAsLong();
        if (!epochOver && now - lastLine < INTERVAL_NANOS) {
            return;
        }
        final double seconds = Math.max(1e-9, (now - lastLine) / 1e9);
        final double rate = (images - imagesAtLastLine) / seconds;
        out.println(String.format(
                Locale.ROOT,
                "%s  loss %.4f  learning rate %.3g  %.0f images/s  %s left",
                where,
                loss,
                learningRate,
                rate,
                time((long) ((imagesInAll - images) / Math.max(1e-9, imagesPerSecond(now))))));
        lastLine = now;
        imagesAtLastLine = images;
    }

    /** Something that is no round, on a line of its own. */
    void say(final String line) {
        out.println(line);
    }

    /** Mean speed since the start. */
    double imagesPerSecond() {
        return imagesPerSecond(nanos.getAsLong());
    }

    private double imagesPerSecond(final long now) {
        return images / Math.max(1e-9, (now - start) / 1e9);
    }

    private static String time(final long seconds) {
        return seconds >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }
}

package io.dpq.encode;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Tells a person every few seconds how far the job is. Spark hands counts over when a task ends, so the figures move in steps
 * of a partition.
 */
final class Progress implements AutoCloseable {
    private static final long SECONDS = 5;

    private final PrintStream out;
    private final long total;
    private final LongSupplier encoded;
    private final LongSupplier quarantined;
    private final long began = System.nanoTime();
    private final ScheduledExecutorService clock;
    private final ScheduledFuture<?> ticks;
    private long told;

    Progress(final PrintStream out, final long total, final LongSupplier encoded, final LongSupplier quarantined) {
        this.out = out;
        this.total = total;
        this.encoded = encoded;
        this.quarantined = quarantined;
        this.clock = Executors.newSingleThreadScheduledExecutor(runnable -> {
            final Thread thread = new Thread(runnable, "dpq-progress");
            thread.setDaemon(true);
            return thread;
        });
        this.ticks = clock.scheduleAtFixedRate(this::tell, SECONDS, SECONDS, TimeUnit.SECONDS);
    }

    private void tell() {
        final long refused = quarantined.getAsLong();
        final long done = encoded.getAsLong() + refused;
        if (done != told) {
            told = done;
            out.println(line(done, total, refused, seconds()));
        }
    }

    static String line(final long done, final long total, final long quarantined, final double seconds) {
        return String.format(
                Locale.ROOT,
                "%d of %d images (%.1f %%), %s, %s left, %d quarantined",
                done,
                total,
                100.0 * done / total,
                rate(done, seconds),
                time((total - done) * seconds / Math.max(done, 1)),
                quarantined);
    }

    private static String time(final double seconds) {
        final long whole = Math.round(seconds);
        return whole < 60
                ? whole + " s"
                : whole < 3600
                        ? String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60)
                        : String.format(Locale.ROOT, "%d:%02d h", whole / 3600, whole / 60 % 60);
    }

    static String rate(final long images, final double seconds) {
        return String.format(Locale.ROOT, "%.1f images/s", images / Math.max(seconds, 1e-3));
    }

    /** Since this was made. */
    double seconds() {
        return (System.nanoTime() - began) / 1e9;
    }

    @Override
    public void close() {
        ticks.cancel(false);
        clock.shutdown();
    }
}

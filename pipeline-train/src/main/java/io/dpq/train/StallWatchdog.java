package io.dpq.train;

import io.dpq.config.UserException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Gives a round up in which no worker has finished a batch, and no task has ended, for too long. Workers tell of batches with
 * their executors' heartbeats, in the middle of a task. Whoever trains is one thread; the watch is kept on another.
 */
final class StallWatchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StallWatchdog.class);
    private static final String GROUP = "dpq training";
    private static final long MOST_CHECK_MILLIS = 1000;
    private static final int CHECKS = 8;
    /** A worker reports once a heartbeat, and reports may cross. */
    private static final int HEARTBEATS = 2;

    private final JavaSparkContext spark;
    private final Duration timeout;
    private final Listener listener = new Listener();
    private final ScheduledExecutorService thread;

    /**
     * Begins to listen.
     *
     * @param timeout without a sign of life, 0 for a watchdog that sleeps
     * @throws UserException where workers report less often than that
     */
    StallWatchdog(final JavaSparkContext spark, final Duration timeout) {
        final long heartbeat = spark.getConf().getTimeAsMs("spark.executor.heartbeatInterval", "10s");
        if (!timeout.isZero() && timeout.toMillis() < HEARTBEATS * heartbeat) {
            throw UserException.usage("train.stall-timeout is " + words(timeout) + " but workers report every "
                    + words(Duration.ofMillis(heartbeat)) + "; raise it to "
                    + words(Duration.ofMillis(HEARTBEATS * heartbeat)) + " or more, or set it to 0.");
        }
        this.spark = spark;
        this.timeout = timeout;
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            final Thread daemon = new Thread(task, "dpq-stall-watchdog");
            daemon.setDaemon(true);
            return daemon;
        });
        spark.sc().addSparkListener(listener);
    }

    /**
     * Does a round under watch.
     *
     * @param where epoch, round and step in words
     * @param round runs Spark jobs from the calling thread
     * @return what the round returns
     * @throws StalledException where it was given up
     */
    double watch(final String where, final DoubleSupplier round) {
        final AtomicBoolean stalled = new AtomicBoolean();
        spark.setJobGroup(GROUP, "dpq train: " + where, true);
        listener.begin();
        final var checks = timeout.isZero() ? null : begin(stalled);
        try {
            return round.getAsDouble();
        } catch (Exception e) {
            // Spark throws checked exceptions that it does not declare.
            if (stalled.get()) {
                final StalledException given =
                        new StalledException("No batch was finished anywhere for " + words(timeout) + " in " + where
                                + "; look at the thread dumps and logs of the executors on Spark's page for what they"
                                + " wait for, then go on with --resume");
                // No cause: what Spark says of a cancelled job would be told instead.
                given.addSuppressed(e);
                throw given;
            }
            throw e;
        } finally {
            if (checks != null) {
                checks.cancel(false);
            }
            spark.clearJobGroup();
        }
    }

    private java.util.concurrent.ScheduledFuture<?> begin(final AtomicBoolean stalled) {
        final long every = Math.max(1, Math.min(MOST_CHECK_MILLIS, timeout.toMillis() / CHECKS));
        return thread.scheduleWithFixedDelay(
                () -> {
                    if (listener.silent().compareTo(timeout) >= 0) {
                        stalled.set(true);
                        LOG.error("No batch was finished for {}; the round is cancelled.", words(timeout));
                        // Again and again: a job that starts between two of its round's jobs would escape.
                        spark.sc().cancelJobGroup(GROUP);
                    }
                },
                every,
                every,
                TimeUnit.MILLISECONDS);
    }

    private static String words(final Duration time) {
        final long millis = time.toMillis();
        if (millis % 60_000 == 0) {
            return millis / 60_000 + " min";
        }
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }

    @Override
    public void close() {
        thread.shutdownNow();
        spark.sc().removeSparkListener(listener);
    }

    /** Remembers when there was a sign of life; Spark's own thread calls it. */
    static class Listener extends SparkListener {
        private final Map<Long, Object> counts = new ConcurrentHashMap<>();
        private volatile long last = System.nanoTime();

        /** Forgets earlier rounds. */
        final void begin() {
            counts.clear();
            alive();
        }

        /** A sign of life now. */
        void alive() {
            last = System.nanoTime();
        }

        /** Time since the last sign of life. */
        final Duration silent() {
            return Duration.ofNanos(System.nanoTime() - last);
        }

        @Override
        public void onTaskEnd(final SparkListenerTaskEnd end) {
            alive();
        }

        @Override
        public void onExecutorMetricsUpdate(final SparkListenerExecutorMetricsUpdate update) {
            for (final Tuple4<Object, Object, Object, Seq<AccumulableInfo>> task :
                    JavaConverters.seqAsJavaList(update.accumUpdates())) {
                for (final AccumulableInfo info : JavaConverters.seqAsJavaList(task._4())) {
                    if (info.name().contains(RoundMeter.BATCHES)
                            && info.update().isDefined()
                            && !info.update()
                                    .get()
                                    .equals(counts.put(
                                            (Long) task._1(), info.update().get()))) {
                        alive();
                    }
                }
            }
        }
    }
}

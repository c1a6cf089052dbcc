package io.dpq.encode;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.ImageRejectedException.Reason;
import io.dpq.image.InputReader;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.XXH64;
import org.apache.spark.unsafe.Platform;
import org.jspecify.annotations.Nullable;

/**
 * The images of a partition, decoded in their order: some are decoded ahead by a task's threads, so that a large photo does not
 * keep the network waiting while small ones could be decoded. How many are ahead is bounded by number and by bytes. Vectors,
 * which take less time than handing them over, are read when they are asked for. One that does not end in time is given up,
 * and its thread replaced until it ends. For one consuming thread, which alone reads the source, since Spark binds that to it.
 */
final class Decoding implements AutoCloseable {
    /** Stored bytes of images that are decoded ahead. */
    private static final long MOST_BYTES = 64L << 20;
    /** Given up decodes that a task bears: each keeps a core and a picture until it ends by itself. */
    private static final int MOST_STUCK = 8;
    /** Of Spark SQL's {@code xxhash64}. */
    private static final long SPARKS_SEED = 42;

    /** How far a decode on another thread has come. */
    private enum Progress {
        NONE,
        RUNNING,
        GIVEN_UP
    }

    private final Iterator<Row> source;
    private final Supplier<InputReader> readers;
    private final long maxBytes;
    private final Duration timeout;
    private final int count;
    private final int depth;
    private final @Nullable ThreadPoolExecutor threads;
    /** Decodes that were given up and still run. */
    private final AtomicInteger stuck = new AtomicInteger();

    private final Deque<Image> ahead = new ArrayDeque<>();
    private final Deque<Image> free = new ArrayDeque<>();
    private long bytesAhead;

    /**
     * Begins nothing yet.
     *
     * @param source rows {@code id, labels, length, content, error, modified, listed}
     * @param readers of the content, each for one thread at a time
     * @param maxBytes longest content that the lake reads
     * @param count threads that decode; 0 decodes on the caller's
     * @param timeout after which an image is given up, where threads decode
     */
    Decoding(
            final Iterator<Row> source,
            final Supplier<InputReader> readers,
            final long maxBytes,
            final int count,
            final Duration timeout) {
        this.source = source;
        this.readers = readers;
        this.maxBytes = maxBytes;
        this.timeout = timeout;
        this.count = count;
        this.depth = Math.max(1, 2 * count);
        this.threads = count == 0 ? null : pool(count);
    }

    private static ThreadPoolExecutor pool(final int count) {
        return new ThreadPoolExecutor(count, count, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), runnable -> {
            final Thread thread = new Thread(runnable, "dpq-decode");
            thread.setDaemon(true);
            return thread;
        });
    }

    boolean hasNext() {
        return !ahead.isEmpty() || source.hasNext();
    }

    /**
     * The next image, to be given back by {@link #release}.
     *
     * @param room images that the caller still takes into the batch at hand: no more are decoded ahead
     */
    Image next(final int room) {
        while (ahead.isEmpty()
                || (ahead.size() < Math.min(depth, room) && bytesAhead < MOST_BYTES && source.hasNext())) {
            begin(source.next());
        }
        final Image image = ahead.remove();
        bytesAhead -= image.bytes();
        return await(image);
    }

    private void begin(final Row row) {
        final Image image = free.isEmpty() ? new Image(readers.get()) : free.remove();
        image.take(row, maxBytes);
        bytesAhead += image.bytes();
        ahead.add(image);
        if (!image.isRefused()) {
            if (threads == null) {
                image.read();
            } else {
                image.running = threads.submit(() -> run(image));
            }
        }
    }

    private void run(final Image image) {
        synchronized (image) {
            image.progress = Progress.RUNNING;
        }
        try {
            image.decode();
        } finally {
            synchronized (image) {
                if (image.progress == Progress.GIVEN_UP) {
                    stuck.decrementAndGet();
                    resize();
                }
                image.progress = Progress.NONE;
            }
        }
    }

    private Image await(final Image image) {
        final Future<?> running = image.running;
        if (running == null) {
            return image;
        }
        try {
            running.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            image.running = null;
            return image;
        } catch (TimeoutException e) {
            running.cancel(true);
            giveUp(image);
            // Another one, since the thread may yet write into this.
            final Image refused = new Image(readers.get());
            refused.take(image.row(), maxBytes);
            refused.refuse(Reason.TOO_SLOW, "not decoded within " + timeout.toMillis() / 1000.0 + " s");
            return refused;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (CancellationException) new CancellationException("The task was cancelled.").initCause(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Puts another thread in the place of one that cannot be stopped where a codec does not look for interrupts. */
    private void giveUp(final Image image) {
        synchronized (image) {
            if (image.progress == Progress.RUNNING) {
                image.progress = Progress.GIVEN_UP;
                stuck.incrementAndGet();
                resize();
            }
        }
        if (stuck.get() > MOST_STUCK) {
            throw UserException.data(
                    stuck.get() + " images that were given up after " + timeout.toMillis() / 1000.0
                            + " s are still being decoded, the last one "
                            + image.row().get(0)
                            + "; raise encode.decode-timeout where the machine is overloaded, or take such images out of the lake.");
        }
    }

    private void resize() {
        final ThreadPoolExecutor pool = threads;
        if (pool != null) {
            synchronized (pool) {
                final int size = count + stuck.get();
                // Never more threads that stay than threads there may be.
                pool.setCorePoolSize(Math.min(size, pool.getMaximumPoolSize()));
                pool.setMaximumPoolSize(size);
                pool.setCorePoolSize(size);
            }
        }
    }

    /** Takes back what {@link #next} gave, for another image. */
    void release(final Image image) {
        image.row = null;
        image.content = null;
        free.add(image);
    }

    @Override
    public void close() {
        if (threads != null) {
            threads.shutdownNow();
        }
    }

    /** An image on its way. What it holds is valid from {@link Decoding#next} to {@link Decoding#release}. */
    static final class Image {
        private final InputReader reader;
        private float[] tensor;
        private @Nullable Row row;
        private @Nullable Future<?> running;
        private Progress progress = Progress.NONE;
        private byte @Nullable [] content;
        private long length;
        private long hash;
        private @Nullable Reason reason;
        private String detail = "";
        private long nanos;

        private Image(final InputReader reader) {
            this.reader = reader;
            this.tensor = new float[reader.length()];
        }

        private void take(final Row next, final long maxBytes) {
            row = next;
            nanos = 0;
            reason = null;
            detail = "";
            content = next.isNullAt(3) ? null : next.<byte[]>getAs(3);
            length = content == null ? next.getLong(2) : content.length;
            if (content == null) {
                // The lake leaves content out where it is longer than what it was told to read.
                refuse(Reason.ofMissingContent(length, maxBytes), next.isNullAt(4) ? "no content" : next.getString(4));
            }
        }

        private void decode() {
            final long began = System.nanoTime();
            read();
            nanos = System.nanoTime() - began;
        }

        private void read() {
            final byte[] bytes = content;
            if (bytes == null) {
                return;
            }
            hash = XXH64.hashUnsafeBytes(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, SPARKS_SEED);
            try {
                reader.read(bytes, tensor, 0);
            } catch (ImageRejectedException e) {
                refuse(e.reason(), String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                // Codecs are other people's code and meet hostile bytes: whatever one throws condemns its image, not
                // the job.
                refuse(Reason.CORRUPT, e.toString());
            }
        }

        private void refuse(final Reason why, final String seen) {
            reason = why;
            detail = seen;
        }

        private long bytes() {
            return content == null ? 0 : length;
        }

        boolean isRefused() {
            return reason != null;
        }

        Row row() {
            if (row == null) {
                throw new IllegalStateException("was given back");
            }
            return row;
        }

        /** The tensor of what was decoded, which is the caller's from now on, for one that is used again. */
        float[] exchange(final float[] other) {
            final float[] decoded = tensor;
            tensor = other;
            return decoded;
        }

        /** Stored bytes, or what the lake says of them where they were not read. */
        long length() {
            return length;
        }

        /** Spark SQL's {@code xxhash64} of the content; null where it was not read or not in time. */
        @Nullable
        Long contentHash() {
            return content == null || reason == Reason.TOO_SLOW ? null : (Long) hash;
        }

        /** Whether its content was read from the lake. */
        boolean wasRead() {
            return content != null;
        }

        @Nullable
        Reason reason() {
            return reason;
        }

        String detail() {
            return detail;
        }

        /** How long decoding took; 0 of a vector, whose reading takes less than telling the time. */
        long nanos() {
            return nanos;
        }

        int width() {
            return reader.width();
        }

        int height() {
            return reader.height();
        }
    }
}

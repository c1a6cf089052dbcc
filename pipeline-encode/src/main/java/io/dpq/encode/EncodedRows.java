package io.dpq.encode;

import io.dpq.network.SharedModel;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * The staged rows of one partition. While one batch is in the network, on a thread of its own, others decode the next one, and
 * the task's thread reads stored images and writes the rows of the batch before: two batches in memory, never more. A task of one
 * core reads, encodes and writes vectors by itself: there is nothing to wait for, and a batch that was just read still lies in the
 * core's cache. Not thread-safe.
 */
final class EncodedRows implements Iterator<Row>, AutoCloseable {
    // Rows that wait to be taken: a partition of broken images must not gather in memory.
    private static final int WAITING = 1024;

    private final SharedModel model;
    private final EncodeTask task;
    private final Decoding decoding;
    private final @Nullable ExecutorService network;
    private final Queue<Row> ready = new ArrayDeque<>();
    private Batch filling;
    private Batch other;
    private @Nullable Future<Batch.Encoded> inFlight;

    /** Rows {@code id, labels, length, content, error, modified, listed} to staged rows. */
    EncodedRows(final Iterator<Row> source, final SharedModel model, final EncodeTask task) {
        this.model = model;
        this.task = task;
        final boolean vectors = model.embedder().vectorLength() > 0;
        // Vectors take less time than handing them to another thread.
        final int threads = vectors ? 0 : task.threads();
        this.decoding = new Decoding(source, model::reader, model.image().maxBytes(), threads, task.timeout());
        final boolean alone = vectors && task.threads() == 1;
        this.filling = batch();
        this.other = alone ? filling : batch();
        this.network = alone ? null : thread();
    }

    private Batch batch() {
        return new Batch(
                task.batchSize(),
                task.levels(),
                task.extras(),
                model.reader().length(),
                model.embedder().dimensions());
    }

    private static ExecutorService thread() {
        return Executors.newSingleThreadExecutor(runnable -> {
            final Thread thread = new Thread(runnable, "dpq-network");
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty()) {
            fill();
            if (!ready.isEmpty() && !filling.isFull() && decoding.hasNext()) {
                break;
            }
            final boolean collected = collect();
            if (!filling.isEmpty()) {
                submit();
            } else if (!collected && ready.isEmpty()) {
                close();
                return false;
            }
        }
        return true;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return ready.remove();
    }

    private void fill() {
        while (!filling.isFull() && ready.size() < WAITING && decoding.hasNext()) {
            final Decoding.Image image = decoding.next(filling.room());
            if (image.wasRead()) {
                task.counters().bytes().add(image.length());
                task.counters().decodeNanos().add(image.nanos());
            }
            if (image.isRefused()) {
                quarantine(image);
            } else {
                filling.add(image);
                task.counters().decoded().add(1);
            }
            decoding.release(image);
        }
    }

    private void quarantine(final Decoding.Image image) {
        ready.add(StagedRow.refused(
                StagedRow.begun(task.levels(), task.extras(), StagedRow.Facts.of(image.row()), image.contentHash()),
                task.levels(),
                Objects.requireNonNull(image.reason()),
                image.detail()));
        task.counters().done(1, 1);
    }

    private void submit() {
        final Batch batch = filling;
        inFlight = network == null
                ? CompletableFuture.completedFuture(alone(batch))
                : network.submit(() -> batch.encode(model));
        filling = other;
        other = batch;
    }

    /** A task that was killed is told by an interrupt, which only who waits would notice. */
    private Batch.Encoded alone(final Batch batch) {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("The task was cancelled.");
        }
        return batch.encode(model);
    }

    /** Waits for the batch in the network, if there is one. */
    private boolean collect() {
        final Future<Batch.Encoded> awaited = inFlight;
        if (awaited == null) {
            return false;
        }
        inFlight = null;
        try {
            final Batch.Encoded encoded = awaited.get();
            ready.addAll(encoded.rows());
            task.counters().done(encoded.rows().size(), encoded.refused());
            task.counters().networkNanos().add(encoded.nanos());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (CancellationException) new CancellationException("The task was cancelled.").initCause(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Ends the threads; also called when the task ends early. */
    @Override
    public void close() {
        decoding.close();
        if (network != null) {
            network.shutdownNow();
        }
    }
}

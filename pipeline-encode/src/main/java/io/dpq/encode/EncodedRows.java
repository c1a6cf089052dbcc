package io.dpq.encode;

import io.dpq.image.ImageDecoder;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.RgbImage;
import io.dpq.image.Tensors;
import io.dpq.network.SharedModel;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/**
 * The staged rows of one partition. While one batch is in the network, on a thread of its own, the task's thread reads and
 * decodes the next one: two batches in memory, never more. Reading stays on the task's thread because Spark binds it to that.
 * Not thread-safe.
 */
final class EncodedRows implements Iterator<Row>, AutoCloseable {
    // Rows that wait to be taken: a partition of broken images must not gather in memory.
    private static final int WAITING = 1024;
    private static final int DETAIL_LENGTH = 500;

    private final Iterator<Row> source;
    private final SharedModel model;
    private final int levels;
    private final EncodeTask counters;
    private final ImageDecoder decoder;
    private final Tensors tensors;
    private final ExecutorService network;
    private final Queue<Row> ready = new ArrayDeque<>();
    private Batch filling;
    private Batch other;
    private @Nullable Future<List<Row>> inFlight;

    /** Rows {@code id, labels, length, content, error, content_hash} to staged rows. */
    EncodedRows(
            final Iterator<Row> source,
            final SharedModel model,
            final int batchSize,
            final int levels,
            final EncodeTask counters) {
        this.source = source;
        this.model = model;
        this.levels = levels;
        this.counters = counters;
        this.decoder = new ImageDecoder(model.image());
        this.tensors = new Tensors(model.image());
        final int tensorLength = model.image().tensorLength();
        this.filling = new Batch(batchSize, levels, counters.keepEmbeddings(), tensorLength);
        this.other = new Batch(batchSize, levels, counters.keepEmbeddings(), tensorLength);
        this.network = Executors.newSingleThreadExecutor(runnable -> {
            final Thread thread = new Thread(runnable, "dpq-network");
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty()) {
            fill();
            if (!ready.isEmpty() && !filling.isFull() && source.hasNext()) {
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
        while (!filling.isFull() && ready.size() < WAITING && source.hasNext()) {
            final Row image = source.next();
            final byte[] content = image.isNullAt(3) ? null : image.<byte[]>getAs(3);
            if (content == null) {
                // The lake leaves content out where it is longer than what it was told to read.
                quarantine(
                        image,
                        image.getAs(2),
                        image.getLong(2) > model.image().maxBytes()
                                ? ImageRejectedException.Reason.TOO_MANY_BYTES
                                : ImageRejectedException.Reason.UNREADABLE,
                        image.isNullAt(4) ? "no content" : image.getString(4));
                continue;
            }
            try {
                final RgbImage pixels = decoder.decode(content);
                tensors.centre(pixels, filling.tensors(), filling.offset());
                filling.add(image.get(0), image.get(1), image.get(5));
                counters.decoded().add(1);
            } catch (ImageRejectedException e) {
                quarantine(image, (long) content.length, e.reason(), String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                // Codecs are other people's code and meet hostile bytes: whatever one throws condemns its image, not
                // the job.
                quarantine(image, (long) content.length, ImageRejectedException.Reason.CORRUPT, e.toString());
            }
        }
    }

    private void quarantine(
            final Row image,
            final @Nullable Long length,
            final ImageRejectedException.Reason reason,
            final String detail) {
        final @Nullable Object[] values = new @Nullable Object[3 + levels + 3 + (counters.keepEmbeddings() ? 1 : 0)];
        values[0] = image.get(0);
        values[1] = image.get(1);
        values[2] = image.get(5);
        values[3 + levels] = reason.name();
        values[4 + levels] = detail.length() > DETAIL_LENGTH ? detail.substring(0, DETAIL_LENGTH) : detail;
        values[5 + levels] = length;
        ready.add(RowFactory.create(values));
        counters.quarantined().add(1);
    }

    private void submit() {
        final Batch batch = filling;
        inFlight = network.submit(() -> batch.encode(model));
        filling = other;
        other = batch;
    }

    /** Waits for the batch in the network, if there is one. */
    private boolean collect() {
        final Future<List<Row>> awaited = inFlight;
        if (awaited == null) {
            return false;
        }
        inFlight = null;
        try {
            final List<Row> rows = awaited.get();
            ready.addAll(rows);
            counters.encoded().add(rows.size());
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

    /** Ends the network's thread; also called when the task ends early. */
    @Override
    public void close() {
        network.shutdownNow();
    }
}

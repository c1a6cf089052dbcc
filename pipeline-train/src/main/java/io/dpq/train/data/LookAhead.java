package io.dpq.train.data;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Does a sequence of work on one background thread, at most {@code depth} pieces ahead of whoever takes the results, in order.
 * For one consuming thread.
 */
final class LookAhead<T> implements Iterator<T>, AutoCloseable {
    private final Iterator<Callable<T>> work;
    private final ExecutorService thread;
    private final Deque<Future<T>> pending = new ArrayDeque<>();

    LookAhead(final Iterator<Callable<T>> work, final int depth) {
        this.work = work;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            final Thread background = new Thread(task, "dpq-look-ahead");
            background.setDaemon(true);
            return background;
        });
        for (int i = 0; i < depth; i++) {
            submitNext();
        }
    }

    private void submitNext() {
        if (work.hasNext()) {
            pending.add(thread.submit(work.next()));
        }
    }

    @Override
    public boolean hasNext() {
        return !pending.isEmpty();
    }

    @Override
    public T next() {
        final Future<T> first = pending.poll();
        if (first == null) {
            throw new NoSuchElementException();
        }
        try {
            final T result = first.get();
            submitNext();
            return result;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while an image was decoded.", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("A batch could not be decoded.", e);
        }
    }

    /** Stops the thread; work that waits is dropped. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}

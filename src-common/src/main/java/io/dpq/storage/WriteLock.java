package io.dpq.storage;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two runs from writing one thing at once: a file that names its run and is touched every minute while the run lives.
 * Whoever finds it while the run's process is alive on the same machine is refused. One whose process ran on this machine and is
 * no more belongs to a crash, and is taken over at once, since a job that a scheduler starts again must not wait. Of a process
 * elsewhere only touches tell, and clocks differ: the file is watched until it is touched or should have been twice. Object
 * stores do not create exclusively, and a process that was cut off may have been taken for dead, so whoever holds a lock asks
 * {@link #isHeld} before it publishes. Thread-safe.
 */
public final class WriteLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteLock.class);
    private static final long TOUCH_SECONDS = 60;
    private static final Duration WATCH = Duration.ofSeconds(2 * TOUCH_SECONDS + 30);
    private static final Duration POLL = Duration.ofSeconds(5);

    private final FileSystem files;
    private final Path path;
    private final String owner;
    private final ScheduledExecutorService heartbeat;

    private WriteLock(final FileSystem files, final Path path, final String owner) {
        this.files = files;
        this.path = path;
        this.owner = owner;
        this.heartbeat = Executors.newSingleThreadScheduledExecutor(runnable -> {
            final Thread thread = new Thread(runnable, "dpq-write-lock");
            thread.setDaemon(true);
            return thread;
        });
        final var unused =
                heartbeat.scheduleWithFixedDelay(this::touch, TOUCH_SECONDS, TOUCH_SECONDS, TimeUnit.SECONDS);
    }

    /** How long a process elsewhere is watched, and how often it is looked at. */
    record Patience(Duration watch, Duration poll) {}

    /**
     * Takes the lock, at once, or after up to two minutes and a half in which the one that is there is watched.
     *
     * @param path the file; its folder is made
     * @param run what the run is called where another one is refused
     * @param refusal what to throw at a run that meets a living one, of the words that name the latter
     * @throws IOException where the file cannot be written
     */
    public static WriteLock take(
            final FileSystem files, final Path path, final String run, final Function<String, UserException> refusal)
            throws IOException {
        return take(files, path, run, refusal, new Patience(WATCH, POLL));
    }

    static WriteLock take(
            final FileSystem files,
            final Path path,
            final String run,
            final Function<String, UserException> refusal,
            final Patience patience)
            throws IOException {
        final String owner = run + " of " + System.getProperty("user.name", "someone") + " in " + Owner.here();
        files.mkdirs(path.getParent());
        final Optional<Sign> found = sign(files, path);
        if (found.isPresent()) {
            final Optional<Sign> living = living(files, path, found.get(), patience);
            if (living.isPresent()) {
                throw refusal.apply(living.get().owner());
            }
        }
        try (OutputStream out = files.create(path, false)) {
            out.write(owner.getBytes(StandardCharsets.UTF_8));
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{} was quicker", path, e);
            throw refusal.apply(sign(files, path).map(Sign::owner).orElse("which began at the same time"));
        }
        final String holder = sign(files, path).map(Sign::owner).orElse("which began at the same time");
        if (!holder.equals(owner)) {
            throw refusal.apply(holder);
        }
        return new WriteLock(files, path, owner);
    }

    /** What a lock says at a time. */
    private record Sign(String owner, Instant touched) {}

    private static Optional<Sign> sign(final FileSystem files, final Path path) throws IOException {
        final Instant touched;
        try {
            touched = Instant.ofEpochMilli(files.getFileStatus(path).getModificationTime());
            try (InputStream in = files.open(path)) {
                return Optional.of(new Sign(new String(in.readAllBytes(), StandardCharsets.UTF_8), touched));
            }
        } catch (FileNotFoundException e) {
            LOG.debug("{} is free", path, e);
            return Optional.empty();
        } catch (ChecksumException e) {
            // Written by halves when its process was killed, which it is watched for.
            LOG.debug("{} is torn", path, e);
            return Optional.of(new Sign("a run whose name cannot be read", Instant.EPOCH));
        }
    }

    /** By what someone is seen to live who holds the lock; nothing where it is free, or was made so. */
    private static Optional<Sign> living(
            final FileSystem files, final Path path, final Sign sign, final Patience patience) throws IOException {
        return switch (Owner.state(sign.owner())) {
            case ALIVE -> Optional.of(sign);
            case DEAD -> remove(files, path, sign);
            case UNKNOWN -> watch(files, path, sign, patience);
        };
    }

    /** Removes the lock of a dead run, unless someone else took it over meanwhile. */
    private static Optional<Sign> remove(final FileSystem files, final Path path, final Sign dead) throws IOException {
        final Optional<Sign> now = sign(files, path);
        if (now.isPresent() && !now.get().equals(dead)) {
            return now;
        }
        LOG.warn("Taking over {} from {}, which last gave a sign of life at {}.", path, dead.owner(), dead.touched());
        files.delete(path, false);
        return Optional.empty();
    }

    private static Optional<Sign> watch(
            final FileSystem files, final Path path, final Sign sign, final Patience patience) throws IOException {
        LOG.info(
                "{} is held by {}, elsewhere; watching for {} whether it is touched.",
                path,
                sign.owner(),
                patience.watch());
        final long end = System.nanoTime() + patience.watch().toNanos();
        while (System.nanoTime() < end) {
            try {
                Thread.sleep(patience.poll().toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (CancellationException)
                        new CancellationException("Interrupted while waiting for " + path).initCause(e);
            }
            final Optional<Sign> now = sign(files, path);
            if (now.isEmpty() || !now.get().equals(sign)) {
                return now;
            }
        }
        return remove(files, path, sign);
    }

    private synchronized void touch() {
        try {
            if (!isHeld()) {
                return;
            }
            if (AtomicRename.isOfferedBy(files)) {
                files.setTimes(path, System.currentTimeMillis(), -1);
            } else {
                // An object store has no times to set but those of writing.
                try (OutputStream out = files.create(path, true)) {
                    out.write(owner.getBytes(StandardCharsets.UTF_8));
                }
            }
        } catch (IOException | RuntimeException e) {
            // The next touch may succeed; an uncaught throwable would end the heartbeat.
            LOG.warn("Cannot touch {}: {}", path, e.toString());
        }
    }

    /** Whether the file still names this run. Not while it is touched: some stores show it empty until it is written anew. */
    public synchronized boolean isHeld() throws IOException {
        return sign(files, path).map(Sign::owner).filter(owner::equals).isPresent();
    }

    /** Ends the hold; a file that another run took over meanwhile is left alone. */
    @Override
    public void close() {
        // A touch that is under way could write anew what is deleted here.
        heartbeat.shutdown();
        try {
            if (!heartbeat.awaitTermination(TOUCH_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("A touch of {} does not end.", path);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            if (isHeld()) {
                files.delete(path, false);
            }
        } catch (IOException e) {
            LOG.warn("Cannot delete {}, which the next run will take over: {}", path, e.toString());
        }
    }
}

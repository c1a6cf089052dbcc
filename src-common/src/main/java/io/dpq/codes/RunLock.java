package io.dpq.codes;

import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two runs from writing one code table at once: a file {@code _tmp/_lock} that names its run and is touched every minute
 * while the run lives. One that was not touched for ten minutes belongs to a run that crashed, and is taken over; so is one
 * whose process ran on this machine and is no more, since a job that a scheduler starts again must not wait. Object stores
 * do not create exclusively, so {@link CodeRun} also looks for other runs before it publishes. Thread-safe.
 */
final class RunLock implements AutoCloseable {
    static final String NAME = "_lock";

    private static final Logger LOG = LoggerFactory.getLogger(RunLock.class);
    private static final Duration STALE = Duration.ofMinutes(10);
    private static final long TOUCH_SECONDS = 60;

    private final FileSystem files;
    private final Path path;
    private final String owner;
    private final ScheduledExecutorService heartbeat;

    private RunLock(final FileSystem files, final Path path, final String owner) {
        this.files = files;
        this.path = path;
        this.owner = owner;
        this.heartbeat = Executors.newSingleThreadScheduledExecutor(runnable -> {
            final Thread thread = new Thread(runnable, "dpq-run-lock");
            thread.setDaemon(true);
            return thread;
        });
        final var unused =
                heartbeat.scheduleWithFixedDelay(this::touch, TOUCH_SECONDS, TOUCH_SECONDS, TimeUnit.SECONDS);
    }

    /** The lock of the table for this run; one that another living run holds is a UserException that names that run. */
    static RunLock take(final FileSystem files, final Path folder, final String runId) throws IOException {
        final Path path = new Path(folder, NAME);
        final String owner =
                "run " + runId + " of " + System.getProperty("user.name", "someone") + " in " + Owner.here();
        files.mkdirs(folder);
        if (files.exists(path)) {
            removeIfStale(files, path);
        }
        try (OutputStream out = files.create(path, false)) {
            out.write(owner.getBytes(StandardCharsets.UTF_8));
        } catch (FileAlreadyExistsException e) {
            throw taken(files, path);
        }
        if (!read(files, path).equals(owner)) {
            throw taken(files, path);
        }
        return new RunLock(files, path, owner);
    }

    private static void removeIfStale(final FileSystem files, final Path path) throws IOException {
        final FileStatus status = files.getFileStatus(path);
        final Instant touched = Instant.ofEpochMilli(status.getModificationTime());
        if (touched.plus(STALE).isAfter(Instant.now()) && !Owner.isDead(read(files, path))) {
            throw taken(files, path);
        }
        LOG.warn("Taking over {} from {}, which last gave a sign of life at {}.", path, read(files, path), touched);
        files.delete(path, false);
    }

    private static UserException taken(final FileSystem files, final Path path) throws IOException {
        return UserException.data("Another encode, " + read(files, path) + ", writes the code table at "
                + path.getParent().getParent() + " now; wait until it is done or, if it crashed, delete " + path
                + " or wait " + STALE.toMinutes() + " minutes.");
    }

    private static String read(final FileSystem files, final Path path) throws IOException {
        try (InputStream in = files.open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void touch() {
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

    /** Whether the file still names this run. */
    boolean isHeld() throws IOException {
        return files.exists(path) && read(files, path).equals(owner);
    }

    /** Gives the table free; one that another run took over meanwhile is left alone. */
    @Override
    public void close() {
        heartbeat.shutdownNow();
        try {
            if (isHeld()) {
                files.delete(path, false);
            }
        } catch (IOException e) {
            LOG.warn("Cannot delete {}, which will lose its force in {}: {}", path, STALE, e.toString());
        }
    }
}

package io.dpq.encode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk, but for the operation named by the system property {@code dpq.test.pause}: there the process makes the file
 * {@code dpq.test.paused} and waits to be killed.
 */
public final class PausingFileSystem extends LocalFileSystem {
    @Override
    public boolean rename(final Path source, final Path target) throws IOException {
        pauseAt("rename " + target);
        return super.rename(source, target);
    }

    @Override
    public boolean delete(final Path path, final boolean recursive) throws IOException {
        pauseAt("delete " + path);
        return super.delete(path, recursive);
    }

    @Override
    public FSDataOutputStream create(
            final Path path,
            final FsPermission permission,
            final boolean overwrite,
            final int bufferSize,
            final short replication,
            final long blockSize,
            final Progressable progress)
            throws IOException {
        pauseAt("create " + path);
        return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
    }

    private static void pauseAt(final String operation) {
        final String pause = System.getProperty("dpq.test.pause", "");
        if (pause.isEmpty() || !operation.matches(pause)) {
            return;
        }
        try {
            Files.writeString(java.nio.file.Path.of(System.getProperty("dpq.test.paused")), operation);
            Thread.sleep(Long.MAX_VALUE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

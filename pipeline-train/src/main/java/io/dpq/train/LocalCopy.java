package io.dpq.train;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;

/** A temporary local copy of a file on any Hadoop file system, for libraries that read local files only. */
final class LocalCopy implements AutoCloseable {
    private final Path file;

    /**
     * Fetches a file.
     *
     * @param key the configuration key that names it, for messages
     * @throws UserException where it does not exist or cannot be read
     */
    LocalCopy(final String key, final String path, final Configuration hadoop) {
        require(key, path, hadoop);
        try {
            this.file = fetch(new org.apache.hadoop.fs.Path(path), hadoop);
        } catch (final IOException e) {
            throw unreadable(key, path, e);
        }
    }

    /**
     * Refuses a file that is not there.
     *
     * @param key the configuration key that names it, for messages
     * @throws UserException where it does not exist or its file system cannot be asked
     */
    static void require(final String key, final String path, final Configuration hadoop) {
        final boolean exists;
        try {
            final org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(path);
            exists = source.getFileSystem(hadoop).exists(source);
        } catch (final IOException | IllegalArgumentException e) {
            throw unreadable(key, path, e);
        }
        if (!exists) {
            throw UserException.data("The file " + path + " does not exist; correct " + key + ".");
        }
    }

    private static UserException unreadable(final String key, final String path, final Exception cause) {
        return UserException.data("The file " + path + " cannot be read; correct " + key + ".", cause);
    }

    private static Path fetch(final org.apache.hadoop.fs.Path source, final Configuration hadoop) throws IOException {
        final Path copy = Files.createTempFile("dpq-", "-" + source.getName());
        try (InputStream in = source.getFileSystem(hadoop).open(source)) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            return copy;
        } catch (final IOException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    String path() {
        return file.toString();
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}

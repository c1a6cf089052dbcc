package io.dpq.train;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** A temporary local copy of a file on any Hadoop file system, for libraries that read local files only. */
final class LocalCopy implements AutoCloseable {
    private final Path file;

    /**
     * Fetches a file.
     *
     * @param key the configuration key that names it, for messages
     */
    LocalCopy(final String key, final String path, final Configuration hadoop) throws IOException {
        final org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(path);
        final FileSystem fileSystem = source.getFileSystem(hadoop);
        if (!fileSystem.exists(source)) {
            throw UserException.data("The file " + path + " does not exist; correct " + key + ".");
        }
        this.file = Files.createTempFile("dpq-", "-" + source.getName());
        try (InputStream in = fileSystem.open(source)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
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

package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;

/**
 * Publishes a report so that a reader sees every file whole, old or new: where a rename is atomic each file is written aside
 * and renamed over its predecessor; elsewhere, as on object stores, a file appears whole when it is closed. Stateless.
 */
final class ReportPublisher {
    private ReportPublisher() {}

    /** Refuses a directory that cannot be made or written, before anything is computed for it. */
    static void prepare(final String directory, final Configuration hadoop) {
        try {
            final Path root = new Path(directory);
            final FileSystem fileSystem = root.getFileSystem(hadoop);
            fileSystem.mkdirs(root);
            final Path probe = new Path(root, "_writable");
            write(fileSystem, probe, new byte[0]);
            fileSystem.delete(probe, false);
        } catch (final IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The report cannot be written to " + directory + " (" + e.getMessage()
                            + "); set evaluate.report to a folder that can be made or written.",
                    e);
        }
    }

    /**
     * Writes the files in their order.
     *
     * @param directory made where it does not exist; other files in it are left alone
     * @param files content by name
     * @return the directory, qualified
     */
    static Path publish(final String directory, final Configuration hadoop, final Map<String, byte[]> files)
            throws IOException {
        final Path given = new Path(directory);
        final FileSystem fileSystem = given.getFileSystem(hadoop);
        final Path root = fileSystem.makeQualified(given);
        fileSystem.mkdirs(root);
        for (final Map.Entry<String, byte[]> file : files.entrySet()) {
            final Path target = new Path(root, file.getKey());
            if (AtomicRename.isOfferedBy(fileSystem)) {
                final Path aside = new Path(root, "_" + file.getKey() + ".new");
                write(fileSystem, aside, file.getValue());
                FileContext.getFileContext(root.toUri(), hadoop).rename(aside, target, Options.Rename.OVERWRITE);
            } else {
                write(fileSystem, target, file.getValue());
            }
        }
        return root;
    }

    private static void write(final FileSystem fileSystem, final Path path, final byte[] content) throws IOException {
        try (OutputStream out = fileSystem.create(path, true)) {
            out.write(content);
        }
    }
}

package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;

/**
 * The folder that a lake's paths are relative to, with its scheme, so that executors need no default file system. Thread-safe;
 * Hadoop keeps one file system a scheme and JVM.
 */
final class LakeRoot implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String root;
    private final SerializableConfiguration hadoop;

    private LakeRoot(final Path root, final Configuration hadoop) {
        this.root = root.toString();
        this.hadoop = new SerializableConfiguration(hadoop);
    }

    /** Where a lake lies: a folder, or one file, whose folder then is the root. */
    record Found(LakeRoot root, FileStatus status) {}

    /** Looks the lake's path up; one that does not exist is a {@link UserException}. */
    static Found find(final Configuration hadoop, final LakeSettings settings) {
        try {
            final Path given = new Path(settings.path());
            final FileSystem fs = given.getFileSystem(hadoop);
            final Path path = fs.makeQualified(given);
            final FileStatus status = fs.getFileStatus(path);
            final Path root = status.isDirectory() || path.getParent() == null ? path : path.getParent();
            return new Found(new LakeRoot(root, hadoop), status);
        } catch (final FileNotFoundException e) {
            throw UserException.data(
                    "The lake " + settings.path() + " does not exist; set " + settings.section()
                            + ".path to a folder that does.",
                    e);
        } catch (final IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The lake " + settings.path() + " cannot be listed (" + e.getMessage() + "); check "
                            + settings.section() + ".path.",
                    e);
        }
    }

    Configuration hadoop() {
        return hadoop.value();
    }

    FileSystem fileSystem() throws IOException {
        return new Path(root).getFileSystem(hadoop.value());
    }

    /** The file or folder of a path below the root; built without parsing, because a name may hold a colon. */
    Path below(final String path) {
        return path.isEmpty() ? new Path(root) : new Path(new Path(root), new Path(null, null, path));
    }

    FSDataInputStream open(final String path) throws IOException {
        return fileSystem().open(below(path));
    }
}

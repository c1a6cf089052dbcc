package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/**
 * Lists one folder, entry by entry, as rows of {@link LakeRows#FILES}. By {@code listStatusIterator} rather than {@code
 * listFiles}: that one asks for owner and permissions, for which the local file system starts a process a file. Thread-safe.
 */
final class FolderLister implements Serializable {
    private static final long serialVersionUID = 1L;

    private final LakeRoot root;
    private final String section;
    private final boolean all;

    /**
     * Lists folders of a lake.
     *
     * @param section of the configuration, for messages
     * @param all whether names that begin with '_' or '.' are told as well, and a missing folder is an empty one: so where
     *     files are looked for by name
     */
    FolderLister(final LakeRoot root, final String section, final boolean all) {
        this.root = root;
        this.section = section;
        this.all = all;
    }

    /** What lies directly in a folder, in no particular order; read while it is iterated, for a folder may hold millions. */
    Iterator<Row> list(final String folder) {
        final RemoteIterator<FileStatus> found;
        try {
            found = root.fileSystem().listStatusIterator(root.below(folder));
            // A missing folder is told by the first look at some file systems.
            found.hasNext();
        } catch (final FileNotFoundException e) {
            if (all) {
                return List.<Row>of().iterator();
            }
            throw failed(folder, e);
        } catch (final IOException e) {
            throw failed(folder, e);
        }
        final Predicate<String> wanted = name -> all || !(name.startsWith("_") || name.startsWith("."));
        return new Iterator<>() {
            private @Nullable Row next;

            @Override
            public boolean hasNext() {
                try {
                    while (next == null && found.hasNext()) {
                        final FileStatus status = found.next();
                        final String name = status.getPath().getName();
                        if (wanted.test(name)) {
                            next = RowFactory.create(
                                    folder.isEmpty() ? name : folder + "/" + name,
                                    status.isDirectory() ? null : status.getLen(),
                                    status.getModificationTime());
                        }
                    }
                    return next != null;
                } catch (final IOException e) {
                    throw failed(folder, e);
                }
            }

            @Override
            public Row next() {
                final Row row = hasNext() ? next : null;
                if (row == null) {
                    throw new NoSuchElementException();
                }
                next = null;
                return row;
            }
        };
    }

    private UserException failed(final String folder, final IOException e) {
        return UserException.data(
                "The folder " + root.below(folder) + " cannot be listed (" + e.getMessage() + "); check " + section
                        + ".path.",
                e);
    }
}

package io.dpq.storage;

import java.util.Set;
import org.apache.hadoop.fs.FileSystem;

/**
 * Which file systems rename a file or a directory in one step that a reader sees whole. Where they do, jobs write aside and
 * rename; elsewhere, on object stores above all, they write in place and what exists is told by a manifest written last.
 */
public final class AtomicRename {
    private static final Set<String> SCHEMES = Set.of("file", "hdfs", "viewfs", "webhdfs");

    private AtomicRename() {}

    /** Whether this file system renames atomically; an unknown one is taken not to. */
    public static boolean isOfferedBy(final FileSystem fileSystem) {
        return SCHEMES.contains(fileSystem.getUri().getScheme());
    }
}

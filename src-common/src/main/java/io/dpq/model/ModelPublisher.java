package io.dpq.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Publishes a model so that a reader sees the old one, none, or the new one whole, never a mixture: where a rename is atomic
 * the new directory is written aside and swapped in; elsewhere the manifest is removed first and written last.
 */
public final class ModelPublisher {
    /** File systems whose directory rename is one atomic step. */
    private static final Set<String> ATOMIC_RENAME = Set.of("file", "hdfs", "viewfs", "webhdfs");

    private ModelPublisher() {}

    /**
     * Writes a model.
     *
     * @param path the model directory, replaced where it exists
     * @param draft what the manifest says beside the hashes
     * @param files content by file name
     * @return the manifest as written
     */
    public static ModelManifest publish(
            final String path, final Configuration hadoop, final ModelDraft draft, final Map<String, byte[]> files)
            throws IOException {
        final Map<String, ModelManifest.FileHash> hashes = new TreeMap<>();
        files.forEach((name, content) -> hashes.put(name, ModelHashes.of(content)));
        final ModelManifest manifest = draft.manifest(hashes);
        final byte[] json =
                new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(manifest);
        final Path root = new Path(path);
        final FileSystem fileSystem = root.getFileSystem(hadoop);
        if (ATOMIC_RENAME.contains(fileSystem.getScheme())) {
            swapIn(fileSystem, fileSystem.makeQualified(root), files, json);
        } else {
            fileSystem.delete(new Path(root, ModelDirectory.MANIFEST), false);
            writeAll(fileSystem, root, files, json);
        }
        return manifest;
    }

    private static void swapIn(
            final FileSystem fileSystem, final Path root, final Map<String, byte[]> files, final byte[] json)
            throws IOException {
        final Path parent = root.getParent();
        final String suffix = UUID.randomUUID().toString();
        final Path aside = new Path(parent, "_" + root.getName() + ".new-" + suffix);
        final Path old = new Path(parent, "_" + root.getName() + ".old-" + suffix);
        try {
            writeAll(fileSystem, aside, files, json);
            final boolean replaces = fileSystem.exists(root);
            if (replaces) {
                rename(fileSystem, root, old);
            }
            try {
                rename(fileSystem, aside, root);
            } catch (IOException e) {
                if (replaces) {
                    rename(fileSystem, old, root);
                }
                throw e;
            }
            fileSystem.delete(old, true);
        } finally {
            fileSystem.delete(aside, true);
        }
    }

    private static void writeAll(
            final FileSystem fileSystem, final Path directory, final Map<String, byte[]> files, final byte[] json)
            throws IOException {
        fileSystem.mkdirs(directory);
        for (final Map.Entry<String, byte[]> file : files.entrySet()) {
            write(fileSystem, new Path(directory, file.getKey()), file.getValue());
        }
        write(fileSystem, new Path(directory, ModelDirectory.MANIFEST), json);
    }

    private static void write(final FileSystem fileSystem, final Path path, final byte[] content) throws IOException {
        try (OutputStream out = fileSystem.create(path, true)) {
            out.write(content);
        }
    }

    private static void rename(final FileSystem fileSystem, final Path from, final Path to) throws IOException {
        if (!fileSystem.rename(from, to)) {
            throw new IOException("The file system refused to rename " + from + " to " + to + ".");
        }
    }
}

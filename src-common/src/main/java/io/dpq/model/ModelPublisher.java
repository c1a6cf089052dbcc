package io.dpq.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
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
    /** What an interrupted publication may leave where there is no atomic rename; it is replaced like a model. */
    private static final Set<String> PARTS =
            Set.of(ModelDirectory.NETWORK, ModelDirectory.ENCODER, ModelDirectory.CODEBOOKS);

    private ModelPublisher() {}

    /**
     * Checks, before hours are spent on a training, that its model can go to a path: publishing replaces the directory, so it
     * must be absent, empty, a model or the parts of one.
     */
    public static void requireReplaceable(final String path, final Configuration hadoop) {
        try {
            final Path root = new Path(path);
            final FileSystem fileSystem = root.getFileSystem(hadoop);
            if (fileSystem.exists(root)
                    && !fileSystem.exists(new Path(root, ModelDirectory.MANIFEST))
                    && Arrays.stream(fileSystem.listStatus(root))
                            .anyMatch(file -> !PARTS.contains(file.getPath().getName()))) {
                throw UserException.data("The directory " + path
                        + " holds something other than a model, which publishing would replace; choose another"
                        + " model.path.");
            }
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The model cannot be published at " + path + " (" + e.getMessage() + "); correct model.path.", e);
        }
    }

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
        requireReplaceable(path, hadoop);
        final Map<String, ModelManifest.FileHash> hashes = new TreeMap<>();
        files.forEach((name, content) -> hashes.put(name, ModelHashes.of(content)));
        final ModelManifest manifest = draft.manifest(hashes);
        final byte[] json =
                new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(manifest);
        final Path root = new Path(path);
        final FileSystem fileSystem = root.getFileSystem(hadoop);
        if (AtomicRename.isOfferedBy(fileSystem)) {
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

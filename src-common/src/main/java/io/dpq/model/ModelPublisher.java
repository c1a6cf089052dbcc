package io.dpq.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import io.dpq.storage.WriteLock;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes a model so that a reader sees the old one, none, or the new one whole, never a mixture: where a rename is atomic
 * the new directory is written aside and swapped in; elsewhere the manifest is removed first and written last.
 */
public final class ModelPublisher {
    /** What a model consists of; an interrupted publication may leave some of it where there is no atomic rename. */
    private static final Set<String> PARTS = Set.of(
            ModelDirectory.MANIFEST,
            ModelDirectory.NETWORK,
            ModelDirectory.ENCODER,
            ModelDirectory.CODEBOOKS,
            ModelDirectory.TRAINING_LOG);

    private static final Logger LOG = LoggerFactory.getLogger(ModelPublisher.class);

    private ModelPublisher() {}

    /**
     * Checks, before hours are spent on a training, that its model can go to a path: publishing replaces the directory, so it
     * must be absent, empty, a model or the parts of one.
     */
    public static void requireReplaceable(final String path, final Configuration hadoop) {
        try {
            final FileSystem fileSystem = new Path(path).getFileSystem(hadoop);
            final Path root = fileSystem.makeQualified(new Path(path));
            if (fileSystem.exists(root)
                    && Arrays.stream(fileSystem.listStatus(root))
                            .anyMatch(file -> !PARTS.contains(file.getPath().getName()))) {
                throw UserException.data("The directory " + path
                        + " holds something other than a model, which publishing would replace; choose another"
                        + " model.path.");
            }
            // A missing right to write would show only when the training is over.
            final Path probe = new Path(root.getParent(), "_" + root.getName() + ".probe-" + UUID.randomUUID());
            fileSystem.mkdirs(root.getParent());
            fileSystem.create(probe, false).close();
            fileSystem.delete(probe, false);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The model cannot be published at " + path + " (" + e.getMessage() + "); correct model.path.", e);
        }
    }

    /**
     * Keeps two trainings from working at one path at once: the later one would delete the other's checkpoints.
     *
     * @param path of the model, or of the checkpoints
     * @throws UserException where another one lives
     */
    public static WriteLock lock(final String path, final Configuration hadoop) {
        try {
            final FileSystem fileSystem = new Path(path).getFileSystem(hadoop);
            final Path root = fileSystem.makeQualified(new Path(path));
            final Path lock = new Path(root.getParent(), "_" + root.getName() + ".lock");
            return WriteLock.take(
                    fileSystem,
                    lock,
                    "a run begun at " + Instant.now(),
                    holder -> UserException.data("Another training, " + holder + ", works at " + root
                            + " now; wait until it is done, give this one a model.path and train.checkpoint.path of its"
                            + " own, or delete " + lock
                            + " if you know that it is not running."));
        } catch (IOException e) {
            throw UserException.data(
                    "Nothing can be written beside " + path + " (" + e.getMessage()
                            + "); correct model.path or train.checkpoint.path.",
                    e);
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
        clearLeftovers(fileSystem, root);
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
            deleteQuietly(fileSystem, old);
        } finally {
            deleteQuietly(fileSystem, aside);
        }
    }

    /** What a killed publication left: half a new model is removed, an old one that was moved aside is put back. */
    private static void clearLeftovers(final FileSystem fileSystem, final Path root) throws IOException {
        final Path parent = root.getParent();
        fileSystem.mkdirs(parent);
        for (final FileStatus status : fileSystem.listStatus(parent)) {
            final String name = status.getPath().getName();
            if (name.startsWith("_" + root.getName() + ".old-") && !fileSystem.exists(root)) {
                rename(fileSystem, status.getPath(), root);
            } else if (name.startsWith("_" + root.getName() + ".old-")
                    || name.startsWith("_" + root.getName() + ".new-")) {
                deleteQuietly(fileSystem, status.getPath());
            }
        }
    }

    /** The model is published by then, so a failure to tidy up must not be reported as a failure to publish. */
    private static void deleteQuietly(final FileSystem fileSystem, final Path path) {
        try {
            fileSystem.delete(path, true);
        } catch (IOException e) {
            LOG.warn("Cannot remove {}, which the next publication will try again: {}", path, e.getMessage());
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

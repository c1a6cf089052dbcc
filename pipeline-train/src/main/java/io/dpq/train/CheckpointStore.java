package io.dpq.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dpq.config.UserException;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest.FileHash;
import io.dpq.storage.Hashes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one training in a folder of any Hadoop file system: numbered folders, each whole as soon as its manifest
 * is there, which is written last; nothing is renamed. Beside them lies the log so far, for whoever follows. For one thread.
 */
final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final String MANIFEST = "checkpoint.json";
    private static final Pattern NAME = Pattern.compile("checkpoint-([0-9]{6,10})");
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    private final FileSystem files;
    private final Path root;
    private final int keep;

    private CheckpointStore(final FileSystem files, final Path root, final int keep) {
        this.files = files;
        this.root = root;
        this.keep = keep;
    }

    /**
     * Opens a folder, which need not exist.
     *
     * @param keep whole checkpoints that stay
     * @throws UserException where nothing can be written there
     */
    static CheckpointStore open(final String path, final int keep, final Configuration hadoop) {
        try {
            final Path root = new Path(path);
            final FileSystem files = root.getFileSystem(hadoop);
            files.mkdirs(root);
            return new CheckpointStore(files, files.makeQualified(root), keep);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "Checkpoints cannot be kept at " + path + " (" + e.getMessage()
                            + "); correct train.checkpoint.path or model.path.",
                    e);
        }
    }

    /** For messages. */
    String path() {
        return root.toString();
    }

    /** Whether there is no checkpoint, whole or not; one that its training was killed over, before its manifest, is none. */
    boolean isEmpty() throws IOException {
        for (final Path folder : folders().values()) {
            if (files.exists(new Path(folder, MANIFEST))) {
                return false;
            }
        }
        return true;
    }

    /** Refuses to take checkpoints for torn that storage does not give just now. */
    void requireReadable() throws IOException {
        for (final Path folder : folders().values()) {
            try {
                read(folder);
            } catch (TornException e) {
                if (e.getCause() != null) {
                    throw UserException.data(
                            "The checkpoint " + folder + " cannot be read: " + e.getMessage()
                                    + "; leave it where it is, see that its storage is whole, and run again with --resume.",
                            e.getCause());
                }
            }
        }
    }

    /**
     * The newest whole checkpoint.
     *
     * @param say takes a sentence for each one that is passed over because it is not whole
     */
    Optional<Checkpoint> newest(final Consumer<String> say) throws IOException {
        for (final Path folder : folders().descendingMap().values()) {
            try {
                return Optional.of(read(folder));
            } catch (TornException e) {
                say.accept("passed over the checkpoint " + folder + ", which is not whole: " + e.getMessage());
            }
        }
        return Optional.empty();
    }

    private NavigableMap<Long, Path> folders() throws IOException {
        final NavigableMap<Long, Path> folders = new TreeMap<>();
        // Not listFiles, which forks a process for every file of a local disk.
        try {
            final RemoteIterator<FileStatus> children = files.listStatusIterator(root);
            while (children.hasNext()) {
                final Path child = children.next().getPath();
                final Matcher name = NAME.matcher(child.getName());
                if (name.matches()) {
                    folders.put(Long.parseLong(name.group(1)), child);
                }
            }
        } catch (FileNotFoundException e) {
            LOG.debug("There is no {} yet.", root, e);
        }
        return folders;
    }

    private Checkpoint read(final Path folder) throws IOException, TornException {
        final CheckpointManifest manifest = manifest(folder);
        final Map<String, byte[]> contents = new HashMap<>();
        for (final Map.Entry<String, FileHash> file : manifest.files().entrySet()) {
            final byte[] content = content(new Path(folder, file.getKey()));
            if (!hash(content).equals(file.getValue())) {
                throw new TornException(file.getKey() + " is not the one that was written");
            }
            contents.put(file.getKey(), content);
        }
        return new Checkpoint(folder.toString(), manifest, contents);
    }

    private CheckpointManifest manifest(final Path folder) throws IOException, TornException {
        final CheckpointManifest manifest;
        try {
            manifest = JSON.readValue(content(new Path(folder, MANIFEST)), CheckpointManifest.class);
        } catch (JsonProcessingException e) {
            LOG.debug("{}", folder, e);
            throw new TornException("its " + MANIFEST + " is damaged or of another release");
        }
        if (manifest.formatVersion() != CheckpointManifest.VERSION) {
            throw UserException.data("The checkpoint " + folder + " has format version " + manifest.formatVersion()
                    + " but this release reads version " + CheckpointManifest.VERSION
                    + "; go on with the release that wrote it, or remove the folder to begin anew.");
        }
        return manifest;
    }

    private byte[] content(final Path file) throws IOException, TornException {
        try (InputStream in = files.open(file)) {
            return in.readAllBytes();
        } catch (FileNotFoundException e) {
            LOG.debug("{}", file, e);
            throw new TornException("it has no " + file.getName());
        } catch (org.apache.hadoop.fs.ChecksumException e) {
            LOG.debug("{}", file, e);
            throw new TornException(file.getName() + " is not the one that was written");
        } catch (IOException e) {
            // A lost block, say: the checkpoint before it is kept for this.
            LOG.debug("{}", file, e);
            throw new TornException(file.getName() + " cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /**
     * Keeps a checkpoint, then deletes what is too many, and all of other trainings.
     *
     * @param run the training
     * @param contents content by name
     */
    void write(
            final String run,
            final String revision,
            final Map<String, String> fingerprint,
            final Standing standing,
            final Map<String, byte[]> contents)
            throws IOException {
        final NavigableMap<Long, Path> before = folders();
        final long number = before.isEmpty() ? 1 : before.lastKey() + 1;
        final Path folder = new Path(root, String.format(Locale.ROOT, "checkpoint-%06d", number));
        final Map<String, FileHash> hashes = new TreeMap<>();
        try {
            for (final Map.Entry<String, byte[]> file : contents.entrySet()) {
                put(new Path(folder, file.getKey()), file.getValue());
                hashes.put(file.getKey(), hash(file.getValue()));
            }
            put(
                    new Path(folder, MANIFEST),
                    JSON.writeValueAsBytes(new CheckpointManifest(
                            CheckpointManifest.VERSION, run, revision, fingerprint, standing, hashes)));
        } catch (IOException e) {
            discard(folder, e);
            throw e;
        }
        int kept = 1;
        for (final Path old : before.descendingMap().values()) {
            if (kept < keep && isOf(run, old)) {
                kept++;
            } else {
                files.delete(old, true);
            }
        }
    }

    /** Of a full disk, half a checkpoint would take what the next one needs. */
    private void discard(final Path folder, final IOException failure) {
        try {
            files.delete(folder, true);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private boolean isOf(final String run, final Path folder) throws IOException {
        try {
            return manifest(folder).run().equals(run);
        } catch (TornException e) {
            LOG.debug("{} is torn or cannot be read.", folder, e);
            return e.getCause() != null;
        } catch (UserException e) {
            LOG.debug("{} is of another release.", folder, e);
            return false;
        }
    }

    /** Writes the log so far beside the checkpoints, for whoever follows the training. */
    void follow(final byte[] log) throws IOException {
        put(new Path(root, ModelDirectory.TRAINING_LOG), log);
    }

    private void put(final Path file, final byte[] content) throws IOException {
        try (OutputStream out = files.create(file, true)) {
            out.write(content);
        }
    }

    /** Deletes all checkpoints and the log, and the folder where nothing else is in it. */
    void clear() {
        try {
            for (final Path folder : folders().values()) {
                files.delete(folder, true);
            }
            files.delete(new Path(root, ModelDirectory.TRAINING_LOG), false);
            if (files.exists(root) && !files.listStatusIterator(root).hasNext()) {
                files.delete(root, false);
            }
        } catch (IOException e) {
            // The training is over and its model is where it belongs: what is left over is no failure.
            LOG.warn("Cannot remove the checkpoints at {}: {}", root, e.toString());
        }
    }

    private static FileHash hash(final byte[] content) {
        return new FileHash(Hashes.of(content), content.length);
    }

    /** What is wrong with a checkpoint. */
    private static final class TornException extends Exception {
        private static final long serialVersionUID = 1L;

        TornException(final String message) {
            super(message);
        }

        /** What may be whole and cannot be read. */
        TornException(final String message, final IOException cause) {
            super(message, cause);
        }
    }
}

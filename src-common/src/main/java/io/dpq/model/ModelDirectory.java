package io.dpq.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import io.dpq.quantizer.Similarity;
import io.dpq.storage.Hashes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A published model, on any Hadoop file system. What is read is checked against the manifest's hashes, so that a damaged or
 * half-copied model is refused rather than used. Thread-safe.
 */
public final class ModelDirectory {
    /** Written last; without it there is no model. */
    public static final String MANIFEST = "manifest.json";
    /** The DL4J graph, for training on. */
    public static final String NETWORK = "network.zip";
    /** The exported encoder. */
    public static final String ENCODER = "encoder.onnx";
    /** Float32 [L, K, D], readable by NumPy. */
    public static final String CODEBOOKS = "codebooks.npy";

    /** How the training went, a JSON object a line; absent from models of earlier releases. */
    public static final String TRAINING_LOG = "training.jsonl";

    private static final int BUFFER = 1 << 16;

    private final FileSystem fileSystem;
    private final Path root;
    private final ModelManifest manifest;

    private ModelDirectory(final FileSystem fileSystem, final Path root, final ModelManifest manifest) {
        this.fileSystem = fileSystem;
        this.root = root;
        this.manifest = manifest;
    }

    /** Opens a model and verifies every file; what is wrong is a {@link UserException} that names the file. */
    public static ModelDirectory open(final String path, final Configuration hadoop) {
        final ModelDirectory model = attach(path, hadoop);
        model.manifest.files().forEach(model::verify);
        return model;
    }

    /** Whether a model, whole or not, was ever published at a path. */
    public static boolean exists(final String path, final Configuration hadoop) {
        try {
            final Path manifest = new Path(path, MANIFEST);
            return manifest.getFileSystem(hadoop).exists(manifest);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The model at " + path + " cannot be read (" + e.getMessage() + "); correct model.path.", e);
        }
    }

    /** Opens a model that a job's driver has verified already: only what is then read is checked again. */
    public static ModelDirectory attach(final String path, final Configuration hadoop) {
        try {
            final Path root = new Path(path);
            final FileSystem fileSystem = root.getFileSystem(hadoop);
            if (!fileSystem.exists(root)) {
                throw UserException.data("There is no model at " + path + "; train one or correct model.path.");
            }
            final byte[] json;
            try (InputStream in = fileSystem.open(new Path(root, MANIFEST))) {
                json = in.readAllBytes();
            } catch (FileNotFoundException e) {
                throw UserException.data(
                        path + " holds no " + MANIFEST + ", so no training finished there; train again or correct"
                                + " model.path.",
                        e);
            }
            return new ModelDirectory(fileSystem, root, parse(json, path));
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The model at " + path + " cannot be read (" + e.getMessage() + "); correct model.path.", e);
        }
    }

    private static ModelManifest parse(final byte[] json, final String path) throws IOException {
        final ObjectMapper mapper = new ObjectMapper();
        final ModelManifest manifest;
        try {
            final JsonNode tree = mapper.readTree(json);
            final int version = tree.path("formatVersion").asInt(-1);
            if (version != ModelManifest.VERSION) {
                throw UserException.data("The model at " + path + " has format version " + version
                        + " but this release reads version " + ModelManifest.VERSION
                        + "; train it again or use the release that wrote it.");
            }
            manifest = mapper.treeToValue(tree, ModelManifest.class);
        } catch (JsonProcessingException e) {
            throw UserException.data(damaged(path, MANIFEST), e);
        }
        if (manifest.files() == null || !ModelHashes.modelId(manifest).equals(manifest.modelId())) {
            throw UserException.data(damaged(path, MANIFEST));
        }
        return manifest;
    }

    private static String damaged(final String path, final String name) {
        return "The file " + name + " of the model at " + path
                + " is not the one that was published; restore it or train again.";
    }

    private void verify(final String name, final ModelManifest.FileHash expected) {
        final MessageDigest digest = Hashes.sha256();
        long length = 0;
        try (InputStream in = fileSystem.open(new Path(root, name))) {
            final byte[] buffer = new byte[BUFFER];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
                length += read;
            }
        } catch (IOException e) {
            throw UserException.data(damaged(root.toString(), name), e);
        }
        if (length != expected.bytes() || !Hashes.hex(digest).equals(expected.sha256())) {
            throw UserException.data(damaged(root.toString(), name));
        }
    }

    /** The manifest. */
    public ModelManifest manifest() {
        return manifest;
    }

    /** The content of one of the model's files, checked against its hash. */
    public byte[] read(final String name) {
        final Map<String, ModelManifest.FileHash> files = manifest.files();
        final ModelManifest.FileHash expected = files.get(name);
        if (expected == null) {
            throw UserException.data("The model at " + root + " has no " + name + "; train it again.");
        }
        final byte[] content;
        try (InputStream in = fileSystem.open(new Path(root, name))) {
            content = in.readAllBytes();
        } catch (FileNotFoundException e) {
            throw UserException.data(damaged(root.toString(), name), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (!ModelHashes.of(content).equals(expected)) {
            throw UserException.data(damaged(root.toString(), name));
        }
        return content;
    }

    /** The codebooks [L, K, D], with the similarity that the model chooses by. */
    public Codebooks codebooks() {
        final Codebooks codebooks =
                CodebooksNpy.read(read(CODEBOOKS)).by(Objects.requireNonNullElse(manifest.similarity(), Similarity.L2));
        if (codebooks.levels() != manifest.levels()
                || codebooks.codewords() != manifest.codewords()
                || codebooks.dimensions() != manifest.dimensions()) {
            throw UserException.data("The model at " + root + " holds " + codebooks + " but its manifest says ["
                    + manifest.levels() + ", " + manifest.codewords() + ", " + manifest.dimensions()
                    + "]; train it again.");
        }
        return codebooks;
    }
}

package io.dpq.network;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import io.dpq.model.Embedder;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.model.OnnxEmbedder;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one cache of a JVM: a model is loaded once per model id and engine and shared by all tasks, since one network a task
 * would exhaust the memory outside the heap. Thread-safe. Nothing is ever dropped: an executor serves one job, and a job one
 * model.
 */
public final class Embedders {
    private static final Logger LOG = LoggerFactory.getLogger(Embedders.class);
    private static final ConcurrentMap<Key, SharedModel> LOADED = new ConcurrentHashMap<>();

    private Embedders() {}

    private record Key(String modelId, Engine engine, int threads) {}

    /**
     * This JVM's embedder of a model, with the image contract and the quantizer that belong to it; loaded by the first caller
     * while the others wait, never to be closed.
     *
     * @param modelPath the model directory
     * @param modelId the id the job's driver saw there; another one is a {@link UserException}
     * @param engine what computes
     * @param threads that one call computes with
     */
    public static SharedModel model(
            final String modelPath,
            final String modelId,
            final Engine engine,
            final int threads,
            final Configuration hadoop) {
        // A failure leaves no entry, so that a retried task tries again.
        return LOADED.computeIfAbsent(
                new Key(modelId, engine, threads), key -> load(modelPath, modelId, engine, threads, hadoop));
    }

    private static SharedModel load(
            final String modelPath,
            final String modelId,
            final Engine engine,
            final int threads,
            final Configuration hadoop) {
        // The driver has verified every file; here only what is used is read, and read files are verified again.
        final ModelDirectory directory = ModelDirectory.attach(modelPath, hadoop);
        final ModelManifest manifest = directory.manifest();
        if (!manifest.modelId().equals(modelId)) {
            throw UserException.data("The model at " + modelPath + " is now " + manifest.modelId()
                    + ", but the job began with " + modelId + "; run the job again.");
        }
        requireReadable(modelPath, manifest.image());
        // Before the embedder is opened, whose native memory a failure here would leak.
        final Codebooks codebooks = directory.codebooks();
        if (codebooks.levels() != manifest.levels()
                || codebooks.codewords() != manifest.codewords()
                || codebooks.dimensions() != manifest.dimensions()) {
            throw UserException.data("The model at " + modelPath
                    + " holds codebooks of another shape than its manifest promises; restore it or train it again.");
        }
        if (engine == Engine.DL4J && manifest.backbone().equals(DpqConfig.kebab(NetworkSpec.Backbone.ONNX))) {
            throw UserException.usage("The model at " + modelPath
                    + " has an ONNX backbone, which Deeplearning4j does not compute, so set encode.engine to onnx.");
        }
        final Embedder embedder = switch (engine) {
            case ONNX -> onnx(directory.read(ModelDirectory.ENCODER), manifest, threads);
            case DL4J -> NetworkEmbedder.open(directory.read(ModelDirectory.NETWORK), manifest.image());
        };
        if (embedder.dimensions() != manifest.dimensions()) {
            final int found = embedder.dimensions();
            embedder.close();
            throw UserException.data("The model at " + modelPath + " promises embeddings of length "
                    + manifest.dimensions() + " but its network yields " + found + "; train it again.");
        }
        final ResidualEncoder quantizer = new ResidualEncoder(codebooks);
        LOG.info("Quantizer kernel: {}", quantizer.kernel());
        return new SharedModel(manifest.image(), embedder, quantizer);
    }

    private static Embedder onnx(final byte[] encoder, final ModelManifest manifest, final int threads) {
        // Networks of images are not looked at: they are large, and none is the identity.
        return (takesVectors(manifest) ? IdentityEmbedder.of(encoder) : Optional.<Embedder>empty())
                .orElseGet(() -> new OnnxEmbedder(encoder, manifest.image().crop(), threads));
    }

    /** Whether a model takes vectors rather than images. */
    public static boolean takesVectors(final ModelManifest model) {
        return model.backbone().equals("none");
    }

    /** Refuses a decode contract this release does not implement: its pixels would differ from those trained on. */
    public static void requireReadable(final String modelPath, final ImageContract image) {
        if (image.version() != ImageContract.VERSION) {
            throw UserException.data("The model at " + modelPath + " was trained under decode contract "
                    + image.version() + " but this release implements " + ImageContract.VERSION
                    + "; use the release that trained it, or train it again.");
        }
    }
}

package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.EncoderExport;
import io.dpq.network.FrozenPart;
import io.dpq.network.NetworkSpec;
import io.dpq.network.OnnxBackbone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;

/**
 * The network that a training moves, with the data it learns from: the whole network and the images, or, where the backbone is
 * frozen, the part behind it and features that are computed once. For one thread.
 */
final class Learner implements AutoCloseable {
    private final TrainSettings settings;
    private final NetworkSpec spec;
    private final ComputationGraph graph;
    private final TrainingData data;
    private final BatchRecipe recipe;
    private final @Nullable FeatureCache cache;
    private final @Nullable FrozenPart frozen;
    private final @Nullable ComputationGraph whole;
    private final @Nullable OnnxBackbone onnx;

    private Learner(
            final TrainSettings settings,
            final NetworkSpec spec,
            final ComputationGraph graph,
            final TrainingData data,
            final BatchRecipe recipe,
            final @Nullable FeatureCache cache,
            final @Nullable FrozenPart frozen,
            final @Nullable ComputationGraph whole,
            final @Nullable OnnxBackbone onnx) {
        this.settings = settings;
        this.spec = spec;
        this.graph = graph;
        this.data = data;
        this.recipe = recipe;
        this.cache = cache;
        this.frozen = frozen;
        this.whole = whole;
        this.onnx = onnx;
    }

    /**
     * Builds the network, and computes the features of a frozen backbone where the configuration lets it.
     *
     * @param images the training images; they stay the caller's
     * @param labelVectors [classes][D]
     * @param stepsPerEpoch batches per worker of an epoch
     * @param say takes lines of progress
     */
    static Learner prepare(
            final SparkSession session,
            final TrainSettings settings,
            final TrainingData images,
            final float[][] labelVectors,
            final int stepsPerEpoch,
            final Consumer<String> say)
            throws IOException {
        final Configuration hadoop = session.sparkContext().hadoopConfiguration();
        final boolean several = images.summary().severalLabels();
        if (settings.backbone() == NetworkSpec.Backbone.ONNX) {
            return ofOnnx(session, settings, images, labelVectors, stepsPerEpoch, hadoop, say);
        }
        final NetworkSpec spec;
        final ComputationGraph graph;
        if (settings.weights().isPresent()) {
            try (LocalCopy weights =
                    new LocalCopy("backbone.weights", settings.weights().get(), hadoop)) {
                spec = settings.spec(labelVectors, stepsPerEpoch, Optional.of(weights.path()), several);
                graph = DpqNetwork.build(spec);
            }
        } else {
            spec = settings.spec(labelVectors, stepsPerEpoch, Optional.empty(), several);
            graph = DpqNetwork.build(spec);
        }
        final BatchRecipe ofImages =
                new BatchRecipe(settings.image(), new NetworkBatches(spec), settings.augmentation(), settings.seed());
        if (spec.backbone().frozenUpTo().isEmpty() || !settings.featureCache().auto()) {
            return new Learner(settings, spec, graph, images, ofImages, null, null, null, null);
        }
        final Optional<FrozenPart> part = FrozenPart.of(graph, settings.image().crop());
        if (part.isEmpty()) {
            say.accept("the frozen layers are computed anew in every epoch, since what learns looks at several of them");
            return new Learner(settings, spec, graph, images, ofImages, null, null, null, null);
        }
        final FeatureCache cache = cache(session, settings, images, part.get().onnx(), ofImages, say);
        return new Learner(
                settings,
                spec,
                part.get().rest(),
                cache.data(),
                BatchRecipe.ofFeatures(new FeatureBatches(spec, part.get().shape())),
                cache,
                part.get(),
                graph,
                null);
    }

    private static Learner ofOnnx(
            final SparkSession session,
            final TrainSettings settings,
            final TrainingData images,
            final float[][] labelVectors,
            final int stepsPerEpoch,
            final Configuration hadoop,
            final Consumer<String> say)
            throws IOException {
        final String file = settings.weights().orElseThrow();
        final OnnxBackbone onnx;
        try (LocalCopy copy = new LocalCopy("backbone.weights", file, hadoop)) {
            onnx = OnnxBackbone.open(
                    file,
                    Files.readAllBytes(Path.of(copy.path())),
                    settings.featureLayer(),
                    settings.image().crop());
        }
        final NetworkSpec spec = settings.spec(
                labelVectors,
                stepsPerEpoch,
                NetworkSpec.Input.vectors(onnx.length()),
                Optional.empty(),
                images.summary().severalLabels());
        final ComputationGraph head = DpqNetwork.build(spec);
        final BatchRecipe ofImages =
                new BatchRecipe(settings.image(), new NetworkBatches(spec), settings.augmentation(), settings.seed());
        final FeatureCache cache = cache(session, settings, images, onnx.features(), ofImages, say);
        return new Learner(
                settings,
                spec,
                head,
                cache.data(),
                BatchRecipe.ofFeatures(new FeatureBatches(spec, new long[] {onnx.length()})),
                cache,
                null,
                null,
                onnx);
    }

    private static FeatureCache cache(
            final SparkSession session,
            final TrainSettings settings,
            final TrainingData images,
            final byte[] onnx,
            final BatchRecipe ofImages,
            final Consumer<String> say) {
        return FeatureCache.of(
                session,
                images,
                settings.featureCache().path(),
                onnx,
                ofImages,
                settings.image(),
                settings.batchSize(),
                settings.featureCache().threads(),
                say);
    }

    /** What the network was built from. */
    NetworkSpec spec() {
        return spec;
    }

    /** The network to train, on {@link #data}. */
    ComputationGraph graph() {
        return graph;
    }

    /** What to train it on. */
    TrainingData data() {
        return data;
    }

    /** How rows of {@link #data} become batches for {@link #graph}. */
    BatchRecipe recipe() {
        return recipe;
    }

    /** The network to store: whole, but for a backbone that is an ONNX file. */
    ComputationGraph whole() {
        if (frozen != null && whole != null) {
            frozen.putBack(graph);
            return whole;
        }
        return graph;
    }

    /** The whole encoder as ONNX, from image to embedding. */
    byte[] encoder() {
        return onnx == null ? EncoderExport.toOnnx(whole()) : onnx.with(graph);
    }

    /** How far an encoder is from the network, as {@link EncoderExport#parity} measures it. */
    double parity(final byte[] encoder) {
        final int side = settings.image().crop();
        return onnx == null
                ? EncoderExport.parity(whole(), encoder, spec.input(), settings.seed())
                : onnx.parity(graph, encoder, side, settings.seed());
    }

    /** Ends what succeeded: stored features are removed, unless they are to be kept. */
    void done() throws IOException {
        if (cache != null && !settings.featureCache().keep()) {
            cache.delete();
        }
    }

    @Override
    public void close() {
        if (cache != null) {
            cache.close();
        }
    }
}

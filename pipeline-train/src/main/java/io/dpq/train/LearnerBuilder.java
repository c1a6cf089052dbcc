package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.FrozenPart;
import io.dpq.network.NetworkSpec;
import io.dpq.network.OnnxBackbone;
import io.dpq.train.data.BatchRecipe;
import io.dpq.train.data.InputContract;
import io.dpq.train.data.TrainingData;
import io.dpq.train.data.ValidationRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;

/** Decides what learns, and computes the features of a frozen backbone where the configuration lets it. */
final class LearnerBuilder {
    /** Images that tell how patches are to be whitened: a hundred already tell it well. */
    private static final double WHITENED_FROM = 5000;

    private final SparkSession session;
    private final TrainSettings settings;
    private final TrainingData data;
    private final Optional<ValidationRows> queries;
    private final float[][] labelVectors;
    private final int stepsPerEpoch;
    private final Consumer<String> say;

    /**
     * For one training.
     *
     * @param data the training images; they stay the caller's
     * @param queries the images to validate on; they stay the caller's
     * @param labelVectors [classes][D]
     * @param stepsPerEpoch batches per worker of an epoch
     * @param say takes lines of progress
     */
    LearnerBuilder(
            final SparkSession session,
            final TrainSettings settings,
            final TrainingData data,
            final Optional<ValidationRows> queries,
            final float[][] labelVectors,
            final int stepsPerEpoch,
            final Consumer<String> say) {
        this.session = session;
        this.settings = settings;
        this.data = data;
        this.queries = queries;
        this.labelVectors = labelVectors;
        this.stepsPerEpoch = stepsPerEpoch;
        this.say = say;
    }

    Learner build() throws IOException {
        if (settings.backbone() == NetworkSpec.Backbone.ONNX) {
            return behindOnnx();
        }
        if (!settings.freezes() || !settings.featureCache().on()) {
            return whole(this::start);
        }
        if (!settings.augmentation().isNone()) {
            say.accept(
                    "the frozen layers are computed anew in every epoch, since images are augmented; to compute them"
                            + " once, set train.augmentation.crop and flip to false and leave the rest of it as it is by default");
            return whole(this::start);
        }
        final ComputationGraph network = start();
        final Optional<FrozenPart> part =
                FrozenPart.of(network, settings.image().crop());
        if (part.isEmpty()) {
            say.accept("the frozen layers are computed anew in every epoch, since what learns looks at several of them;"
                    + " to compute them once, let backbone.frozen-up-to end where the ways through the backbone join");
            return whole(() -> network);
        }
        return behind(part.get());
    }

    private Learner whole(final Supplier<ComputationGraph> fresh) {
        final NetworkSpec spec = spec(Optional.empty());
        final BatchRecipe recipe = recipe(spec);
        return new Learner(
                spec,
                Foundation.nothing(spec.input(), settings.image().mirror()),
                fresh,
                data,
                queries,
                recipe,
                Optional.empty());
    }

    private BatchRecipe recipe(final NetworkSpec spec) {
        return new BatchRecipe(settings.input(), new NetworkBatches(spec), settings.augmentation(), settings.seed());
    }

    private Learner behind(final FrozenPart part) {
        final NetworkSpec spec = spec(Optional.empty());
        return behind(spec, Foundation.of(part, spec.input()), part::rest, part.onnx(), part.shape());
    }

    private Learner behindOnnx() throws IOException {
        final String file = settings.weights().orElseThrow();
        final int side = settings.image().crop();
        final OnnxBackbone onnx;
        try (LocalCopy copy = new LocalCopy("backbone.weights", file, hadoop())) {
            onnx = OnnxBackbone.open(file, Files.readAllBytes(Path.of(copy.path())), settings.featureLayer(), side);
        }
        final NetworkSpec spec = settings.spec(
                labelVectors,
                stepsPerEpoch,
                NetworkSpec.Input.vectors(onnx.length()),
                Optional.empty(),
                data.summary().severalLabels());
        // Before the features, which take minutes.
        DpqNetwork.check(spec);
        return behind(spec, Foundation.of(onnx, side), () -> DpqNetwork.build(spec), onnx.features(), new long[] {
            onnx.length()
        });
    }

    /**
     * A network on features.
     *
     * @param frozen from images to those, as ONNX
     * @param shape of the features of one image
     */
    private Learner behind(
            final NetworkSpec spec,
            final Foundation foundation,
            final Supplier<ComputationGraph> fresh,
            final byte[] frozen,
            final long[] shape) {
        final int length = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        final FeatureCache cache = FeatureCache.open(session, settings, data.classes(), frozen, length, say);
        final int images = data.index().size() + data.heldOutIndex().size();
        final TrainingData features = data.with(cache.of(data.usableRows(), images, data.digest(), "images"));
        final BatchRecipe recipe = new BatchRecipe(
                InputContract.ofFeatures(settings.image(), length),
                new NetworkBatches(spec, shape),
                settings.augmentation(),
                settings.seed());
        return new Learner(
                spec,
                foundation,
                fresh,
                features,
                queries.map(rows -> features(rows, features, cache)),
                recipe,
                Optional.of(cache));
    }

    private ValidationRows features(
            final ValidationRows images, final TrainingData features, final FeatureCache cache) {
        return images.isHeldOut()
                ? ValidationRows.heldOut(features, settings.run().validation().fraction())
                : images.with(cache.of(
                        images.rows(), images.index().size(), images.index().digest(), "images to validate on"));
    }

    private NetworkSpec spec(final Optional<String> localWeights) {
        return settings.spec(
                labelVectors, stepsPerEpoch, localWeights, data.summary().severalLabels());
    }

    /** The whole network, with pretrained weights where there are any. */
    private ComputationGraph network() {
        if (settings.weights().isEmpty()) {
            return DpqNetwork.build(spec(Optional.empty()));
        }
        try (LocalCopy weights =
                new LocalCopy("backbone.weights", settings.weights().get(), hadoop())) {
            return DpqNetwork.build(spec(Optional.of(weights.path())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The network as it is before the first step. */
    private ComputationGraph start() {
        final ComputationGraph network = network();
        // By its kind: a network from a file may have a layer of that name too, which is none of ours to set.
        if (settings.backbone() == NetworkSpec.Backbone.AIRBENCH) {
            session.sparkContext().setJobDescription("dpq train: whiten the images' patches");
            final double share = WHITENED_FROM / data.index().size();
            final PatchMoments moments =
                    PatchMoments.of(data.rows(), recipe(spec(Optional.empty())), share, settings.seed());
            DpqNetwork.setWhitening(network, moments.whitening());
            session.sparkContext().setJobDescription(null);
        }
        return network;
    }

    private Configuration hadoop() {
        return session.sparkContext().hadoopConfiguration();
    }
}

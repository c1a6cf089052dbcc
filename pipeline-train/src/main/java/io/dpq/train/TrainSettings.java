package io.dpq.train;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.image.Augmentation;
import io.dpq.image.ImageContract;
import io.dpq.lake.LakeSettings;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import io.dpq.network.NetworkSpec.Backbone;
import io.dpq.network.NetworkSpec.GradientMode;
import io.dpq.network.NetworkSpec.LossWeights;
import io.dpq.network.NetworkSpec.OptimizerSpec;
import io.dpq.quantizer.Similarity;
import io.dpq.train.data.InputContract;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * The checked configuration of a training.
 *
 * @param config what it was read from
 * @param seed of every random choice
 * @param modelPath where the model is published
 * @param lake what to learn from
 * @param image the decode contract
 * @param epochs of the whole training
 * @param semanticEpochs of those, before the quantization terms join
 * @param batchSize images of a worker's batch
 * @param workers whose parameters are averaged
 * @param averagingFrequency batches of a worker between two averagings
 * @param augmentation of every training image
 * @param start of the codebooks
 * @param kmeansIterations Lloyd steps a level
 * @param kmeansSample embeddings that K-means looks at
 * @param labelEmbeddings file of label vectors
 * @param weights of the pretrained backbone
 * @param dimensions D
 * @param levels L
 * @param codewords K
 * @param loss weights of the terms
 * @param optimizer updaters and schedule
 */
record TrainSettings(
        DpqConfig config,
        long seed,
        String modelPath,
        LakeSettings lake,
        ImageContract image,
        int epochs,
        int semanticEpochs,
        int batchSize,
        int workers,
        int averagingFrequency,
        Augmentation augmentation,
        Start start,
        int kmeansIterations,
        int kmeansSample,
        Optional<String> labelEmbeddings,
        Optional<String> weights,
        int dimensions,
        int levels,
        int codewords,
        LossWeights loss,
        OptimizerSpec optimizer) {
    private static final int MILLION = 1_000_000;
    private static final String FROZEN_UP_TO = "backbone.frozen-up-to";
    /** Backbones that weights of are published. */
    private static final Set<Backbone> PRETRAINED = EnumSet.of(Backbone.SQUEEZENET, Backbone.ALEXNET);

    /** How codebooks begin. */
    enum Start {
        /** Residual K-means on embeddings. */
        KMEANS,
        /** Small noise. */
        RANDOM
    }

    /** Reads and checks every key that training uses. */
    static TrainSettings from(final DpqConfig config) {
        final int epochs = config.integer("train.epochs", 1, MILLION);
        final int semantic = config.integer("train.semantic-epochs", 0, MILLION);
        if (semantic > epochs) {
            throw UserException.usage("train.semantic-epochs is " + semantic
                    + " but train.epochs, which includes them, is " + epochs + "; lower the one or raise the other.");
        }
        final int workers = config.integer("train.workers", 0, 100_000);
        final TrainSettings settings = new TrainSettings(
                config,
                config.seed(),
                config.string("model.path"),
                LakeSettings.from(config, "train.lake"),
                ImageContract.from(config),
                epochs,
                semantic,
                config.integer("train.batch-size", 1, MILLION),
                workers == 0 ? config.integer("resources.executors", 1, 100_000) : workers,
                config.integer("train.averaging-frequency", 1, MILLION),
                augmentation(config),
                config.choice("quantization.start", Start.class),
                config.integer("quantization.kmeans-iterations", 1, 10_000),
                config.integer("quantization.kmeans-sample", 1, 100 * MILLION),
                config.optionalString("labels.embeddings"),
                config.optionalString("backbone.weights"),
                config.integer("embedding.dimensions", 2, 65_536),
                config.integer("quantization.levels", 1, 64),
                powerOfTwo(config),
                loss(config),
                optimizer(config));
        if (settings.lake.holdsVectors() != (settings.backbone() == Backbone.NONE)) {
            throw UserException.usage("train.lake.kind is " + DpqConfig.kebab(settings.lake.kind())
                    + " but backbone.kind is " + DpqConfig.kebab(settings.backbone())
                    + "; vectors, and nothing else, are learnt with backbone.kind = none.");
        }
        // The keys that only the network reads are checked by laying it out once, for two classes if any.
        final int classes = settings.loss.supervised() ? 2 : 0;
        DpqNetwork.check(
                settings.spec(LabelVectors.orthonormal(classes, settings.dimensions, 0), 1, Optional.empty(), false));
        settings.featureCache();
        settings.refit();
        settings.checkMirror();
        if (settings.run().validation().isOn() && !settings.loss.supervised()) {
            throw UserException.usage(
                    "Validation measures how well labels are found, but all losses that learn from labels"
                            + " are 0; set train.validation.fraction = 0 and train.validation.lake.path = null, or weigh one of them.");
        }
        if (settings.backbone().fromFile() && settings.weights.isEmpty()) {
            throw UserException.usage("backbone.kind is " + DpqConfig.kebab(settings.backbone())
                    + ", so point backbone.weights to the file that holds the backbone.");
        }
        if (!settings.backbone().fromFile() && settings.featureLayer().isPresent()) {
            throw UserException.usage("backbone.feature-layer is for backbones from files; leave it null or set"
                    + " backbone.kind to keras, dl4j or onnx.");
        }
        if (settings.backbone() == Backbone.ONNX) {
            settings.checkOnnx();
        }
        if (settings.weights.isPresent()
                && !settings.backbone().fromFile()
                && !PRETRAINED.contains(settings.backbone())) {
            throw UserException.usage("backbone.weights is given but the backbone "
                    + DpqConfig.kebab(settings.backbone())
                    + " always starts anew; leave the one null or choose another backbone.kind.");
        }
        final boolean refits = settings.refit().on();
        if (settings.start == Start.RANDOM && settings.jointEpochs() == 0 && !refits) {
            throw UserException.usage(
                    "quantization.start is random but train.semantic-epochs leaves no epoch to train the"
                            + " codebooks in; set the one to kmeans or lower the other below train.epochs.");
        }
        if ((settings.start == Start.KMEANS || refits) && settings.kmeansSample < settings.codewords) {
            throw UserException.usage("quantization.kmeans-sample is " + settings.kmeansSample
                    + " but must be at least quantization.codewords, " + settings.codewords + ".");
        }
        return settings;
    }

    /** What is computed once is computed of an image as it is. */
    private void checkMirror() {
        if (!image.mirror()) {
            return;
        }
        if (lake.holdsVectors()) {
            throw UserException.usage("Vectors have no mirror images, so set image.mirror to false.");
        }
        if (backbone() == Backbone.ONNX) {
            throw UserException.usage("backbone.kind is onnx, whose features are computed once for every image and"
                    + " not for its mirror image, so set image.mirror to false.");
        }
        if (computesOnce()) {
            throw UserException.usage("What frozen layers yield is computed once for every image and not for its"
                    + " mirror image, so set image.mirror to false or train.feature-cache.enabled to off.");
        }
    }

    /** Nothing below the features of an ONNX model is computed in training. */
    private void checkOnnx() {
        final String reason = "backbone.kind is onnx, whose features are computed once for every image, so ";
        if (freezes()) {
            throw UserException.usage(reason + "all of it is frozen; set backbone.frozen-up-to to null.");
        }
        if (!featureCache().on()) {
            throw UserException.usage(reason + "set train.feature-cache.enabled to auto.");
        }
        if (!augmentation.isNone()) {
            throw UserException.usage(
                    reason + "images cannot be augmented; set train.augmentation.crop and flip to false"
                            + " and leave the rest of it as it is by default.");
        }
    }

    private static int powerOfTwo(final DpqConfig config) {
        final int codewords = config.integer("quantization.codewords", 2, Short.MAX_VALUE + 1);
        if (Integer.bitCount(codewords) != 1) {
            throw config.wrong("quantization.codewords", "a power of two from 2 to 32768");
        }
        return codewords;
    }

    private static LossWeights loss(final DpqConfig config) {
        return new LossWeights(
                weight(config, "loss.margin"),
                weight(config, "loss.classification"),
                weight(config, "loss.prefix-classification"),
                config.decimal("loss.label-smoothing", 0, 1),
                weight(config, "loss.distortion"),
                weight(config, "loss.hard"),
                weight(config, "loss.match"),
                weight(config, "loss.retrieval"),
                weight(config, "loss.prefix-retrieval"),
                config.decimal("loss.retrieval-sharpness", 0.01, 1000));
    }

    private static Augmentation augmentation(final DpqConfig config) {
        final String section = "train.augmentation.";
        final boolean crop = config.bool(section + "crop");
        final double minScale = config.decimal(section + "min-scale", 0.01, 1);
        final int padding = config.integer(section + "padding", 0, 4096);
        if (!crop && (minScale < 1 || padding > 0)) {
            throw UserException.usage("train.augmentation.min-scale and padding are for random crops; set"
                    + " train.augmentation.crop to true, or them to 1 and 0.");
        }
        if (minScale < 1 && padding > 0) {
            throw UserException.usage("A crop is either resized or padded; set train.augmentation.min-scale to 1 or"
                    + " train.augmentation.padding to 0.");
        }
        return new Augmentation(
                crop,
                config.bool(section + "flip"),
                minScale,
                padding,
                config.decimal(section + "brightness", 0, 1),
                config.decimal(section + "contrast", 0, 1),
                config.decimal(section + "saturation", 0, 1),
                config.decimal(section + "erase", 0, 1));
    }

    private static double weight(final DpqConfig config, final String key) {
        return config.decimal(key, 0, MILLION);
    }

    private static OptimizerSpec optimizer(final DpqConfig config) {
        final String section = "train.optimizer.";
        return new OptimizerSpec(
                config.choice(section + "kind", OptimizerSpec.Kind.class),
                config.decimal(section + "learning-rate", 0, MILLION),
                config.decimal(section + "momentum", 0, 1),
                config.decimal(section + "weight-decay", 0, MILLION),
                config.decimal(section + "new-factor", 0, MILLION),
                config.decimal(section + "backbone-factor", 0, MILLION),
                config.decimal(section + "bias-factor", 0, MILLION),
                config.decimal(section + "backbone-bias-factor", 0, MILLION),
                config.decimal(section + "codebook-learning-rate", 0, MILLION),
                config.choice(section + "schedule", OptimizerSpec.Schedule.class),
                config.integer(section + "warmup-steps", 0, Integer.MAX_VALUE),
                config.decimal(section + "decay", 0, MILLION),
                config.integer(section + "decay-steps", 1, Integer.MAX_VALUE));
    }

    /** What watches over the training. */
    RunSettings run() {
        return RunSettings.from(config);
    }

    /**
     * Codebooks that are fitted anew after the training.
     *
     * @param on whether they are, or stay as the joint stage made them
     * @param along how far embeddings are drawn toward the mean of their class for that, 0…1, in the span of the differences
     *     between class means
     * @param across likewise, perpendicular to it
     */
    record Refit(boolean on, double along, double across) {}

    Refit refit() {
        return new Refit(
                config.bool("quantization.refit"),
                config.decimal("quantization.refit-shrinkage", 0, 1),
                config.decimal("quantization.refit-shrinkage-across", 0, 1));
    }

    /** By which residuals choose codewords, in training and in every code. */
    Similarity similarity() {
        return config.choice("quantization.similarity", Similarity.class);
    }

    /** What is taken from the lake's rows. */
    InputContract input() {
        return new InputContract(image, lake.holdsVectors() ? vectorLength() : 0, loss.supervised());
    }

    private int vectorLength() {
        return config.isSet("backbone.vector-length")
                ? config.integer("backbone.vector-length", 1, 1 << 20)
                : dimensions;
    }

    /** The layer of a backbone from a file that yields the features. */
    Optional<String> featureLayer() {
        return config.optionalString("backbone.feature-layer");
    }

    /** Whether layers of the network keep their weights. */
    boolean freezes() {
        return config.optionalString(FROZEN_UP_TO).isPresent();
    }

    /** Whether the configuration lets what is frozen be computed once: every image is the same in every epoch. */
    boolean computesOnce() {
        return (freezes() || backbone() == Backbone.ONNX) && featureCache().on() && augmentation.isNone();
    }

    private enum Caching {
        AUTO,
        OFF
    }

    /**
     * Whether and where what a frozen backbone yields is stored; of the keys {@code train.feature-cache}.
     *
     * @param on whether it is, where there is something frozen
     * @param path folder of caches
     * @param besideModel whether that is the model's own
     * @param keep whether features outlive the training
     */
    record FeatureCacheSettings(boolean on, String path, boolean besideModel, boolean keep) {}

    FeatureCacheSettings featureCache() {
        final String section = "train.feature-cache.";
        final Optional<String> path = config.optionalString(section + "path");
        return new FeatureCacheSettings(
                config.choice(section + "enabled", Caching.class) == Caching.AUTO,
                path.orElseGet(() -> RunSettings.beside(modelPath, ".features")),
                path.isEmpty(),
                config.bool(section + "keep"));
    }

    /** The kind of backbone, as it is configured. */
    Backbone backbone() {
        return config.choice("backbone.kind", Backbone.class);
    }

    /**
     * What the network is built from.
     *
     * @param labelVectors [classes][D]
     * @param stepsPerEpoch batches per worker of an epoch
     * @param localWeights the pretrained weights as a local file
     * @param severalLabels whether any image has more than one label
     */
    NetworkSpec spec(
            final float[][] labelVectors,
            final int stepsPerEpoch,
            final Optional<String> localWeights,
            final boolean severalLabels) {
        return spec(
                labelVectors,
                stepsPerEpoch,
                lake.holdsVectors()
                        ? NetworkSpec.Input.vectors(vectorLength())
                        : NetworkSpec.Input.images(image.crop()),
                localWeights,
                severalLabels);
    }

    /** As {@link #spec(float[][], int, Optional, boolean)}, on another input than the lake's. */
    NetworkSpec spec(
            final float[][] labelVectors,
            final int stepsPerEpoch,
            final NetworkSpec.Input input,
            final Optional<String> localWeights,
            final boolean severalLabels) {
        return new NetworkSpec(
                labelVectors.length,
                input,
                new NetworkSpec.BackboneSpec(
                        backbone(),
                        config.integer("backbone.width", 1, 65_536),
                        config.integer("backbone.depth", 8, 10_000),
                        localWeights,
                        config.bool("backbone.normalise-features"),
                        config.optionalString(FROZEN_UP_TO),
                        config.decimal("backbone.dropout", 0, 0.99),
                        featureLayer()),
                new NetworkSpec.EmbeddingSpec(
                        config.choice("embedding.kind", NetworkSpec.EmbeddingKind.class), dimensions),
                new NetworkSpec.QuantizationSpec(
                        levels,
                        codewords,
                        similarity(),
                        config.decimal("quantization.gamma", 0, Double.MAX_VALUE),
                        config.choice("quantization.gradient", GradientMode.class)),
                loss,
                labelVectors,
                optimizer,
                Math.multiplyExact(stepsPerEpoch, epochs),
                Math.multiplyExact(stepsPerEpoch, semanticEpochs),
                seed,
                severalLabels);
    }

    /** Whether a classifier of the embedding is trained. */
    boolean classifies() {
        return loss.classification() != 0;
    }

    /** How many epochs are joint. */
    int jointEpochs() {
        return epochs - semanticEpochs;
    }
}

package io.dpq.train;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.lake.LakeSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The checked configuration of what watches over a long training; none of it changes what a step computes.
 *
 * @param checkpoint where and how often the state is kept
 * @param averagingDecay share that the running mean of the weights keeps a round, 0 for no mean
 * @param validation what is measured while training
 * @param publish what a model must reach
 * @param maxLossGrowth times the start of its stage that the loss may grow to, 0 for any
 * @param stallTimeout after which a round without a finished batch is given up, 0 for never
 */
record RunSettings(
        Checkpoint checkpoint,
        double averagingDecay,
        Validation validation,
        Publish publish,
        double maxLossGrowth,
        Duration stallTimeout) {
    /** Of the keys {@code train.checkpoint}. */
    record Checkpoint(String path, int everyRounds, int keep) {}

    /** Of the keys {@code train.validation}. */
    record Validation(
            double fraction,
            Optional<LakeSettings> lake,
            int everyEpochs,
            int patience,
            boolean keepBest,
            int databaseSample) {
        boolean isOn() {
            return fraction > 0 || lake.isPresent();
        }
    }

    /** Of the keys {@code train.publish}. */
    record Publish(double minMap, boolean mustBeatPublished) {
        boolean isOn() {
            return minMap > 0 || mustBeatPublished;
        }
    }

    /** Reads and checks the keys. */
    static RunSettings from(final DpqConfig config) {
        final String lake = "train.validation.lake";
        final RunSettings settings = new RunSettings(
                new Checkpoint(
                        config.optionalString("train.checkpoint.path")
                                .orElseGet(() -> checkpoints(config.string("model.path"))),
                        config.integer("train.checkpoint.every-rounds", 0, Integer.MAX_VALUE),
                        config.integer("train.checkpoint.keep", 1, 1000)),
                config.decimal("train.weight-averaging.decay", 0, 0.999999),
                new Validation(
                        config.decimal("train.validation.fraction", 0, 0.9),
                        config.isSet(lake + ".path") ? Optional.of(LakeSettings.from(config, lake)) : Optional.empty(),
                        config.integer("train.validation.every-epochs", 1, Integer.MAX_VALUE),
                        config.integer("train.validation.patience", 0, Integer.MAX_VALUE),
                        config.bool("train.validation.keep-best"),
                        config.integer("train.validation.database-sample", 1, 10_000_000)),
                new Publish(
                        config.decimal("train.publish.min-map", 0, 1),
                        config.bool("train.publish.must-beat-published")),
                config.decimal("train.max-loss-growth", 0, Double.MAX_VALUE),
                config.duration("train.stall-timeout"));
        settings.check();
        final String modelPath = config.string("model.path");
        requireApart("train.checkpoint.path", settings.checkpoint.path(), modelPath);
        config.optionalString("train.feature-cache.path")
                .ifPresent(path -> requireApart("train.feature-cache.path", path, modelPath));
        return settings;
    }

    /** Where a model goes that is not fit to be published at {@code modelPath}. */
    static String heldBack(final String modelPath) {
        return beside(modelPath, ".held-back");
    }

    /** Where the checkpoints of a model lie unless told. */
    static String checkpoints(final String modelPath) {
        return beside(modelPath, ".checkpoints");
    }

    /** A path next to another. */
    static String beside(final String path, final String suffix) {
        return path.replaceFirst("/+$", "") + suffix;
    }

    /** Among checkpoints or features a model cannot be published, and where they are cleared away no model may lie. */
    private static void requireApart(final String key, final String path, final String modelPath) {
        final String apart = folder(path);
        for (final String model : List.of(folder(modelPath), folder(heldBack(modelPath)))) {
            if (apart.startsWith(model) || model.startsWith(apart)) {
                throw UserException.usage(key + " is " + path + ", but models go to "
                        + model.substring(0, model.length() - 1)
                        + "; set it to a folder that is neither in the other.");
            }
        }
    }

    private static String folder(final String path) {
        return path.replaceFirst("/+$", "") + "/";
    }

    private void check() {
        if (validation.fraction > 0 && validation.lake.isPresent()) {
            throw UserException.usage(
                    "train.validation.fraction and train.validation.lake.path are both set, but images"
                            + " to validate on come from one of them; set the fraction to 0 or the path to null.");
        }
        if (!validation.isOn() && publish.isOn()) {
            throw UserException.usage(
                    (publish.minMap > 0 ? "train.publish.min-map" : "train.publish.must-beat-published")
                            + " is set but nothing is measured to judge a model by; set train.validation.fraction or"
                            + " train.validation.lake.path.");
        }
        if (!validation.isOn() && validation.patience > 0) {
            throw UserException.usage("train.validation.patience is " + validation.patience
                    + " but nothing is measured; set train.validation.fraction or train.validation.lake.path.");
        }
        if (maxLossGrowth > 0 && maxLossGrowth <= 1) {
            throw UserException.usage("train.max-loss-growth is " + maxLossGrowth
                    + " but must be above 1, or 0 for a loss that may grow as it likes.");
        }
    }
}

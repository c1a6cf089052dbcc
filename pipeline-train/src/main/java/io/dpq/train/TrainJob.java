package io.dpq.train;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.BuildInfo;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.model.ModelPublisher;
import io.dpq.network.NetworkSpec;
import io.dpq.train.averaging.DistributedTrainer;
import io.dpq.train.averaging.ParameterAveraging;
import io.dpq.train.data.DataSummary;
import io.dpq.train.data.EpochPlan;
import io.dpq.train.data.TrainingData;
import io.dpq.train.data.ValidationRows;
import io.dpq.train.random.Seeds;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains on a labelled lake by parameter averaging and publishes a model directory, which appears only when everything has
 * succeeded.
 */
public final class TrainJob implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);
    /** A job; it has no state. */
    public TrainJob() {}

    @Override
    public String name() {
        return "train";
    }

    @Override
    public String description() {
        return "Trains a model on labelled images and publishes a model directory.";
    }

    @Override
    public Class<?> mainClass() {
        return Train.class;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        final TrainSettings settings = TrainSettings.from(config);
        return List.of(
                "learn from " + settings.lake().path() + " ("
                        + DpqConfig.kebab(settings.lake().kind()) + ")",
                "network: "
                        + (settings.lake().holdsVectors()
                                ? "vectors as they are"
                                : DpqConfig.kebab(settings.backbone()) + " at "
                                        + settings.image().crop() + " pixels"
                                        + (settings.image().mirror() ? ", from both sides" : ""))
                        + ", embedding of " + settings.dimensions() + ", " + settings.levels() + " levels of "
                        + settings.codewords() + " codewords",
                "schedule: " + settings.semanticEpochs() + " semantic and " + settings.jointEpochs()
                        + " joint epochs, "
                        + (settings.refit().on() ? "then codebooks by K-means once more, " : "")
                        + settings.workers() + " workers with batches of " + settings.batchSize()
                        + ", averaged every " + settings.averagingFrequency() + " batches",
                "frozen layers: " + frozen(settings),
                "validation: " + validation(settings.run()),
                "checkpoints: " + checkpoints(settings.run().checkpoint()),
                "publish " + settings.modelPath());
    }

    private static String frozen(final TrainSettings settings) {
        if (!settings.freezes() && settings.backbone() != NetworkSpec.Backbone.ONNX) {
            return "none";
        }
        return settings.computesOnce()
                ? "computed once, kept at " + settings.featureCache().path()
                : "computed in every epoch";
    }

    private static String validation(final RunSettings settings) {
        final RunSettings.Validation validation = settings.validation();
        if (!validation.isOn()) {
            return "none";
        }
        return validation.lake().map(lake -> "on " + lake.path()).orElse("on a share of " + validation.fraction())
                + ", after every " + validation.everyEpochs() + " epochs";
    }

    private static String checkpoints(final RunSettings.Checkpoint settings) {
        return settings.everyRounds() == 0
                ? "none"
                : "every " + settings.everyRounds() + " rounds, the last " + settings.keep() + " at " + settings.path();
    }

    @Override
    public boolean resumable() {
        return true;
    }

    @Override
    public Outcome run(final JobContext context) throws Exception {
        final TrainSettings settings = TrainSettings.from(context.config());
        final JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(context.spark().sparkContext());
        final Configuration hadoop = spark.hadoopConfiguration();
        ModelPublisher.requireReplaceable(settings.modelPath(), hadoop);
        if (settings.run().publish().isOn()) {
            ModelPublisher.requireReplaceable(RunSettings.heldBack(settings.modelPath()), hadoop);
        }
        try (TrainingLocks locks = TrainingLocks.take(settings, hadoop)) {
            return locked(context, spark, settings, hadoop, locks);
        }
    }

    private static Outcome locked(
            final JobContext context,
            final JavaSparkContext spark,
            final TrainSettings settings,
            final Configuration hadoop,
            final TrainingLocks locks)
            throws Exception {
        // Before the images, which take minutes to check.
        settings.weights().ifPresent(file -> LocalCopy.require("backbone.weights", file, hadoop));
        settings.labelEmbeddings().ifPresent(file -> LabelVectors.read(file, hadoop, settings.dimensions()));
        final RoundMeter meter = new RoundMeter(spark);
        final DistributedTrainer trainer = new ParameterAveraging(spark, settings.batchSize(), settings.seed(), meter);
        spark.sc().setJobDescription("dpq train: list " + settings.lake().path());
        final Lake lake = Lake.open(context.spark(), settings.lake());
        final Optional<Lake> validationLake =
                settings.run().validation().lake().map(of -> Lake.open(context.spark(), of));
        try (StallWatchdog watchdog = new StallWatchdog(spark, settings.run().stallTimeout());
                TrainingData data = TrainingData.load(
                        spark,
                        lake,
                        settings.lake().path(),
                        settings.input(),
                        settings.run().validation().fraction(),
                        context.out()::println)) {
            report(data, context.out());
            final Rounds rounds = new Rounds(trainer, meter, watchdog);
            if (!settings.run().validation().isOn()) {
                return train(context, spark, settings, rounds, data, Optional.empty(), locks);
            }
            try (ValidationRows queries = queries(context, spark, settings, data, validationLake)) {
                context.out().println(queries.index().size() + " images to validate on");
                return train(context, spark, settings, rounds, data, Optional.of(queries), locks);
            }
        } finally {
            spark.sc().setJobDescription(null);
        }
    }

    private static ValidationRows queries(
            final JobContext context,
            final JavaSparkContext spark,
            final TrainSettings settings,
            final TrainingData data,
            final Optional<Lake> lake) {
        final RunSettings.Validation validation = settings.run().validation();
        return lake.isEmpty()
                ? ValidationRows.heldOut(data, validation.fraction())
                : ValidationRows.of(
                        spark,
                        lake.get(),
                        validation.lake().orElseThrow().path(),
                        settings.input(),
                        data.classes(),
                        context.out()::println);
    }

    private static void report(final TrainingData data, final PrintStream out) {
        final DataSummary summary = data.summary();
        final int classes = summary.perClass().size();
        out.println(summary.usable()
                + (classes == 0 ? " images, without labels" : " images of " + classes + " classes")
                + (classes == 0 || summary.unlabelled() == 0
                        ? ""
                        : ", " + summary.unlabelled() + " of them without a label"));
        if (summary.rejected() > 0) {
            final String skipped = "skipped " + summary.rejected() + " images that cannot be decoded "
                    + summary.skipped() + ", for instance " + String.join(", ", summary.examples());
            LOG.warn("{}", skipped);
            out.println(skipped);
        }
    }

    private static Outcome train(
            final JobContext context,
            final JavaSparkContext spark,
            final TrainSettings settings,
            final Rounds rounds,
            final TrainingData data,
            final Optional<ValidationRows> queries,
            final TrainingLocks locks)
            throws IOException {
        final EpochPlan plan = plan(settings, data.index().size());
        final Configuration hadoop = spark.hadoopConfiguration();
        final float[][] labelVectors = labelVectors(settings, data.classes(), hadoop);
        final Fingerprint fingerprint = Fingerprint.of(
                settings,
                data.index().digest(),
                queries.map(rows -> rows.index().digest()),
                labelVectors,
                hadoop);
        final String revision = new BuildInfo().revision();
        final RunSettings.Checkpoint checkpoints = settings.run().checkpoint();
        final CheckpointStore store = CheckpointStore.open(checkpoints.path(), checkpoints.keep(), hadoop);
        final StartingPoint from = StartingPoint.find(
                context.resume(), store, fingerprint, revision, settings.modelPath(), hadoop, context.out()::println);
        if (from.finished().isPresent()) {
            store.clear();
            FeatureCache.forget(settings, hadoop);
            return from.finished().get();
        }
        final double decay = settings.run().averagingDecay();
        final Learner learner = new LearnerBuilder(
                        context.spark(), settings, data, queries, labelVectors, plan.steps(), context.out()::println)
                .build();
        final TrainingState state = from.checkpoint()
                .map(checkpoint -> TrainingState.restore(checkpoint, decay))
                .orElseGet(() -> TrainingState.begin(learner.fresh().get(), decay));
        final Standing begin = state.standing();
        final long done = begin.epoch() * (long) plan.slots()
                + begin.round() * (long) plan.frequency() * plan.workers() * plan.batchSize();
        final Progress progress =
                new Progress(context.out(), (long) plan.slots() * settings.epochs() - done, System::nanoTime);
        final Optional<Validation> validation =
                queries.map(rows -> new Validation(spark, settings, data, rows, learner));
        final Keeper keeper = new Keeper(
                store, locks, checkpoints.everyRounds(), from.run(), revision, fingerprint, context.out()::println);
        final Training.Result result =
                new Training(spark, settings, learner, plan, rounds, validation, progress, keeper, state).run();
        final Map<String, Object> provenance =
                Provenance.of(spark, settings, data.summary(), plan, learner.spec(), from.run(), fingerprint);
        locks.requireHeld();
        final Outcome outcome = new Publication(
                        spark, settings, learner, validation, provenance, context.out()::println)
                .publish(result, state.log(), progress.imagesPerSecond());
        store.clear();
        learner.cache().ifPresent(FeatureCache::done);
        return outcome;
    }

    private static EpochPlan plan(final TrainSettings settings, final int images) {
        final long step = (long) settings.workers() * settings.batchSize();
        if (images < step) {
            throw UserException.usage(settings.workers() + " workers with batches of " + settings.batchSize() + " need "
                    + step + " images but there are " + images
                    + "; lower train.batch-size or train.workers, or give more images.");
        }
        final EpochPlan plan =
                new EpochPlan(images, settings.workers(), settings.batchSize(), settings.averagingFrequency());
        final long totalSteps = (long) plan.steps() * settings.epochs();
        if (totalSteps > Integer.MAX_VALUE) {
            throw UserException.usage("train.epochs is " + settings.epochs() + ", which makes " + totalSteps
                    + " steps, more than can be counted; lower it below "
                    + Integer.MAX_VALUE / plan.steps() + ".");
        }
        if (settings.optimizer().warmupSteps() >= totalSteps) {
            throw UserException.usage("train.optimizer.warmup-steps is "
                    + settings.optimizer().warmupSteps() + " but the whole training takes " + totalSteps
                    + " steps; lower the one or raise train.epochs.");
        }
        return plan;
    }

    private static float[][] labelVectors(
            final TrainSettings settings, final List<String> classes, final Configuration hadoop) {
        if (classes.isEmpty()) {
            return new float[0][];
        }
        return settings.labelEmbeddings()
                .map(file ->
                        LabelVectors.matched(LabelVectors.read(file, hadoop, settings.dimensions()), file, classes))
                .orElseGet(() -> LabelVectors.orthonormal(
                        classes.size(), settings.dimensions(), Seeds.mix(settings.seed(), -3)));
    }
}

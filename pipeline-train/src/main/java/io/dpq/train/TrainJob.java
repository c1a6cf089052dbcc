package io.dpq.train;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelDraft;
import io.dpq.model.ModelManifest;
import io.dpq.model.ModelPublisher;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    /** The export must agree with the network it was made from; single precision leaves about 1e-6. */
    private static final double MAX_PARITY = 1e-4;
    /** Images that the figures in the manifest are taken from. */
    private static final int METRICS_SAMPLE = 10_000;

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
                "network: " + DpqConfig.kebab(settings.backbone()) + " at "
                        + settings.image().crop()
                        + " pixels, embedding of " + settings.dimensions() + ", " + settings.levels() + " levels of "
                        + settings.codewords() + " codewords",
                "schedule: " + settings.semanticEpochs() + " semantic and " + settings.jointEpochs()
                        + " joint epochs, " + settings.workers() + " workers with batches of " + settings.batchSize()
                        + ", averaged every " + settings.averagingFrequency() + " batches",
                "publish " + settings.modelPath());
    }

    @Override
    public Outcome run(final JobContext context) throws Exception {
        final TrainSettings settings = TrainSettings.from(context.config());
        final JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(context.spark().sparkContext());
        final DistributedTrainer trainer = new ParameterAveraging(spark, settings.batchSize(), settings.seed());
        ModelPublisher.requireReplaceable(settings.modelPath(), spark.hadoopConfiguration());
        // Before the images, which take minutes to check.
        settings.weights().ifPresent(file -> LocalCopy.require("backbone.weights", file, spark.hadoopConfiguration()));
        settings.labelEmbeddings()
                .ifPresent(file -> LocalCopy.require("labels.embeddings", file, spark.hadoopConfiguration()));
        warnings(settings).forEach(context.out()::println);
        final Lake lake = Lake.open(context.spark(), settings.lake());
        try (TrainingData data =
                TrainingData.load(spark, lake, settings.lake().path(), settings.image(), context.out()::println)) {
            report(data.summary(), context.out());
            train(context, spark, settings, trainer, data);
        } finally {
            spark.sc().setJobDescription(null);
        }
        return Outcome.DONE;
    }

    private static List<String> warnings(final TrainSettings settings) {
        return settings.similarity() == NetworkSpec.Similarity.COSINE
                ? List.of("warning: quantization.similarity is cosine, which only training follows;"
                        + " codes are assigned by the least distance (l2)")
                : List.of();
    }

    private static void report(final DataSummary summary, final PrintStream out) {
        out.println(summary.usable() + " images of " + summary.perClass().size() + " classes"
                + (summary.unlabelled() == 0 ? "" : ", " + summary.unlabelled() + " of them without a label"));
        if (summary.rejected() > 0) {
            final String skipped = "skipped " + summary.rejected() + " images that cannot be decoded "
                    + summary.skipped() + ", for instance " + String.join(", ", summary.examples());
            LOG.warn("{}", skipped);
            out.println(skipped);
        }
    }

    private static void train(
            final JobContext context,
            final JavaSparkContext spark,
            final TrainSettings settings,
            final DistributedTrainer trainer,
            final TrainingData data)
            throws IOException {
        final EpochPlan plan = plan(settings, data.summary().usable());
        final Configuration hadoop = spark.hadoopConfiguration();
        final float[][] labelVectors = labelVectors(settings, data.classes(), hadoop);
        try (Learner learner = Learner.prepare(
                context.spark(), settings, data, labelVectors, plan.steps(), context.out()::println)) {
            final long start = System.nanoTime();
            final Progress progress =
                    new Progress(context.out(), (long) plan.slots() * settings.epochs(), System::nanoTime);
            final Map<String, Double> losses = new Training(
                            spark, settings, learner.data(), plan, trainer, learner.recipe(), progress)
                    .run(learner.graph());
            final Map<String, Object> metrics = new LinkedHashMap<>();
            losses.forEach((stage, loss) -> metrics.put(stage + "Loss", loss));
            metrics.put("imagesPerSecond", progress.imagesPerSecond());
            metrics.put("trainingSeconds", (System.nanoTime() - start) / 1e9);
            publish(context, spark, settings, plan, learner, metrics);
            learner.done();
        }
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
        if (settings.optimizer().warmupSteps() >= totalSteps) {
            throw UserException.usage("train.optimizer.warmup-steps is "
                    + settings.optimizer().warmupSteps() + " but the whole training takes " + totalSteps
                    + " steps; lower the one or raise train.epochs.");
        }
        return plan;
    }

    private static float[][] labelVectors(
            final TrainSettings settings, final List<String> classes, final Configuration hadoop) {
        return settings.labelEmbeddings()
                .map(file -> LabelVectors.read(file, hadoop, classes, settings.dimensions()))
                .orElseGet(() -> LabelVectors.orthonormal(
                        classes.size(), settings.dimensions(), Seeds.mix(settings.seed(), -3)));
    }

    private static void publish(
            final JobContext context,
            final JavaSparkContext spark,
            final TrainSettings settings,
            final EpochPlan plan,
            final Learner learner,
            final Map<String, Object> metrics)
            throws IOException {
        final TrainingData data = learner.data();
        final byte[] network = NetworkZip.write(learner.whole(), true);
        final Codebooks codebooks = DpqNetwork.codebooks(learner.graph());
        final byte[] encoder = learner.encoder();
        final double parity = learner.parity(encoder);
        if (!(parity <= MAX_PARITY)) {
            throw new IllegalStateException("The exported encoder differs from the network by " + parity
                    + " of the largest embedding value, more than " + MAX_PARITY + ".");
        }
        metrics.put("exportParity", parity);
        spark.sc().setJobDescription("train: measure the trained network");
        final EmbeddingSample sample = EmbeddingSample.of(
                spark, data, NetworkZip.write(learner.graph(), false), learner.recipe(), settings, METRICS_SAMPLE);
        final double[] errors = sample.hardErrors(codebooks);
        metrics.put("measuredImages", sample.count());
        metrics.put("trainingAccuracy", sample.accuracy());
        metrics.put("relativeHardError", Arrays.stream(errors).boxed().toList());
        final ModelManifest manifest = ModelPublisher.publish(
                settings.modelPath(),
                spark.hadoopConfiguration(),
                new ModelDraft(
                        settings.dimensions(),
                        settings.levels(),
                        settings.codewords(),
                        data.classes(),
                        settings.image(),
                        DpqConfig.kebab(settings.backbone()),
                        Provenance.of(spark, settings, data.summary(), plan, learner.spec()),
                        metrics),
                Map.of(
                        ModelDirectory.NETWORK, network,
                        ModelDirectory.ENCODER, encoder,
                        ModelDirectory.CODEBOOKS, CodebooksNpy.write(codebooks)));
        summary(settings, manifest, sample.accuracy(), errors).forEach(context.out()::println);
    }

    private static List<String> summary(
            final TrainSettings settings, final ModelManifest manifest, final double accuracy, final double[] errors) {
        final List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "training accuracy %.3f", accuracy));
        for (int level = 0; level < errors.length; level++) {
            lines.add(String.format(
                    Locale.ROOT,
                    "quantization error at %d bits %.3f",
                    (level + 1) * Integer.numberOfTrailingZeros(settings.codewords()),
                    errors[level]));
        }
        lines.add("model " + manifest.modelId() + " published at " + settings.modelPath());
        return lines;
    }
}

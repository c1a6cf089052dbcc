package io.dpq.train;

import io.dpq.config.DpqConfig;
import io.dpq.job.Job;
import io.dpq.job.ResourcePlan;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelDraft;
import io.dpq.model.ModelManifest;
import io.dpq.model.ModelPublisher;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Exports, measures and publishes a trained network, or keeps it aside where it is not fit.
 *
 * @param learner what was trained
 * @param validation that measured it, where anything was
 * @param provenance for the manifest
 * @param say takes lines for a person
 */
record Publication(
        JavaSparkContext spark,
        TrainSettings settings,
        Learner learner,
        Optional<Validation> validation,
        Map<String, Object> provenance,
        Consumer<String> say) {
    /** The export must agree with the network it was made from; single precision leaves about 1e-6. */
    private static final double MAX_PARITY = 1e-4;
    /** Images that the figures in the manifest are taken from. */
    private static final int METRICS_SAMPLE = 10_000;

    /** Publishes what a training came to. */
    Job.Outcome publish(final Training.Result result, final TrainingLog log, final double imagesPerSecond)
            throws IOException {
        final ComputationGraph graph = result.graph();
        final Map<String, Object> metrics = new LinkedHashMap<>();
        result.losses().forEach((stage, loss) -> metrics.put(stage + "Loss", loss));
        metrics.put("imagesPerSecond", imagesPerSecond);
        metrics.put("trainingSeconds", result.seconds());
        result.bestEpoch().ifPresent(epoch -> metrics.put("bestEpoch", epoch));
        result.scores().ifPresent(scores -> metrics.put(PublishGate.VALIDATION, scores.fields()));
        final byte[] encoder = learner.foundation().encoder(graph);
        final double parity = learner.foundation().parity(graph, encoder, settings.seed());
        if (!(parity <= MAX_PARITY)) {
            throw new IllegalStateException("The exported encoder differs from the network by " + parity
                    + " of the largest embedding value, more than " + MAX_PARITY + ".");
        }
        metrics.put("exportParity", parity);
        final List<String> lines = measure(graph, metrics);
        final Optional<String> objection = objection(result);
        final String path = objection.isPresent() ? RunSettings.heldBack(settings.modelPath()) : settings.modelPath();
        final ModelManifest manifest = ModelPublisher.publish(
                path,
                spark.hadoopConfiguration(),
                new ModelDraft(
                        settings.dimensions(),
                        settings.levels(),
                        settings.codewords(),
                        settings.similarity(),
                        learner.data().classes(),
                        settings.image(),
                        DpqConfig.kebab(settings.backbone()),
                        provenance,
                        metrics),
                Map.of(
                        ModelDirectory.NETWORK,
                                NetworkZip.write(learner.foundation().whole(graph), true),
                        ModelDirectory.ENCODER, encoder,
                        ModelDirectory.CODEBOOKS, CodebooksNpy.write(DpqNetwork.codebooks(graph)),
                        ModelDirectory.TRAINING_LOG, log.bytes()));
        lines.forEach(say);
        if (objection.isPresent()) {
            say.accept("model " + manifest.modelId() + " is not published: " + objection.get() + "; it is kept at "
                    + path);
            return Job.Outcome.OVER_BUDGET;
        }
        say.accept("model " + manifest.modelId() + " published at " + path);
        return Job.Outcome.DONE;
    }

    private Optional<String> objection(final Training.Result result) {
        final RunSettings.Publish bar = settings.run().publish();
        if (!bar.isOn() || validation.isEmpty() || result.scores().isEmpty()) {
            return Optional.empty();
        }
        spark.sc().setJobDescription("dpq train: compare with the published model");
        final int threads = ResourcePlan.from(settings.config()).threadsPerTask();
        return new PublishGate(bar, settings.modelPath(), threads)
                .objection(result.scores().get(), validation.get(), spark.hadoopConfiguration(), say);
    }

    private List<String> measure(final ComputationGraph graph, final Map<String, Object> metrics) {
        spark.sc().setJobDescription("dpq train: measure the trained network");
        final Codebooks codebooks = DpqNetwork.codebooks(graph);
        final EmbeddingSample sample =
                EmbeddingSample.of(spark, learner, NetworkZip.write(graph, false), settings, METRICS_SAMPLE);
        final double[] errors = sample.hardErrors(codebooks);
        metrics.put("measuredImages", sample.count());
        final boolean classifies =
                DpqNetwork.classifies(graph) && settings.classifies() && !Double.isNaN(sample.accuracy());
        if (classifies) {
            metrics.put("trainingAccuracy", sample.accuracy());
        }
        metrics.put("relativeHardError", Arrays.stream(errors).boxed().toList());
        final List<String> lines = new ArrayList<>();
        if (classifies) {
            lines.add(String.format(Locale.ROOT, "training accuracy %.3f", sample.accuracy()));
        }
        for (int level = 0; level < errors.length; level++) {
            lines.add(String.format(
                    Locale.ROOT, "quantization error at %d bits %.3f", codebooks.bits(level + 1), errors[level]));
        }
        return lines;
    }
}

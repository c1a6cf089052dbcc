package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualKMeans;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * The schedule of a training (arXiv 1906.06698): semantic epochs without the quantization terms, then codebooks started by
 * residual K-means on the embeddings learnt so far, then joint epochs with all terms. For one thread.
 */
final class Training {
    private final JavaSparkContext spark;
    private final TrainSettings settings;
    private final TrainingData data;
    private final EpochPlan plan;
    private final DistributedTrainer trainer;
    private final BatchRecipe recipe;
    private final Progress progress;
    private final Map<String, Double> losses = new LinkedHashMap<>();

    Training(
            final JavaSparkContext spark,
            final TrainSettings settings,
            final TrainingData data,
            final EpochPlan plan,
            final DistributedTrainer trainer,
            final BatchRecipe recipe,
            final Progress progress) {
        this.spark = spark;
        this.settings = settings;
        this.data = data;
        this.plan = plan;
        this.trainer = trainer;
        this.recipe = recipe;
        this.progress = progress;
    }

    /** Trains the graph in place; returns the mean loss of each stage's last epoch. */
    Map<String, Double> run(final ComputationGraph graph) {
        DpqNetwork.setLossWeights(graph, settings.loss().semanticOnly());
        for (int epoch = 0; epoch < settings.epochs(); epoch++) {
            if (epoch == settings.semanticEpochs()) {
                startJointStage(graph);
            }
            final String stage = epoch < settings.semanticEpochs() ? "semantic" : "joint";
            losses.put(stage, epoch(graph, epoch, stage));
        }
        if (settings.jointEpochs() == 0) {
            // Two-step training: the codebooks then are what K-means found.
            startJointStage(graph);
        }
        return losses;
    }

    private void startJointStage(final ComputationGraph graph) {
        if (settings.start() == TrainSettings.Start.KMEANS) {
            progress.say("starting codebooks by residual K-means…");
            spark.sc().setJobDescription("train: embed a sample for the codebooks");
            final EmbeddingSample sample = EmbeddingSample.of(
                    spark, data, NetworkZip.write(graph, false), recipe, settings, settings.kmeansSample());
            final Codebooks codebooks = ResidualKMeans.fit(
                    sample.vectors(),
                    sample.count(),
                    settings.dimensions(),
                    settings.levels(),
                    settings.codewords(),
                    settings.kmeansIterations(),
                    Seeds.mix(settings.seed(), -2));
            DpqNetwork.setCodebooks(graph, codebooks);
            progress.say("codebooks started from the embeddings of " + sample.count() + " images");
        }
        DpqNetwork.setLossWeights(graph, settings.loss());
    }

    private double epoch(final ComputationGraph graph, final int epoch, final String stage) {
        double sum = 0;
        try (EpochShuffle shuffle = new EpochShuffle(spark, data, plan, epoch, settings.seed())) {
            for (int round = 0; round < plan.rounds(); round++) {
                final String where = "epoch " + (epoch + 1) + "/" + settings.epochs() + " (" + stage + ")  round "
                        + (round + 1) + "/" + plan.rounds();
                spark.sc().setJobDescription("train: " + where);
                final int batches = plan.batchesIn(round);
                final double rate = LearningRate.of(graph);
                final double loss = trainer.round(graph, epoch, shuffle.round(round, recipe), batches);
                requireFinite(loss, where);
                sum += loss * batches;
                progress.round(
                        where,
                        (long) batches * plan.workers() * plan.batchSize(),
                        loss,
                        rate,
                        round == plan.rounds() - 1);
            }
        }
        return sum / plan.steps();
    }

    static void requireFinite(final double loss, final String where) {
        if (!Double.isFinite(loss)) {
            throw UserException.usage(
                    "The loss is no longer a number in " + where + "; lower train.optimizer.learning-rate.");
        }
    }
}

package io.dpq.train;

import io.dpq.job.ResourcePlan;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualKMeans;
import io.dpq.train.data.EpochPlan;
import io.dpq.train.data.EpochShuffle;
import io.dpq.train.random.Seeds;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;

/**
 * The schedule of a training (arXiv 1906.06698): semantic epochs without the quantization terms, then codebooks started by
 * residual K-means on the embeddings learnt so far, then joint epochs with all terms. Goes on from wherever its state stands.
 * For one thread.
 */
final class Training {
    private static final double NANOS = 1e9;

    private final JavaSparkContext spark;
    private final TrainSettings settings;
    private final Learner learner;
    private final EpochPlan plan;
    private final Rounds rounds;
    private final Optional<Validation> validation;
    private final Progress progress;
    private final Keeper keeper;
    private final TrainingState state;
    private final long start = System.nanoTime();
    private final double secondsBefore;

    /**
     * What a training came to.
     *
     * @param graph to publish: the averaged one where weights are averaged, the best one where that was kept
     * @param losses mean loss of each stage's last epoch
     * @param scores of that graph, where anything is measured
     * @param bestEpoch after which it was taken, counted from 1, where the best one was kept
     * @param seconds that all processes together trained
     */
    record Result(
            ComputationGraph graph,
            Map<String, Double> losses,
            Optional<ValidationScores> scores,
            Optional<Integer> bestEpoch,
            double seconds) {}

    Training(
            final JavaSparkContext spark,
            final TrainSettings settings,
            final Learner learner,
            final EpochPlan plan,
            final Rounds rounds,
            final Optional<Validation> validation,
            final Progress progress,
            final Keeper keeper,
            final TrainingState state) {
        this.spark = spark;
        this.settings = settings;
        this.learner = learner;
        this.plan = plan;
        this.rounds = rounds;
        this.validation = validation;
        this.progress = progress;
        this.keeper = keeper;
        this.state = state;
        this.secondsBefore = state.standing().seconds();
    }

    /** Trains from where the state stands to the end, or until validations no longer improve. */
    Result run() {
        final Standing begin = state.standing();
        DpqNetwork.setLossWeights(
                state.graph(),
                begin.epoch() < settings.semanticEpochs() ? settings.loss().semanticOnly() : settings.loss());
        final int patience = settings.run().validation().patience();
        while (state.standing().epoch() < settings.epochs() && !state.standing().isOutOf(patience)) {
            epoch();
        }
        if (state.standing().epoch() < settings.epochs()) {
            progress.say("stopped after epoch " + state.standing().epoch() + ": "
                    + state.standing().sinceBest() + " validations in a row brought nothing better");
        }
        return result();
    }

    private Result result() {
        final Standing end = state.standing();
        final byte @Nullable [] best = state.best();
        final Standing.@Nullable Best found = end.best();
        if (best != null && found != null) {
            return finished(NetworkZip.restore(best, true), Optional.of(found.scores()), Optional.of(found.epoch()));
        }
        return finished(state.average().of(state.graph()), Optional.ofNullable(end.last()), Optional.empty());
    }

    private Result finished(
            final ComputationGraph graph, final Optional<ValidationScores> joint, final Optional<Integer> epoch) {
        Optional<ValidationScores> scores = joint;
        // In two-step training the codebooks are what K-means finds on the network that is published.
        if (settings.jointEpochs() == 0) {
            startJointStage(graph);
            scores = validation.map(measure -> measure(measure, graph, true));
        }
        if (settings.refit().on()) {
            scores = refitted(graph, scores);
        }
        return new Result(graph, state.standing().losses(), scores, epoch, seconds());
    }

    /** Fits codebooks anew, and takes them back where the validation tells that less is found. */
    private Optional<ValidationScores> refitted(final ComputationGraph graph, final Optional<ValidationScores> before) {
        final Codebooks present = DpqNetwork.codebooks(graph);
        final EmbeddingSample sample = sample(graph);
        final int[][] labels = Arrays.stream(sample.keys())
                .mapToObj(key -> learner.data().index().labels(key))
                .toArray(int[][]::new);
        DpqNetwork.setCodebooks(
                graph,
                kmeans(
                        ClassMeans.shrink(
                                sample.vectors(),
                                labels,
                                settings.refit().along(),
                                settings.refit().across()),
                        sample.count()));
        progress.say(
                "codebooks fitted to the network as it is now, on the embeddings of " + sample.count() + " images");
        final Optional<ValidationScores> after = validation.map(measure -> measure(measure, graph, Stage.REFITTED));
        if (before.isPresent()
                && after.isPresent()
                && after.get().last() < before.get().last()) {
            progress.say("codebooks stay as they were before they were fitted, by which more is found");
            DpqNetwork.setCodebooks(graph, present);
            return before;
        }
        return after;
    }

    private double seconds() {
        return secondsBefore + (System.nanoTime() - start) / NANOS;
    }

    private void startJointStage(final ComputationGraph graph) {
        if (settings.start() == TrainSettings.Start.KMEANS) {
            final EmbeddingSample sample = sample(graph);
            final Codebooks codebooks = kmeans(sample.vectors(), sample.count());
            DpqNetwork.setCodebooks(graph, codebooks);
            state.average().restartCodebooks(graph, codebooks);
            progress.say("codebooks started from the embeddings of " + sample.count() + " images");
        }
        DpqNetwork.setLossWeights(graph, settings.loss());
    }

    private EmbeddingSample sample(final ComputationGraph graph) {
        spark.sc().setJobDescription("dpq train: embed a sample for the codebooks");
        return EmbeddingSample.of(spark, learner, NetworkZip.write(graph, false), settings, settings.kmeansSample());
    }

    private Codebooks kmeans(final float[] vectors, final int count) {
        progress.say("codebooks by residual K-means…");
        spark.sc().setJobDescription("dpq train: codebooks by residual K-means");
        return ResidualKMeans.fit(
                vectors,
                count,
                settings.dimensions(),
                settings.levels(),
                settings.codewords(),
                settings.kmeansIterations(),
                Seeds.mix(settings.seed(), -2),
                settings.similarity(),
                new SparkAssigner(spark, ResourcePlan.from(settings.config()).threadsPerTask()));
    }

    private void epoch() {
        final int epoch = state.standing().epoch();
        if (epoch == settings.semanticEpochs() && state.standing().round() == 0) {
            startJointStage(state.graph());
        }
        try (EpochShuffle shuffle = new EpochShuffle(spark, learner.data(), plan, epoch, settings.seed())) {
            for (int round = state.standing().round(); round < plan.rounds(); round++) {
                round(shuffle, epoch, round);
                if (round == plan.rounds() - 1) {
                    state.standing(state.standing().afterEpoch(stage(epoch), plan.steps()));
                    validate(epoch + 1);
                }
                state.standing(state.standing().after(seconds()));
                keeper.afterRound(state, epoch * (long) plan.rounds() + round + 1, round == plan.rounds() - 1);
            }
        }
    }

    private String stage(final int epoch) {
        return epoch < settings.semanticEpochs() ? Stage.SEMANTIC : Stage.JOINT;
    }

    private void round(final EpochShuffle shuffle, final int epoch, final int round) {
        final String stage = stage(epoch);
        final String where = "epoch " + (epoch + 1) + "/" + settings.epochs() + " (" + stage + ")  round " + (round + 1)
                + "/" + plan.rounds();
        final int batches = plan.batchesIn(round);
        final int step = state.standing().step() + batches;
        final double rate = LearningRate.of(state.graph());
        final long began = System.nanoTime();
        final Rounds.Measured measured = rounds.train(
                state.graph(), epoch, shuffle.round(round, learner.recipe()), batches, where + " (step " + step + ")");
        final double seconds = (System.nanoTime() - began) / NANOS;
        final LossGuard guard = state.standing()
                .guard()
                .after(stage, measured.loss(), settings.run().maxLossGrowth(), where + " (step " + step + ")")
                // The loss was measured before the last update, which may be the one that exploded.
                .requireNumber(state.graph().params().sumNumber().doubleValue(), where + " (step " + step + ")");
        state.standing(state.standing().afterRound(measured.loss(), batches, guard));
        state.average().add(state.graph());
        final long images = (long) batches * plan.workers() * plan.batchSize();
        state.log().round(step, epoch + 1, round + 1, stage, measured.loss(), measured.terms(), rate, images, seconds);
        progress.round(where, images, measured.loss(), rate, round == plan.rounds() - 1);
    }

    /** Measures where it is time to, after the given number of epochs, and remembers the best. */
    private void validate(final int epochs) {
        final boolean last = epochs == settings.epochs();
        // Two-step training is measured when it has its codebooks.
        if (validation.isEmpty()
                || (last && settings.jointEpochs() == 0)
                || (!last && epochs % settings.run().validation().everyEpochs() != 0)) {
            return;
        }
        final boolean joint = epochs > settings.semanticEpochs();
        final ComputationGraph graph = state.average().of(state.graph());
        final ValidationScores scores = measure(validation.get(), graph, joint);
        if (!joint) {
            state.standing(state.standing().measured(scores));
            return;
        }
        if (settings.run().validation().keepBest() && state.standing().isBetter(scores)) {
            state.best(NetworkZip.write(graph, true));
        }
        state.standing(state.standing().judged(scores));
    }

    private ValidationScores measure(final Validation by, final ComputationGraph graph, final boolean joint) {
        return measure(by, graph, joint ? Stage.JOINT : Stage.SEMANTIC);
    }

    private ValidationScores measure(final Validation by, final ComputationGraph graph, final String stage) {
        final int epochs = state.standing().epoch();
        spark.sc().setJobDescription("dpq train: validate after epoch " + epochs);
        final long began = System.nanoTime();
        final ValidationScores scores = by.measure(graph, !stage.equals(Stage.SEMANTIC));
        final double seconds = (System.nanoTime() - began) / NANOS;
        state.log().validation(state.standing().step(), epochs, stage, scores, seconds);
        progress.say("validation after epoch " + epochs + ": " + scores.words());
        return scores;
    }
}

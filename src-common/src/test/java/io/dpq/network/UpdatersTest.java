package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.network.NetworkSpec.OptimizerSpec.Kind;
import io.dpq.network.NetworkSpec.OptimizerSpec.Schedule;
import java.util.ArrayList;
import java.util.Optional;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.regularization.WeightDecay;

class UpdatersTest {
    @ParameterizedTest
    @CsvSource({
        // Warm-up rises linearly to the base and never starts at zero.
        "COSINE, 0, 0.2",
        "COSINE, 1, 0.4",
        "COSINE, 4, 1",
        "COSINE, 5, 1",
        // Half way between the end of the warm-up and the last step, at the end, and beyond it.
        "COSINE, 15, 0.5",
        "COSINE, 25, 0",
        "COSINE, 99, 0",
        "CONSTANT, 0, 0.2",
        "CONSTANT, 99, 1",
        "STEP, 9, 1",
        "STEP, 10, 0.5",
        "STEP, 29, 0.25"
    })
    void schedulesFollowTheirShape(final Schedule shape, final int step, final double expected) {
        final RateSchedule schedule = new RateSchedule(shape, 3, 25, 5, 0.5, 10);

        assertThat(schedule.valueAt(step, 0)).isCloseTo(3 * expected, within(1e-12));
    }

    private static ComputationGraph graph() {
        final NetworkSpec plain = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);
        return DpqNetwork.build(Specs.with(
                plain,
                new NetworkSpec.OptimizerSpec(
                        Kind.NESTEROVS, 0.1, 0.8, 0.01, 1, 0.5, 2, 1, 0.003, Schedule.STEP, 0, 0.5, 10)));
    }

    @Test
    void weightsBiasesAndCodebooksHaveTheirOwnRates() {
        final ComputationGraph graph = graph();
        final TrainingConfig embedding = graph.getLayer(DpqNetwork.EMBEDDING).getConfig();
        final Nesterovs weights = (Nesterovs) embedding.getUpdaterByParam("W");

        assertThat(weights.getMomentum()).isEqualTo(0.8);
        assertThat(weights.getLearningRate(0, 0)).isCloseTo(0.1, within(1e-12));
        assertThat(weights.getLearningRate(10, 0)).isCloseTo(0.05, within(1e-12));
        assertThat(embedding.getUpdaterByParam("b").getLearningRate(0, 0)).isCloseTo(0.2, within(1e-12));
        // A backbone that was not trained before is as new as the rest.
        assertThat(graph.getLayer("conv1").getConfig().getUpdaterByParam("W").getLearningRate(0, 0))
                .isCloseTo(0.1, within(1e-12));
        final Adam codebook = (Adam) graph.getLayer("level_1").getConfig().getUpdaterByParam("C");
        assertThat(codebook.getLearningRate(0, 0)).isCloseTo(0.003, within(1e-12));
        assertThat(codebook.getLearningRate(10, 0)).isCloseTo(0.0015, within(1e-12));
    }

    @Test
    void theFiveRolesHaveTheirOwnRates() {
        final NetworkSpec plain = Specs.of(NetworkSpec.Backbone.SQUEEZENET, 47, 6);
        final NetworkSpec spec = Specs.with(
                Specs.with(
                        plain, Specs.backbone(plain.backbone().kind(), Optional.of("a.h5"), Optional.empty(), true, 0)),
                new NetworkSpec.OptimizerSpec(
                        Kind.MOMENTUM, 1e-3, 0.9, 0, 10, 0.5, 2, 3, 1e-4, Schedule.CONSTANT, 0, 1, 1));
        final ComputationGraph graph =
                new ComputationGraph(DpqNetwork.configuration(spec, DataType.FLOAT, new ArrayList<>()));
        graph.init();

        assertThat(rate(graph, "conv1", "W")).isCloseTo(5e-4, within(1e-15));
        assertThat(rate(graph, "conv1", "b")).isCloseTo(1.5e-3, within(1e-15));
        assertThat(rate(graph, DpqNetwork.EMBEDDING, "W")).isCloseTo(1e-2, within(1e-15));
        assertThat(rate(graph, DpqNetwork.EMBEDDING, "b")).isCloseTo(2e-2, within(1e-15));
        assertThat(rate(graph, DpqNetwork.CLASSIFICATION, "W")).isCloseTo(1e-2, within(1e-15));
        assertThat(rate(graph, "features_bn", "gamma")).isCloseTo(1e-2, within(1e-15));
        assertThat(rate(graph, "level_1", "C")).isCloseTo(1e-4, within(1e-15));
    }

    private static double rate(final ComputationGraph graph, final String layer, final String parameter) {
        return graph.getLayer(layer).getConfig().getUpdaterByParam(parameter).getLearningRate(0, 0);
    }

    @Test
    void classicalMomentumStepsAsItsFormulaSays() {
        final Momentum momentum = new Momentum(new RateSchedule(Schedule.STEP, 0.1, 9, 0, 0.5, 2), 0.9);
        final INDArray state = Nd4j.createFromArray(5f, 5f);
        final MomentumUpdater updater = momentum.instantiate(state, true);
        final double[] gradients = {1, -2, 0.5};
        double velocity = 0;
        for (int step = 0; step < gradients.length; step++) {
            final INDArray gradient = Nd4j.createFromArray((float) gradients[step], 0f);
            updater.applyUpdater(gradient, step, 0);
            velocity = 0.9 * velocity + gradients[step];
            assertThat(gradient.getDouble(0)).isCloseTo((step < 2 ? 0.1 : 0.05) * velocity, within(1e-6));
            assertThat(gradient.getDouble(1)).isZero();
        }
        assertThat(state.getDouble(0)).as("the state is kept in the view").isCloseTo(velocity, within(1e-6));
        assertThat(updater.getState()).containsOnlyKeys("V");
    }

    @Test
    void aNetworkUnderMomentumSurvivesItsZipFileAndGoesOnAlike() {
        final NetworkSpec spec = Specs.with(
                Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6),
                new NetworkSpec.OptimizerSpec(Kind.MOMENTUM, 1e-2, 0.9, 0, 1, 1, 1, 1, 1e-3, Schedule.COSINE, 2, 1, 1));
        final MultiDataSet batch = Specs.batch(Specs.images(6, 8, 3), new int[][] {{0}, {1}, {2}, {0}, {1}, {2}}, spec);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final double before = graph.score(batch, true);
        for (int i = 0; i < 20; i++) {
            graph.fit(batch);
        }
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());

        graph.fit(batch);
        restored.fit(batch);

        assertThat(restored.params()).isEqualTo(graph.params());
        assertThat(graph.score(batch, true)).isLessThan(before);
    }

    @Test
    void codebooksTakeStepsOfTheScheduledLengthFromTheFirstJointStepOn() {
        final int semantic = 12;
        final NetworkSpec spec = Specs.jointFrom(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6), semantic);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = Specs.batch(Specs.images(6, 8, 3), new int[][] {{0}, {1}, {2}, {0}, {1}, {2}}, spec);
        DpqNetwork.setLossWeights(graph, spec.loss().semanticOnly());
        for (int i = 0; i < semantic; i++) {
            graph.fit(batch);
        }
        DpqNetwork.setLossWeights(graph, spec.loss());
        final INDArray before = graph.getLayer("level_1").getParam("C").dup();

        graph.fit(batch);

        // Adam's first step moves every value that has a gradient by the rate, whatever the gradient.
        final double step =
                graph.getLayer("level_1").getParam("C").sub(before).amaxNumber().doubleValue();
        assertThat(step).isCloseTo(spec.optimizer().codebookLearningRate(), within(2e-4));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whatLearnsOnlyInTheJointStageDoesNotShrinkBefore(final Kind kind) {
        final int semantic = 5;
        final NetworkSpec plain = Specs.jointFrom(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6), semantic);
        final NetworkSpec spec = Specs.with(
                Specs.with(plain, new NetworkSpec.LossWeights(1, 1, 0.5, 0, 1, 1, 0.1), false),
                new NetworkSpec.OptimizerSpec(kind, 1e-2, 0.9, 0.5, 1, 1, 1, 1, 1e-3, Schedule.CONSTANT, 0, 1, 1));
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = Specs.batch(Specs.images(6, 8, 3), new int[][] {{0}, {1}, {2}, {0}, {1}, {2}}, spec);
        final INDArray prefix = graph.getLayer("prefix_2").getParam("W").dup();
        final INDArray embedding =
                graph.getLayer(DpqNetwork.EMBEDDING).getParam("W").dup();
        DpqNetwork.setLossWeights(graph, spec.loss().semanticOnly());
        for (int i = 0; i < semantic; i++) {
            graph.fit(batch);
        }
        assertThat(graph.getLayer("prefix_2").getParam("W")).isEqualTo(prefix);
        assertThat(graph.getLayer(DpqNetwork.EMBEDDING).getParam("W")).isNotEqualTo(embedding);
        DpqNetwork.setLossWeights(graph, spec.loss());
        graph.fit(batch);
        assertThat(graph.getLayer("prefix_2").getParam("W")).isNotEqualTo(prefix);
    }

    @Test
    void theJointScheduleKeepsThePlainRateWhereThereIsNoSemanticStage() {
        final RateSchedule plain = new RateSchedule(Schedule.COSINE, 3, 25, 5, 0.5, 10);
        for (int step = 0; step < 30; step++) {
            assertThat(new JointSchedule(plain, 0).valueAt(step, 0)).isEqualTo(plain.valueAt(step, 0));
        }
    }

    @Test
    void weightDecayReachesWeightsOnly() {
        final ComputationGraph graph = graph();

        assertThat(graph.getLayer("conv1").getConfig().getRegularizationByParam("W"))
                .singleElement()
                .isEqualTo(new WeightDecay(0.01, true));
        assertThat(graph.getLayer(DpqNetwork.EMBEDDING).getConfig().getRegularizationByParam("W"))
                .singleElement()
                .isEqualTo(new WeightDecay(0.01, true));
        assertThat(graph.getLayer(DpqNetwork.EMBEDDING).getConfig().getRegularizationByParam("b"))
                .isNullOrEmpty();
        assertThat(graph.getLayer("level_1").getConfig().getRegularizationByParam("C"))
                .isNullOrEmpty();
        assertThat(graph.getLayer("conv1_bn").getConfig().getRegularizationByParam("gamma"))
                .isNullOrEmpty();
    }
}

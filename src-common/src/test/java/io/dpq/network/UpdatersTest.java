package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.network.NetworkSpec.OptimizerSpec.Kind;
import io.dpq.network.NetworkSpec.OptimizerSpec.Schedule;
import java.util.Optional;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
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
        return DpqNetwork.build(new NetworkSpec(
                3,
                8,
                plain.backbone(),
                4,
                Optional.empty(),
                true,
                Optional.empty(),
                0,
                6,
                2,
                4,
                plain.similarity(),
                4,
                plain.gradient(),
                plain.loss(),
                plain.labelVectors(),
                new NetworkSpec.OptimizerSpec(Kind.NESTEROVS, 0.1, 0.8, 0.01, 0.5, 2, 0.003, Schedule.STEP, 0, 0.5, 10),
                100,
                0,
                7,
                false));
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

    @Test
    void theCodebookScheduleKeepsThePlainRateWhereThereIsNoSemanticStage() {
        final RateSchedule plain = new RateSchedule(Schedule.COSINE, 3, 25, 5, 0.5, 10);
        for (int step = 0; step < 30; step++) {
            assertThat(new CodebookSchedule(plain, 0).valueAt(step, 0)).isEqualTo(plain.valueAt(step, 0));
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

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.DpqConfig;
import io.dpq.network.DpqNetwork;
import io.dpq.quantizer.Codebooks;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;

class WeightAverageTest {
    private static ComputationGraph graph() {
        final TrainSettings settings = TrainSettings.from(DpqConfig.load(
                null,
                List.of(
                        "seed=1",
                        "model.path=m",
                        "train.lake.path=l",
                        "image.resize=16",
                        "image.crop=12",
                        "backbone.kind=simple-cnn",
                        "backbone.width=2",
                        "embedding.dimensions=4",
                        "quantization.levels=2",
                        "quantization.codewords=4")));
        return DpqNetwork.build(settings.spec(LabelVectors.orthonormal(3, 4, 1), 1, Optional.empty(), false));
    }

    @Test
    void isTheExponentialMeanOverRounds() {
        final ComputationGraph graph = graph();
        final WeightAverage average = new WeightAverage(0.75);
        assertThat(average.bytes()).isEmpty();
        final INDArray first = graph.params().dup();
        average.add(graph);
        graph.params().addi(1);
        average.add(graph);
        graph.params().addi(2);
        average.add(graph);
        final ComputationGraph mean = average.of(graph);
        // 0.75 · (0.75 · w + 0.25 · (w + 1)) + 0.25 · (w + 3) = w + 0.9375.
        assertThat(mean.params().sub(first).sub(0.9375).amaxNumber().doubleValue())
                .isLessThan(1e-6);
        assertThat(graph.params().sub(first).sub(3).amaxNumber().doubleValue()).isLessThan(1e-6);

        final WeightAverage restored =
                WeightAverage.restore(0.75, average.bytes().orElseThrow());
        assertThat(restored.of(graph).params()).isEqualTo(mean.params());
        graph.params().subi(5);
        average.add(graph);
        restored.add(graph);
        assertThat(restored.of(graph).params()).isEqualTo(average.of(graph).params());
    }

    @Test
    void codebooksThatAreReplacedBeginAnew() {
        final ComputationGraph graph = graph();
        final WeightAverage average = new WeightAverage(0.5);
        average.add(graph);
        final float[] values = new float[2 * 4 * 4];
        java.util.Arrays.fill(values, 0.25f);
        final Codebooks codebooks = new Codebooks(2, 4, 4, values);
        DpqNetwork.setCodebooks(graph, codebooks);
        average.restartCodebooks(graph, codebooks);
        assertThat(DpqNetwork.codebooks(average.of(graph))).isEqualTo(codebooks);
        graph.params().addi(1);
        average.add(graph);
        assertThat(DpqNetwork.codebooks(average.of(graph)).values()[0]).isCloseTo(0.75f, within(1e-6f));
    }

    @Test
    void withoutDecayTheGraphStandsForItself() {
        final ComputationGraph graph = graph();
        final WeightAverage none = new WeightAverage(0);
        none.add(graph);
        assertThat(none.of(graph)).isSameAs(graph);
        assertThat(none.bytes()).isEmpty();
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

class LossTermsTest {
    private static final NetworkSpec SPEC = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 12, 6);

    /** Deeplearning4j's own loss with all weights but one at zero. */
    private static double alone(
            final ComputationGraph graph, final MultiDataSet batch, final NetworkSpec.LossWeights weights) {
        DpqNetwork.setLossWeights(graph, weights);
        return graph.score(batch, false);
    }

    @Test
    void eachTermIsTheLossWithTheOthersLeftOut() {
        final ComputationGraph graph = DpqNetwork.build(SPEC);
        final MultiDataSet batch = Specs.batch(Specs.images(5, 12, 3), new int[][] {{0}, {1}, {2}, {}, {1}}, SPEC);
        final double margin = alone(graph, batch, new NetworkSpec.LossWeights(2, 0, 0, 0, 0));
        final double classification = alone(graph, batch, new NetworkSpec.LossWeights(0, 0.3, 0, 0, 0));
        final double soft = alone(graph, batch, new NetworkSpec.LossWeights(0, 0, 0.5, 0, 0));
        final double hard = alone(graph, batch, new NetworkSpec.LossWeights(0, 0, 0.5, 3, 0)) - soft;
        final double match = alone(graph, batch, new NetworkSpec.LossWeights(0, 0, 0.5, 0, 0.7)) - soft;
        final double retrieval = alone(graph, batch, new NetworkSpec.LossWeights(0, 0, 0, 0, 0, 0, 0, 0.8, 0.4, 5));
        DpqNetwork.setLossWeights(graph, new NetworkSpec.LossWeights(2, 0.3, 0, 0, 0.5, 3, 0.7, 0.8, 0.4, 5));
        final INDArray before = graph.params().dup();
        final LossTerms terms = LossTerms.of(graph, batch);
        assertThat(terms.margin()).isPositive().isEqualTo(margin, within(1e-5));
        assertThat(terms.classification()).isPositive().isEqualTo(classification, within(1e-5));
        assertThat(terms.soft()).isPositive().isEqualTo(soft, within(1e-5));
        assertThat(terms.hard()).isPositive().isEqualTo(hard, within(1e-5));
        assertThat(terms.match()).isPositive().isEqualTo(match, within(1e-5));
        assertThat(terms.retrieval()).isPositive().isEqualTo(retrieval, within(1e-5));
        assertThat(graph.params()).isEqualTo(before);
        DpqNetwork.setLossWeights(graph, SPEC.loss().semanticOnly());
        assertThat(LossTerms.of(graph, batch).soft()).isZero();
    }
}

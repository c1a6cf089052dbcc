package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.junit.jupiter.api.Test;

class OneDnnTest {
    @Test
    void aConvolutionIsReallyComputedByOneDnn() {
        final ComputationGraph graph = DpqNetwork.build(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 4));

        assertThat(OneDnn.enabled()).isTrue();
        assertThat(graph.getLayer("conv1").getHelper()).isInstanceOf(MKLDNNConvHelper.class);
        assertThat(OneDnn.active(graph.getLayer("conv1"))).isTrue();
        assertThat(OneDnn.active(graph.getLayer("features"))).isFalse();
    }
}

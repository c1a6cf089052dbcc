package io.dpq.train;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;

/** The learning rate of a graph, for progress lines. */
final class LearningRate {
    private LearningRate() {}

    /** The largest rate that any layer takes at the present iteration, 0 where none has one. */
    static double of(final ComputationGraph graph) {
        double largest = 0;
        for (final Layer layer : graph.getLayers()) {
            final @Nullable Double rate = layer.numParams() > 0
                    ? graph.getLearningRate(layer.conf().getLayer().getLayerName())
                    : null;
            if (rate != null && rate > largest) {
                largest = rate;
            }
        }
        return largest;
    }
}

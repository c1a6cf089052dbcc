package io.dpq.network;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.IUpdater;

/** Adds everything behind the features of a DPQ graph (arXiv 1906.06698). */
final class Heads {
    /** Vertex of level l, counted from 1. */
    static final String LEVEL = "level_";
    /** Classification from the prefix of l levels. */
    static final String PREFIX = "prefix_";

    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final NetworkSpec spec;
    private final Updaters updaters;
    private final List<String> outputs = new ArrayList<>();

    private Heads(
            final ComputationGraphConfiguration.GraphBuilder graph, final NetworkSpec spec, final Updaters updaters) {
        this.graph = graph;
        this.spec = spec;
        this.updaters = updaters;
    }

    /** Adds dropout, embedding, levels and losses behind the vertex {@code features}. */
    static void add(
            final ComputationGraphConfiguration.GraphBuilder graph,
            final NetworkSpec spec,
            final Updaters updaters,
            final String features) {
        new Heads(graph, spec, updaters).add(features);
    }

    private void add(final String features) {
        final boolean identity = spec.embedding().kind() == NetworkSpec.EmbeddingKind.IDENTITY;
        final String dropped = spec.classes() == 0 && identity ? features : dropout(features);
        if (spec.classes() > 0) {
            classification(
                    DpqNetwork.CLASSIFICATION,
                    spec.loss().classification(),
                    updaters.head(),
                    updaters.headBias(),
                    dropped);
        }
        embedding(features, dropped);
        final List<String> states = new ArrayList<>(List.of(DpqNetwork.EMBEDDING));
        for (int level = 1; level <= spec.quantization().levels(); level++) {
            final String name = LEVEL + level;
            graph.addLayer(
                    name, new QuantizationBlock(spec, level == 1, updaters.codebooks()), states.get(states.size() - 1));
            states.add(name);
        }
        graph.addVertex("states", new MergeVertex(), states.toArray(new String[0]));
        graph.addLayer(DpqNetwork.QUANTIZATION, new LossLayer.Builder(QuantizationLoss.of(spec)).build(), "states");
        outputs.add(DpqNetwork.QUANTIZATION);
        if (spec.loss().prefixClassification() != 0) {
            prefixes();
        }
        graph.setOutputs(outputs.toArray(new String[0]));
    }

    private String dropout(final String features) {
        if (spec.backbone().dropout() == 0) {
            return features;
        }
        graph.addLayer("dropout", new DropoutLayer(1 - spec.backbone().dropout()), features);
        return "dropout";
    }

    /** What is quantized as it is must not lose values at random. */
    private void embedding(final String features, final String dropped) {
        final NetworkSpec.EmbeddingKind kind = spec.embedding().kind();
        if (kind == NetworkSpec.EmbeddingKind.IDENTITY) {
            graph.addLayer(DpqNetwork.EMBEDDING, new ActivationLayer(Activation.IDENTITY), features);
            return;
        }
        graph.addLayer(
                DpqNetwork.EMBEDDING,
                new DenseLayer.Builder()
                        .nOut(spec.embedding().dimensions())
                        .weightInit(WeightInit.XAVIER)
                        .activation(kind == NetworkSpec.EmbeddingKind.TANH ? Activation.TANH : Activation.IDENTITY)
                        .updater(updaters.head())
                        .biasUpdater(updaters.headBias())
                        .weightDecay(spec.optimizer().weightDecay())
                        .build(),
                dropped);
    }

    /** A head for each quantized prefix, so that every one of them learns to tell classes apart. */
    private void prefixes() {
        for (int level = 1; level <= spec.quantization().levels(); level++) {
            final String prefix = "quantized_" + level;
            graph.addVertex(
                    prefix, new StraightThrough(spec.embedding().dimensions()), DpqNetwork.EMBEDDING, LEVEL + level);
            classification(
                    PREFIX + level,
                    spec.loss().prefixClassification(),
                    updaters.jointHead(),
                    updaters.jointHeadBias(),
                    prefix);
        }
    }

    private void classification(
            final String name,
            final double weight,
            final IUpdater updater,
            final IUpdater biasUpdater,
            final String input) {
        graph.addLayer(
                name,
                new OutputLayer.Builder(new ClassificationLoss(
                                weight, spec.severalLabels(), spec.loss().labelSmoothing()))
                        .nOut(spec.classes())
                        .weightInit(WeightInit.XAVIER)
                        .activation(spec.severalLabels() ? Activation.SIGMOID : Activation.SOFTMAX)
                        .updater(updater)
                        .biasUpdater(biasUpdater)
                        .weightDecay(spec.optimizer().weightDecay())
                        .build(),
                input);
        outputs.add(name);
    }
}

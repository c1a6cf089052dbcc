package io.dpq.network;

import io.dpq.config.UserException;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Backbones whose layers or weights come from a file. Stateless. */
final class BackboneFiles {
    private BackboneFiles() {}

    /** Adds the layers of a file behind {@code input} and returns the vertex that yields features [N, F]. */
    static String add(final NetworkSpec spec, final GraphAssembly graph, final String input) {
        if (spec.input().vectors()) {
            return input;
        }
        if (isStandIn(spec)) {
            // Only the other keys are checked then: the file is fetched later, and what it holds decides the layers.
            graph.thaw();
            return graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), input);
        }
        final String file = spec.backbone().weights().get();
        if (spec.backbone().kind() == NetworkSpec.Backbone.DL4J) {
            return ZipBackbone.read(file, spec.backbone().featureLayer())
                    .add(graph, input, spec.input().size());
        }
        try (KerasFile keras = KerasFile.open(file)) {
            return KerasLayers.add(
                    KerasGraph.layers(keras, spec.backbone().featureLayer()),
                    graph,
                    input,
                    spec.input().size());
        }
    }

    /** Whether the file that describes the backbone is not at hand, so that something else stands in for it. */
    static boolean isStandIn(final NetworkSpec spec) {
        return spec.backbone().kind().fromFile()
                && spec.backbone().weights().isEmpty()
                && !spec.input().vectors();
    }

    /** Fills the backbone's layers from the spec's file, if it names one. */
    static void load(final NetworkSpec spec, final ComputationGraph graph, final List<String> layers) {
        spec.backbone().weights().ifPresent(file -> {
            switch (spec.backbone().kind()) {
                case KERAS -> {
                    try (KerasFile keras = KerasFile.open(file)) {
                        new KerasWeights(graph)
                                .load(
                                        keras,
                                        KerasGraph.layers(keras, spec.backbone().featureLayer()));
                    }
                    tryOut(graph, spec, file);
                }
                case DL4J -> {
                    ZipBackbone.read(file, spec.backbone().featureLayer()).load(graph);
                    tryOut(graph, spec, file);
                }
                default -> PretrainedWeights.load(graph, layers, file);
            }
        });
    }

    /** Whatever could fail on the first image or in the export must fail before the training and not after it. */
    private static void tryOut(final ComputationGraph graph, final NetworkSpec spec, final String file) {
        try {
            DpqNetwork.embed(
                    graph,
                    Nd4j.zeros(
                            DataType.FLOAT,
                            1,
                            3,
                            spec.input().size(),
                            spec.input().size()));
        } catch (final RuntimeException e) {
            throw UserException.data(
                    "The network in " + file + " does not take images of "
                            + spec.input().size() + " pixels, so set image.crop to the side it was made for.",
                    e);
        }
        try {
            EncoderExport.toOnnx(graph);
        } catch (final IllegalStateException e) {
            throw UserException.data(
                    "The network in " + file + " could be trained but not exported (" + e.getMessage()
                            + "), so choose a backbone.feature-layer before that layer or another file.",
                    e);
        }
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Similarity;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class PrefixClassificationTest {
    private static final int LENGTH = 5;
    private static final int DIMENSIONS = 4;
    private static final int[][] LABELS = {{0}, {2}, {0, 1}, {}, {1}};
    private static final double STEP = 1e-6;
    private static final NetworkSpec.LossWeights ALL = new NetworkSpec.LossWeights(1, 0.5, 0.8, 0.1, 1, 1, 0.1);

    private static NetworkSpec spec(final NetworkSpec.LossWeights loss, final boolean several) {
        return Specs.with(
                Specs.vectors(
                        LENGTH, new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.LINEAR, DIMENSIONS), true),
                loss,
                several);
    }

    private static NetworkSpec images() {
        return Specs.with(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6), ALL, false);
    }

    private static float[] bright(final int count) {
        final float[] images = Specs.images(count, 8, 3);
        final int pixels = images.length / count;
        for (int i = 0; i < images.length; i++) {
            images[i] = images[i] * 0.1f + (i / pixels % 3 - 1) * (i / (pixels / 3) % 3 == 0 ? 1 : -1);
        }
        return images;
    }

    private static MultiDataSet batch(final NetworkSpec spec) {
        final int[][] labels = new int[24][1];
        for (int i = 0; i < labels.length; i++) {
            labels[i][0] = i % 3;
        }
        return Specs.batch(bright(labels.length), labels, spec);
    }

    @Test
    void withoutWeightThereAreNoSuchHeads() {
        final NetworkSpec plain = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);
        final ComputationGraph graph = DpqNetwork.build(plain);

        assertThat(graph.getConfiguration().getNetworkOutputs())
                .containsExactly(DpqNetwork.CLASSIFICATION, DpqNetwork.QUANTIZATION);
        assertThat(graph.getConfiguration().getVertices().keySet())
                .noneMatch(name -> name.startsWith("prefix") || name.startsWith("quantized"));
        assertThat(DpqNetwork.outputs(plain)).isEqualTo(2);
    }

    @Test
    void everyPrefixLearnsToTellClassesApart() {
        final NetworkSpec spec = images();
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = batch(spec);
        assertThat(batch.getLabels()).hasSize(DpqNetwork.outputs(spec)).hasSize(4);
        for (int i = 0; i < 60; i++) {
            graph.fit(batch);
        }

        final int[] wanted = batch.getLabels(0).argMax(1).toIntVector();
        final INDArray[] outputs = graph.output(batch.getFeatures(0));
        assertThat(outputs[2].argMax(1).toIntVector()).containsExactly(wanted);
        assertThat(outputs[3].argMax(1).toIntVector()).containsExactly(wanted);
    }

    /** Held choices, and H + x − x₀ for H: what the straight-through gradient is the gradient of, in plain arithmetic. */
    @ParameterizedTest
    @CsvSource({"false, END_TO_END", "true, END_TO_END", "false, CODEBOOKS_ONLY"})
    void theGradientOfTheEmbeddingIsThatOfTheSurrogate(final boolean several, final NetworkSpec.GradientMode mode) {
        final NetworkSpec spec = mode(spec(new NetworkSpec.LossWeights(0, 0, 0.8, 0.1, 0, 0, 0), several), mode);
        final ComputationGraph graph = doubles(spec);
        final INDArray features =
                Nd4j.createFromArray(Specs.gaussian(LABELS.length, LENGTH, 29)).castTo(DataType.DOUBLE);
        final double[] gradient = analytic(graph, features, spec);
        final Map<String, INDArray> activations = graph.feedForward(new INDArray[] {features}, false);
        final INDArray weights = graph.getLayer(DpqNetwork.EMBEDDING).getParam("W");
        final INDArray bias = graph.getLayer(DpqNetwork.EMBEDDING).getParam("b");
        final INDArray start = activations.get(DpqNetwork.EMBEDDING).dup();
        final int offset = offset(graph, DpqNetwork.EMBEDDING);
        double largest = 0;
        for (int i = 0; i < weights.length() + bias.length(); i++) {
            final double[] scores = new double[2];
            final double value = graph.params().getDouble(offset + i);
            for (int side = 0; side < 2; side++) {
                graph.params().putScalar(offset + i, value + (2 * side - 1) * STEP);
                final INDArray x = features.mmul(weights).addiRowVector(bias);
                for (int level = 1; level <= 2; level++) {
                    final INDArray prefix =
                            activations.get("quantized_" + level).add(x).subi(start);
                    final INDArray logits = prefix.mmul(
                                    graph.getLayer(Heads.PREFIX + level).getParam("W"))
                            .addiRowVector(graph.getLayer(Heads.PREFIX + level).getParam("b"));
                    scores[side] += new ClassificationLoss(0.8, several, 0.1)
                            .computeScore(multiHot(), logits, null, null, true);
                }
            }
            graph.params().putScalar(offset + i, value);
            final double expected = (scores[1] - scores[0]) / (2 * STEP);
            largest = Math.max(largest, Math.abs(expected));
            assertThat(gradient[offset + i]).isCloseTo(expected, within(1e-5 * Math.max(1e-3, Math.abs(expected))));
        }
        assertThat(largest).isGreaterThan(1e-2);
    }

    @ParameterizedTest
    @CsvSource({"false, END_TO_END", "true, END_TO_END", "false, CODEBOOKS_ONLY"})
    void codewordsAndHeadsHaveTheGradientOfTheScore(final boolean several, final NetworkSpec.GradientMode mode) {
        final NetworkSpec spec = mode(spec(ALL, several), mode);
        final ComputationGraph graph = doubles(spec);
        final INDArray features =
                Nd4j.createFromArray(Specs.gaussian(LABELS.length, LENGTH, 29)).castTo(DataType.DOUBLE);
        final double[] gradient = analytic(graph, features, spec);
        for (final String layer : List.of("level_1", "level_2", "prefix_1", "prefix_2")) {
            final int offset = offset(graph, layer);
            double largest = 0;
            for (int i = 0; i < graph.getLayer(layer).numParams(); i++) {
                final double value = graph.params().getDouble(offset + i);
                graph.params().putScalar(offset + i, value + STEP);
                final double above = score(graph, features, spec);
                graph.params().putScalar(offset + i, value - STEP);
                final double below = score(graph, features, spec);
                graph.params().putScalar(offset + i, value);
                final double expected = (above - below) / (2 * STEP);
                largest = Math.max(largest, Math.abs(expected));
                assertThat(gradient[offset + i])
                        .as("%s %d", layer, i)
                        .isCloseTo(expected, within(1e-5 * Math.max(1e-3, Math.abs(expected))));
            }
            assertThat(largest).as(layer).isGreaterThan(1e-3);
        }
    }

    @Test
    void theSemanticStageSwitchesThemOffInEveryCopy() {
        final NetworkSpec spec = images();
        final ComputationGraph graph = DpqNetwork.build(spec);
        final double joint = graph.score(batch(spec), false);
        DpqNetwork.setLossWeights(graph, ALL.semanticOnly());

        for (final ComputationGraph copy : copies(graph)) {
            final INDArray heads = copy.getLayer("prefix_1").getParam("W").dup();
            final Codebooks codebooks = DpqNetwork.codebooks(copy);
            assertThat(copy.score(batch(spec), false)).isLessThan(joint * 0.999);
            copy.fit(batch(spec));
            assertThat(copy.getLayer("prefix_1").getParam("W")).isEqualTo(heads);
            assertThat(DpqNetwork.codebooks(copy)).isEqualTo(codebooks);

            DpqNetwork.setLossWeights(copy, ALL);
            copy.fit(batch(spec));
            assertThat(copy.getLayer("prefix_1").getParam("W")).isNotEqualTo(heads);
        }
        DpqNetwork.setLossWeights(graph, ALL);
        for (final ComputationGraph copy : copies(graph)) {
            assertThat(copy.score(batch(spec), false)).isCloseTo(joint, within(1e-5));
        }
    }

    private static List<ComputationGraph> copies(final ComputationGraph graph) {
        final ComputationGraph fromJson = new ComputationGraph(
                ComputationGraphConfiguration.fromJson(graph.getConfiguration().toJson()));
        fromJson.init(graph.params().dup(), false);
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());
        return List.of(graph.clone(), fromJson, restored);
    }

    @Test
    void theirFirstJointStepIsOfTheScheduledLength() {
        final NetworkSpec spec = Specs.jointFrom(images(), 12);
        final ComputationGraph graph = DpqNetwork.build(spec);
        DpqNetwork.setLossWeights(graph, ALL.semanticOnly());
        for (int i = 0; i < 12; i++) {
            graph.fit(batch(spec));
        }
        DpqNetwork.setLossWeights(graph, ALL);
        final INDArray before = graph.getLayer("prefix_2").getParam("b").dup();

        graph.fit(batch(spec));

        final double step = graph.getLayer("prefix_2")
                .getParam("b")
                .sub(before)
                .amaxNumber()
                .doubleValue();
        assertThat(step).isCloseTo(spec.optimizer().learningRate(), within(2e-4));
    }

    @Test
    void codebooksAreReplacedAndTheExportKnowsNothingOfTheHeads() {
        final NetworkSpec spec = images();
        final ComputationGraph graph = DpqNetwork.build(spec);
        final Codebooks wanted = new Codebooks(2, 4, 6, Specs.gaussian(1, 48, 9)[0]);
        DpqNetwork.setCodebooks(graph, wanted);
        assertThat(DpqNetwork.codebooks(graph)).isEqualTo(wanted);

        final byte[] onnx = EncoderExport.toOnnx(graph);
        assertThat(ExportParity.of(graph, onnx, spec.input(), 1)).isLessThan(1e-4);
        assertThat(new String(onnx, StandardCharsets.ISO_8859_1))
                .contains("embedding")
                .doesNotContain("prefix_")
                .doesNotContain("quantized_");
        try (NetworkEmbedder embedder = new NetworkEmbedder(NetworkZip.write(graph, false), spec.input())) {
            assertThat(embedder.embed(bright(3), 3)).hasSize(18);
        }
    }

    private static NetworkSpec mode(final NetworkSpec spec, final NetworkSpec.GradientMode mode) {
        return new NetworkSpec(
                spec.classes(),
                spec.input(),
                Specs.backbone(
                        NetworkSpec.Backbone.NONE,
                        spec.backbone().weights(),
                        spec.backbone().frozenUpTo(),
                        false,
                        0),
                spec.embedding(),
                new NetworkSpec.QuantizationSpec(2, 4, Similarity.L2, 1.5, mode),
                spec.loss(),
                spec.labelVectors(),
                spec.optimizer(),
                100,
                0,
                7,
                spec.severalLabels());
    }

    private static ComputationGraph doubles(final NetworkSpec spec) {
        final ComputationGraph graph =
                new ComputationGraph(DpqNetwork.configuration(spec, DataType.DOUBLE, new ArrayList<>()));
        graph.init();
        final Random random = new Random(23);
        for (int i = 0; i < graph.numParams(); i++) {
            graph.params().putScalar(i, 0.6 * random.nextGaussian());
        }
        return graph;
    }

    private static INDArray multiHot() {
        final INDArray multiHot = Nd4j.zeros(DataType.DOUBLE, LABELS.length, 3);
        for (int i = 0; i < LABELS.length; i++) {
            for (final int label : LABELS[i]) {
                multiHot.putScalar(i, label, 1);
            }
        }
        return multiHot;
    }

    private static double[] analytic(final ComputationGraph graph, final INDArray features, final NetworkSpec spec) {
        score(graph, features, spec);
        return graph.getFlattenedGradients().div(LABELS.length).data().asDouble();
    }

    private static double score(final ComputationGraph graph, final INDArray features, final NetworkSpec spec) {
        final INDArray[] labels = new INDArray[DpqNetwork.outputs(spec)];
        Arrays.setAll(labels, i -> multiHot());
        graph.setInputs(features);
        graph.setLabels(labels);
        graph.computeGradientAndScore();
        return graph.score();
    }

    private static int offset(final ComputationGraph graph, final String layer) {
        int offset = 0;
        for (final int index : graph.topologicalSortOrder()) {
            if (graph.getVertices()[index].getVertexName().equals(layer)) {
                return offset;
            }
            offset += (int) graph.getVertices()[index].numParams();
        }
        throw new AssertionError(layer);
    }
}

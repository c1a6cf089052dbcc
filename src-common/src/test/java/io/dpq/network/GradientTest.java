package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.quantizer.Similarity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/** Every gradient of the head against central differences of its score, in double precision. */
class GradientTest {
    private static final int BATCH = 5;
    private static final int FEATURES = 4;
    private static final double STEP = 1e-6;
    private static final int CHECKED = 10;
    private static final NetworkSpec.LossWeights ALL = new NetworkSpec.LossWeights(1, 0.7, 0.9, 1.1, 0.6);
    /** One label, several, none. */
    private static final int[][] LABELS = {{0}, {2}, {0, 1}, {}, {1}};

    private static NetworkSpec spec(
            final int dimensions,
            final int levels,
            final int codewords,
            final Similarity similarity,
            final NetworkSpec.GradientMode gradient,
            final NetworkSpec.LossWeights loss,
            final boolean several) {
        return new NetworkSpec(
                3,
                NetworkSpec.Input.images(8),
                Specs.backbone(NetworkSpec.Backbone.SIMPLE_CNN, Optional.empty(), Optional.empty(), false, 0),
                new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.TANH, dimensions),
                new NetworkSpec.QuantizationSpec(
                        levels, codewords, similarity, similarity == Similarity.L2 ? 1.5 : 3, gradient),
                loss,
                Specs.gaussian(3, dimensions, 11),
                Specs.optimizer(1),
                10,
                0,
                17,
                several);
    }

    /** A dense layer stands for the backbone, so that what flows back behind the embedding is compared too. */
    private static ComputationGraph head(final NetworkSpec spec) {
        final ComputationGraphConfiguration.GraphBuilder builder = new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs(DpqNetwork.INPUT)
                .setInputTypes(InputType.feedForward(FEATURES))
                .addLayer(
                        "features",
                        new DenseLayer.Builder()
                                .nOut(FEATURES)
                                .activation(Activation.TANH)
                                .build(),
                        DpqNetwork.INPUT);
        Heads.add(builder, spec, new Updaters(spec), "features");
        final ComputationGraph graph = new ComputationGraph(builder.build());
        graph.init();
        final Random random = new Random(23);
        for (int i = 0; i < graph.numParams(); i++) {
            graph.params().putScalar(i, 0.6 * random.nextGaussian());
        }
        return graph;
    }

    private static MultiDataSet batch(final int[][] labels, final int outputs) {
        final INDArray multiHot = Nd4j.zeros(DataType.DOUBLE, labels.length, 3);
        for (int i = 0; i < labels.length; i++) {
            for (final int label : labels[i]) {
                multiHot.putScalar(i, label, 1);
            }
        }
        final INDArray features = Nd4j.createFromArray(Specs.gaussian(labels.length, FEATURES, 29))
                .castTo(DataType.DOUBLE);
        final INDArray[] targets = new INDArray[outputs];
        Arrays.setAll(targets, i -> multiHot.dup());
        return new MultiDataSet(new INDArray[] {features}, targets);
    }

    private static double[] analytic(final ComputationGraph graph, final int[][] labels) {
        final MultiDataSet batch = batch(labels, graph.getNumOutputArrays());
        graph.setInputs(batch.getFeatures());
        graph.setLabels(batch.getLabels());
        graph.computeGradientAndScore();
        final double[] gradient = graph.getFlattenedGradients().dup().data().asDouble();
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] /= labels.length;
        }
        return gradient;
    }

    private static double score(final ComputationGraph graph, final int[][] labels) {
        return graph.score(batch(labels, graph.getNumOutputArrays()), true);
    }

    private static double[] numeric(final ComputationGraph graph, final int[][] labels, final List<Integer> at) {
        final INDArray parameters = graph.params();
        final double[] gradient = new double[(int) parameters.length()];
        for (final int i : at) {
            final double value = parameters.getDouble(i);
            parameters.putScalar(i, value + STEP);
            final double above = score(graph, labels);
            parameters.putScalar(i, value - STEP);
            final double below = score(graph, labels);
            parameters.putScalar(i, value);
            gradient[i] = (above - below) / (2 * STEP);
        }
        return gradient;
    }

    private static void compare(
            final double[] gradient, final ComputationGraph graph, final int[][] labels, final String... layers) {
        final List<Integer> at = positions(graph, layers);
        assertClose(gradient, numeric(graph, labels, at), at);
    }

    private static void assertClose(final double[] actual, final double[] expected, final List<Integer> at) {
        assertThat(at).isNotEmpty();
        double largest = 0;
        for (final int i : at) {
            largest = Math.max(largest, Math.abs(expected[i]));
            // The floor is what rounding of the score leaves of a difference quotient.
            assertThat(Math.abs(actual[i] - expected[i]))
                    .as("parameter %d: %s against %s", i, actual[i], expected[i])
                    .isLessThanOrEqualTo(1e-5 * Math.max(1e-4, Math.abs(actual[i]) + Math.abs(expected[i])));
        }
        assertThat(largest).as("a gradient of nothing proves nothing").isGreaterThan(1e-3);
    }

    /** Positions, at most {@link #CHECKED} a layer and evenly spread, of the layers whose name begins so. */
    private static List<Integer> positions(final ComputationGraph graph, final String... prefixes) {
        final List<Integer> positions = new ArrayList<>();
        int offset = 0;
        for (final GraphVertex vertex : topological(graph)) {
            final int length = (int) vertex.numParams();
            for (final String prefix : prefixes) {
                // A step that shares no factor with rows or columns visits them all.
                final int step = Math.max(1, length / CHECKED) | 1;
                for (int i = 0; i < length && vertex.getVertexName().startsWith(prefix); i += step) {
                    positions.add(offset + i);
                }
            }
            offset += length;
        }
        assertThat(offset).isEqualTo((int) graph.numParams());
        return positions;
    }

    private static List<GraphVertex> topological(final ComputationGraph graph) {
        final List<GraphVertex> vertices = new ArrayList<>();
        for (final int index : graph.topologicalSortOrder()) {
            if (graph.getVertices()[index].hasLayer()) {
                vertices.add(graph.getVertices()[index]);
            }
        }
        return vertices;
    }

    @ParameterizedTest
    @CsvSource({
        "3, 1, 2, L2, false",
        "4, 2, 4, L2, false",
        "6, 3, 8, L2, true",
        "3, 1, 2, COSINE, true",
        "4, 2, 4, COSINE, false",
        "6, 3, 8, COSINE, false"
    })
    void endToEndEveryParameterHasTheGradientOfTheScore(
            final int dimensions,
            final int levels,
            final int codewords,
            final Similarity similarity,
            final boolean several) {
        final ComputationGraph graph = head(
                spec(dimensions, levels, codewords, similarity, NetworkSpec.GradientMode.END_TO_END, ALL, several));

        compare(analytic(graph, LABELS), graph, LABELS, "features", "emb", "cl", "level");
    }

    @ParameterizedTest
    @CsvSource({"4, 2, 4, L2", "6, 3, 8, L2", "4, 2, 4, COSINE", "6, 3, 8, COSINE"})
    void codebooksOnlyLeavesTheNetworkToTheSemanticLosses(
            final int dimensions, final int levels, final int codewords, final Similarity similarity) {
        final NetworkSpec.GradientMode mode = NetworkSpec.GradientMode.CODEBOOKS_ONLY;
        final ComputationGraph graph = head(spec(dimensions, levels, codewords, similarity, mode, ALL, false));
        final double[] gradient = analytic(graph, LABELS);
        compare(gradient, graph, LABELS, "level");

        DpqNetwork.setLossWeights(graph, ALL.semanticOnly());
        compare(gradient, graph, LABELS, "features", "emb", "cl");
    }

    @ParameterizedTest
    @CsvSource({"1, 0, 0, 0, 0", "0, 1, 0, 0, 0", "0, 0, 1, 0, 0", "0, 0, 1, 1, 0", "0, 0, 1, 0, 1"})
    void eachTermHasItsOwnGradient(
            final double margin,
            final double classification,
            final double soft,
            final double hard,
            final double match) {
        final ComputationGraph graph = head(spec(
                4,
                2,
                4,
                Similarity.L2,
                NetworkSpec.GradientMode.END_TO_END,
                new NetworkSpec.LossWeights(margin, classification, soft, hard, match),
                false));

        compare(analytic(graph, LABELS), graph, LABELS, "features", "emb", "cl", "level");
    }

    /** Choices of codewords are random, so that a step would cross from one to the other once in a million places. */
    @Property(tries = 16, seed = "20260616")
    void everyShapeHasTheGradientOfTheScore(
            @ForAll @IntRange(min = 2, max = 7) final int dimensions,
            @ForAll @IntRange(min = 1, max = 6) final int levels,
            @ForAll @IntRange(min = 1, max = 8) final int bits,
            @ForAll final Similarity similarity,
            @ForAll final NetworkSpec.GradientMode mode,
            @ForAll final boolean several,
            @ForAll @DoubleRange(min = 0, max = 0.5) final double smoothing) {
        final NetworkSpec.LossWeights loss = new NetworkSpec.LossWeights(1, 0.7, 0.8, smoothing, 0.9, 1.1, 0.6);
        final ComputationGraph graph = head(spec(dimensions, levels, 1 << bits, similarity, mode, loss, several));
        compare(analytic(graph, LABELS), graph, LABELS, "level", "prefix", "cl");

        // Straight-through gradients are of a surrogate, not of the score; another test compares them.
        DpqNetwork.setLossWeights(graph, new NetworkSpec.LossWeights(1, 0.7, 0, smoothing, 0.9, 1.1, 0.6));
        final double[] gradient = analytic(graph, LABELS);
        if (mode == NetworkSpec.GradientMode.CODEBOOKS_ONLY) {
            DpqNetwork.setLossWeights(graph, loss.semanticOnly());
        }
        compare(gradient, graph, LABELS, "features", "emb");
    }

    @Test
    void imagesWithoutLabelsAddNothingToSemanticLosses() {
        final NetworkSpec spec =
                spec(4, 2, 4, Similarity.L2, NetworkSpec.GradientMode.END_TO_END, ALL.semanticOnly(), false);
        final ComputationGraph graph = head(spec);

        assertThat(analytic(graph, new int[BATCH][0])).containsOnly(0);
        assertThat(graph.score()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"L2", "COSINE"})
    void vectorsWithoutLengthGiveNoNaN(final Similarity similarity) {
        final ComputationGraph graph = head(spec(4, 2, 4, similarity, NetworkSpec.GradientMode.END_TO_END, ALL, false));
        graph.getLayer(DpqNetwork.EMBEDDING).getParam("W").assign(0);
        graph.getLayer(DpqNetwork.EMBEDDING).getParam("b").assign(0);
        graph.getLayer("level_1").getParam("C").assign(0);
        graph.getLayer("level_2").getParam("C").getRow(1).assign(0);

        for (final double value : analytic(graph, LABELS)) {
            assertThat(value).isFinite();
        }
        assertThat(graph.score()).isFinite();
    }

    @Test
    void groupsOfChannelsHaveTheGradientOfTheScore() {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.convolutional(3, 3, 2))
                .addLayer("both", convolution(), "in")
                .addVertex("low", new ChannelSubset(0, 1), "both")
                .addVertex("high", new ChannelSubset(2, 3), "both")
                .addLayer("left", convolution(), "low")
                .addLayer("right", convolution(), "high")
                .addVertex("merged", new MergeVertex(), "left", "right")
                .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "merged")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(new ClassificationLoss(1, false, 0))
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "pooled")
                .setOutputs("out")
                .build());
        graph.init();
        final INDArray images = Nd4j.createFromArray(Specs.gaussian(2, 18, 5))
                .castTo(DataType.DOUBLE)
                .reshape(2, 2, 3, 3);
        final INDArray labels = Nd4j.createFromArray(new double[][] {{1, 0, 0}, {0, 0, 1}});
        graph.setInputs(images);
        graph.setLabels(labels);
        graph.computeGradientAndScore();
        final double[] gradient =
                graph.getFlattenedGradients().div(2).dup().data().asDouble();
        final List<Integer> all = new ArrayList<>();
        final double[] expected = new double[gradient.length];
        for (int i = 0; i < expected.length; i += 3) {
            all.add(i);
            final double value = graph.params().getDouble(i);
            final double[] scores = new double[2];
            for (int side = 0; side < 2; side++) {
                graph.params().putScalar(i, value + (2 * side - 1) * STEP);
                graph.setInputs(images);
                graph.setLabels(labels);
                graph.computeGradientAndScore();
                scores[side] = graph.score();
            }
            graph.params().putScalar(i, value);
            expected[i] = (scores[1] - scores[0]) / (2 * STEP);
        }

        assertClose(gradient, expected, all);
    }

    @Test
    void residualBlocksHaveTheGradientOfTheScore() {
        assertGradientsOfResidualBlocks(
                NetworkSpec.Backbone.RESIDUAL_CNN,
                8,
                List.of(
                        "conv1_W",
                        "conv1_bn_gamma",
                        "stage1_block1_conv2_W",
                        "stage2_block1_conv1_W",
                        "stage2_block1_bn1_beta",
                        "stage2_block1_shortcut_W",
                        "stage2_block1_shortcut_bn_gamma",
                        "stage3_block1_bn2_gamma"));
        assertGradientsOfResidualBlocks(
                NetworkSpec.Backbone.RESNET_9,
                16,
                List.of(
                        "conv1_W",
                        "conv2_bn_gamma",
                        "block1_conv1_W",
                        "block1_conv2_bn_beta",
                        "conv3_W",
                        "block2_conv1_bn_gamma",
                        "block2_conv2_W"));
    }

    private static void assertGradientsOfResidualBlocks(
            final NetworkSpec.Backbone backbone, final int side, final List<String> parameters) {
        final NetworkSpec spec =
                Specs.with(Specs.of(backbone, side, 4), new NetworkSpec.LossWeights(1, 0.7, 0, 0, 0), false);
        final ComputationGraph graph =
                new ComputationGraph(DpqNetwork.configuration(spec, DataType.DOUBLE, new ArrayList<>()));
        graph.init();
        final INDArray images = Nd4j.createFromArray(Specs.images(3, side, 5))
                .castTo(DataType.DOUBLE)
                .reshape(3, 3, side, side);
        final INDArray labels = Nd4j.createFromArray(new double[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
        final Map<String, INDArray> gradients = new HashMap<>();
        trainingScore(graph, images, labels);
        graph.gradient().gradientForVariable().forEach((name, gradient) -> gradients.put(name, gradient.dup()));
        for (final String name : parameters) {
            final INDArray parameter = graph.getParam(name);
            final double[] actual = new double[(int) parameter.length()];
            final double[] expected = new double[actual.length];
            final List<Integer> at = new ArrayList<>();
            for (int i = 0; i < actual.length; i += actual.length / 16 | 1) {
                at.add(i);
                actual[i] = gradients.get(name).getDouble(i) / 3;
                final double value = parameter.getDouble(i);
                parameter.putScalar(i, value + STEP);
                final double above = trainingScore(graph, images, labels);
                parameter.putScalar(i, value - STEP);
                expected[i] = (above - trainingScore(graph, images, labels)) / (2 * STEP);
                parameter.putScalar(i, value);
            }
            assertThat(Arrays.stream(expected)).as(name).anyMatch(value -> value != 0);
            assertClose(actual, expected, at);
        }
    }

    private static double trainingScore(final ComputationGraph graph, final INDArray images, final INDArray labels) {
        graph.setInputs(images);
        graph.setLabels(labels, labels.dup());
        graph.computeGradientAndScore();
        return graph.score();
    }

    static ConvolutionLayer convolution() {
        return new ConvolutionLayer.Builder(2, 2)
                .nOut(4)
                .activation(Activation.TANH)
                .convolutionMode(ConvolutionMode.Same)
                .build();
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.image.ImageContract;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class EncoderExportTest {
    /** Sides with and without remainders, so that pooling and padding of odd sizes are compared as well. */
    @ParameterizedTest
    @CsvSource({
        "SIMPLE_CNN, 32",
        "SIMPLE_CNN, 31",
        "RESIDUAL_CNN, 32",
        "RESIDUAL_CNN, 29",
        "RESNET_9, 32",
        "RESNET_9, 29",
        "AIRBENCH, 32",
        "AIRBENCH, 29",
        "SQUEEZENET, 96",
        "SQUEEZENET, 101",
        "ALEXNET, 227"
    })
    void theExportComputesWhatTheGraphDoes(final NetworkSpec.Backbone backbone, final int side) {
        final ComputationGraph graph = DpqNetwork.build(Specs.of(backbone, side, 8));
        disturbStatistics(graph);

        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), NetworkSpec.Input.images(side), 1))
                .isLessThan(1e-4);
    }

    @Test
    void frozenLayersAndDropoutAreExportedAsWell() {
        final NetworkSpec plain = Specs.of(NetworkSpec.Backbone.SQUEEZENET, 47, 8);
        final NetworkSpec spec = Specs.with(
                plain,
                Specs.backbone(plain.backbone().kind(), Optional.empty(), Optional.of("fire5_expand3x3"), true, 0.5));
        final ComputationGraph graph = DpqNetwork.build(spec);

        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), NetworkSpec.Input.images(47), 1))
                .isLessThan(1e-4);
    }

    /** Fresh batch normalisation is the identity, which would hide a wrong export of it. */
    private static void disturbStatistics(final ComputationGraph graph) {
        for (final String key : graph.paramTable().keySet()) {
            final INDArray values = graph.getParam(key);
            final INDArray noise = Nd4j.createFromArray(Specs.gaussian(1, (int) values.length(), key.hashCode())[0])
                    .reshape(values.shape());
            if (key.endsWith("_gamma")
                    || key.endsWith("_beta")
                    || key.endsWith("_mean")
                    || key.endsWith("log10stdev")) {
                values.addi(noise.muli(0.3));
            } else if (key.endsWith("_b")) {
                values.addi(noise.muli(0.1));
            }
        }
    }

    @Test
    void aDifferentGraphIsToldApart() {
        final NetworkSpec spec = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 16, 8);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final byte[] onnx = EncoderExport.toOnnx(graph);
        graph.getLayer("conv3").getParam("W").muli(1.01);

        assertThat(ExportParity.of(graph, onnx, spec.input(), 1)).isGreaterThan(1e-4);
    }

    /** Two images that are each other's mirror image cannot be told apart, by either engine. */
    @Test
    void anEmbeddingIsTheMeanOfBothSides() {
        final int side = 13;
        final ComputationGraph graph = DpqNetwork.build(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, side, 8));
        disturbStatistics(graph);
        final float[] images = Specs.images(3, side, 2);
        final long[] shape = {3, 3, side, side};
        final INDArray mirrored =
                DpqNetwork.mirrored(Nd4j.createFromArray(images).reshape('c', shape));
        assertThat(mirrored.getFloat(2, 1, 4, 0)).isEqualTo(images[((2 * 3 + 1) * side + 4) * side + side - 1]);
        final float[] others = mirrored.dup('c').data().asFloat();
        final byte[] plain = EncoderExport.toOnnx(graph);
        final byte[] both = EncoderExport.toOnnx(graph, true);

        final List<float[]> sides = List.of(images, others);
        final float[][] means = EncoderExport.run(both, sides, shape).get(0);
        final float[][] ofImages = EncoderExport.run(plain, sides, shape).get(0);
        final float[][] ofMirrorImages = EncoderExport.run(plain, sides, shape).get(1);
        final float[][] meansOfMirrorImages =
                EncoderExport.run(both, sides, shape).get(1);
        final ImageContract contract = new ImageContract(
                ImageContract.VERSION,
                ImageContract.Fit.STRETCH,
                side,
                side,
                List.of(0.0, 0.0, 0.0),
                List.of(1.0, 1.0, 1.0),
                1000,
                1000,
                true);
        try (NetworkEmbedder network = NetworkEmbedder.open(NetworkZip.write(graph, false), contract)) {
            final float[] byNetwork = network.embed(images, 3);
            for (int image = 0; image < 3; image++) {
                for (int d = 0; d < 8; d++) {
                    final float mean = (ofImages[image][d] + ofMirrorImages[image][d]) / 2;
                    assertThat(means[image][d]).isCloseTo(mean, within(1e-6f));
                    assertThat(byNetwork[image * 8 + d]).isCloseTo(mean, within(1e-5f));
                }
                assertThat(means[image]).isNotEqualTo(ofImages[image]);
                assertThat(meansOfMirrorImages[image]).containsExactly(means[image], within(1e-6f));
            }
        }
        assertThat(ExportParity.of(graph, both, NetworkSpec.Input.images(side), true, 1))
                .isLessThan(1e-4);
        assertThat(ExportParity.of(graph, plain, NetworkSpec.Input.images(side), true, 1))
                .isGreaterThan(1e-4);
    }

    @Test
    void aFaintHalfIsNotHiddenByALoudOne() {
        final float[][] expected = {{0.001f, 0}, {0, -0.002f}, {1, 0}, {0, 1}};
        final float[][] actual = {{0.001f, 0}, {0, -0.001f}, {1, 0}, {0, 1}};

        assertThat(ExportParity.worseHalf(expected, actual)).isCloseTo(0.5, within(1e-6));
        assertThat(ExportParity.worseHalf(expected, expected)).isZero();
        assertThat(ExportParity.worseHalf(expected, new float[][] {{Float.NaN, 0}, {0, 0}, {1, 0}, {0, 1}}))
                .isNaN();
    }

    @Test
    void aBatchWhoseValuesHappenToCancelIsPassedOver() {
        final double[] twice = {1e-3, 1e-6, 3e-6, 2e-6, 2e-4};
        final double[] often = {1e-3, 1e-6, 3e-4, 2e-6, 2e-4};
        final double[] none = {1e-6, 1e-6, Double.NaN, 1e-6, 1e-6};

        assertThat(ExportParity.typical(twice)).isEqualTo(3e-6);
        assertThat(ExportParity.typical(often)).isEqualTo(2e-4);
        assertThat(ExportParity.typical(none)).isNaN();
        assertThat(ExportParity.typical(new double[] {0, 0, Double.POSITIVE_INFINITY, 0, 0}))
                .isNaN();
        assertThat(ExportParity.typical(new double[] {0, 0, 0.02, 0, 0})).isEqualTo(0.02);
    }

    @Test
    void aLayerWithoutOnnxFormIsNamed() {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs(DpqNetwork.INPUT)
                .setInputTypes(InputType.convolutional(4, 4, 3))
                .addLayer("larger", new Upsampling2D.Builder(2).build(), DpqNetwork.INPUT)
                .addLayer(DpqNetwork.EMBEDDING, new DenseLayer.Builder().nOut(2).build(), "larger")
                .addLayer(
                        "out",
                        new OutputLayer.Builder()
                                .nOut(2)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "embedding")
                .setOutputs("out")
                .build());
        graph.init();

        assertThatThrownBy(() -> EncoderExport.toOnnx(graph))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("\"larger\"")
                .hasMessageContaining("Upsampling2D");
    }

    @Test
    void theNetworkItselfEmbedsFromItsZipFileInManyThreadsAtOnce() {
        final NetworkSpec spec = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 16, 8);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final byte[] zip = NetworkZip.write(graph, true);
        final float[] images = Specs.images(5, 16, 2);
        final float[] expected = new float[5 * 8];
        for (int image = 0; image < 5; image++) {
            final float[] alone = Arrays.copyOfRange(images, image * 3 * 16 * 16, (image + 1) * 3 * 16 * 16);
            final float[] embedding = DpqNetwork.embed(
                            graph, Nd4j.createFromArray(alone).reshape(1, 3, 16, 16))
                    .dup('c')
                    .data()
                    .asFloat();
            System.arraycopy(embedding, 0, expected, image * 8, 8);
        }

        try (NetworkEmbedder embedder = new NetworkEmbedder(zip, spec.input())) {
            assertThat(embedder.dimensions()).isEqualTo(8);
            assertThat(IntStream.range(0, 16).parallel().mapToObj(i -> embedder.embed(images, 5)))
                    .allSatisfy(actual -> assertThat(actual).isEqualTo(expected));
            assertThatThrownBy(() -> embedder.embed(images, 6)).hasMessageContaining("6 images");
        }
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ZipBackboneTest {
    private static final int SIDE = 9;

    @TempDir
    private Path folder;

    private static ComputationGraph source(final CNN2DFormat format) {
        final InputType.InputTypeConvolutional type =
                (InputType.InputTypeConvolutional) InputType.convolutional(SIDE, SIDE, 3, format);
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(5)
                .graphBuilder()
                .addInputs("pictures")
                .setInputTypes(type)
                .addLayer(
                        "embedding",
                        new FrozenLayer(new ConvolutionLayer.Builder(3, 3)
                                .stride(2, 2)
                                .nOut(4)
                                .dataFormat(format)
                                .activation(Activation.RELU)
                                .build()),
                        "pictures")
                .addLayer("norm", new BatchNormalization.Builder().build(), "embedding")
                .addLayer(
                        "hidden",
                        new DenseLayer.Builder()
                                .nOut(5)
                                .activation(Activation.TANH)
                                .build(),
                        "norm")
                .addLayer(
                        "out",
                        new OutputLayer.Builder()
                                .nOut(2)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "hidden")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    private String store(final ComputationGraph graph) {
        final Path file = folder.resolve("network.zip");
        try {
            ModelSerializer.writeModel(graph, file.toFile(), true);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toString();
    }

    private static NetworkSpec spec(final String file, final int side, final String feature, final String frozen) {
        return BackboneSpecs.file(NetworkSpec.Backbone.DL4J, file, side, feature, frozen);
    }

    @Test
    void theLayersBeforeTheOutputYieldTheFeatures() {
        final ComputationGraph source = source(CNN2DFormat.NCHW);
        final NetworkSpec spec = spec(store(source), SIDE, null, null);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final INDArray images = Nd4j.createFromArray(Specs.images(3, SIDE, 1)).reshape('c', 3, 3, SIDE, SIDE);

        final Map<String, INDArray> expected = source.feedForward(new INDArray[] {images}, false);
        final Map<String, INDArray> actual = graph.feedForward(new INDArray[] {images}, false);
        assertThat(actual.get("hidden")).isEqualTo(expected.get("hidden"));
        // A layer that bears a name of ours gets another one.
        assertThat(actual.get("backbone_embedding")).isEqualTo(expected.get("embedding"));
        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), NetworkSpec.Input.images(SIDE), 1))
                .isLessThan(1e-4);
        graph.fit(Specs.batch(Specs.images(2, SIDE, 3), new int[][] {{0}, {1}}, spec));
        // What was frozen there learns here.
        assertThat(graph.getLayer("backbone_embedding").getParam("W"))
                .isNotEqualTo(source.getLayer("embedding").getParam("W"));
    }

    @Test
    void anImageBeforeThatIsAveraged() {
        final ComputationGraph source = source(CNN2DFormat.NCHW);
        final ComputationGraph graph = DpqNetwork.build(spec(store(source), SIDE, "norm", "embedding"));
        final INDArray images = Nd4j.createFromArray(Specs.images(3, SIDE, 1)).reshape('c', 3, 3, SIDE, SIDE);

        final INDArray expected =
                source.feedForward(new INDArray[] {images}, false).get("norm").mean(2, 3);
        assertThat(DpqNetwork.activations(graph, images, "features")[0]
                        .sub(expected)
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(1e-6);
        assertThat(graph.getLayer("backbone_embedding")).isInstanceOf(org.deeplearning4j.nn.layers.FrozenLayer.class);
        assertThat(graph.getVertices())
                .noneMatch(vertex -> vertex.getVertexName().equals("hidden"));
    }

    @Test
    void whatDoesNotFitIsToldInOneSentence() throws IOException {
        final String file = store(source(CNN2DFormat.NCHW));
        assertThatThrownBy(() -> DpqNetwork.build(spec(file, SIDE + 4, null, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("image.crop");
        assertThatThrownBy(() -> DpqNetwork.build(spec(file, SIDE, "middle", null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("choose one of embedding, norm, hidden");
        assertThatThrownBy(() -> DpqNetwork.build(spec(file, SIDE, "out", null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("output layer");
        final Path text = Files.writeString(folder.resolve("text.zip"), "no zip");
        assertThatThrownBy(() -> DpqNetwork.build(spec(text.toString(), SIDE, null, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("ComputationGraph");
        assertThatThrownBy(() -> DpqNetwork.build(spec(store(source(CNN2DFormat.NHWC)), SIDE, null, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("channel-first");
    }

    @Test
    void aFileThatHoldsJavaObjectsBesidesIsNotRead() {
        final String file = store(source(CNN2DFormat.NCHW));
        ModelSerializer.addObjectToFile(Path.of(file).toFile(), "more", "an object");

        assertThatThrownBy(() -> DpqNetwork.build(spec(file, SIDE, null, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("nothing besides");
    }
}

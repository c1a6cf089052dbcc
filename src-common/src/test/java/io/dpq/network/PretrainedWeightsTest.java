package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dpq.config.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class PretrainedWeightsTest {
    private static Path backbones() {
        final String given = Optional.ofNullable(System.getProperty("dpq.shared"))
                .orElse(Optional.ofNullable(System.getenv("DPQ_SHARED")).orElse(""));
        Path folder = given.isEmpty() ? Path.of("").toAbsolutePath() : Path.of(given);
        while (given.isEmpty() && folder.getParent() != null && !Files.isDirectory(folder.resolve("shared/data"))) {
            folder = folder.getParent();
        }
        final Path found = (given.isEmpty() ? folder.resolve("shared") : folder).resolve("data/backbones");
        assumeTrue(Files.isDirectory(found), "The shared folder with data/backbones is absent: give -Ddpq.shared.");
        return found;
    }

    private static NetworkSpec spec(
            final NetworkSpec.Backbone backbone, final int side, final String weights, final String frozenUpTo) {
        final NetworkSpec plain = Specs.of(backbone, side, 6);
        return Specs.with(
                Specs.with(
                        plain,
                        Specs.backbone(
                                backbone, Optional.ofNullable(weights), Optional.ofNullable(frozenUpTo), false, 0)),
                Specs.optimizer(0.1));
    }

    @Test
    void featuresOfTheCheckImagesAreReproduced() {
        final Path folder = backbones();
        final ComputationGraph graph = DpqNetwork.build(spec(
                NetworkSpec.Backbone.SQUEEZENET,
                227,
                folder.resolve("squeezenet_v1.0_imagenet_features.h5").toString(),
                null));
        final INDArray expected =
                Nd4j.createFromNpyFile(folder.resolve("check_features.npy").toFile());
        final INDArray pixels = Nd4j.createFromNpyFile(
                        folder.resolve("check_input_rgb_u8.npy").toFile())
                .castTo(DataType.FLOAT);
        final INDArray images = pixels.permute(0, 3, 1, 2).dup('c');
        final float[] mean = {123, 117, 104};
        for (int channel = 0; channel < 3; channel++) {
            for (int image = 0; image < 2; image++) {
                images.slice(image).slice(channel).subi(mean[channel]);
            }
        }

        final INDArray features = graph.output(List.of("features"), false, new INDArray[] {images}, null)[0];

        assertThat(features.shape()).containsExactly(2, 512);
        assertThat(features.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-3);
        final Adam backbone =
                (Adam) graph.getLayer("fire5_squeeze1x1").getConfig().getUpdaterByParam("W");
        final Adam head =
                (Adam) graph.getLayer(DpqNetwork.EMBEDDING).getConfig().getUpdaterByParam("W");
        assertThat(backbone.getLearningRate(0, 0)).isEqualTo(0.1 * head.getLearningRate(0, 0));
    }

    @Test
    void aFileThatDoesNotFitIsTheUsersToChange(@TempDir final Path folder) throws IOException {
        final String absent = folder.resolve("absent.h5").toString();
        assertThatThrownBy(() -> DpqNetwork.build(spec(NetworkSpec.Backbone.SQUEEZENET, 47, absent, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("absent.h5 does not exist");
        final Path text = Files.writeString(folder.resolve("text.h5"), "not HDF5");
        assertThatThrownBy(() -> DpqNetwork.build(spec(NetworkSpec.Backbone.SQUEEZENET, 47, text.toString(), null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void weightsOfAnotherBackboneAreRefused() {
        final String weights =
                backbones().resolve("squeezenet_v1.0_imagenet_features.h5").toString();

        assertThatThrownBy(() -> DpqNetwork.build(spec(NetworkSpec.Backbone.ALEXNET, 67, weights, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"conv1\"")
                .hasMessageContaining("backbone.kind");
    }

    @Test
    void aDenseKernelBehindAnImageIsTurnedToTheChannelFirstOrder() {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs("image")
                .setInputTypes(InputType.convolutional(2, 3, 4))
                .addLayer(
                        "pool",
                        new SubsamplingLayer.Builder(PoolingType.MAX)
                                .kernelSize(1, 1)
                                .stride(1, 1)
                                .build(),
                        "image")
                .addLayer(
                        "fc6",
                        new DenseLayer.Builder()
                                .nOut(5)
                                .activation(Activation.IDENTITY)
                                .build(),
                        "pool")
                .addLayer(
                        "out",
                        new OutputLayer.Builder()
                                .nOut(2)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "fc6")
                .setOutputs("out")
                .build());
        graph.init();
        final INDArray keras = Nd4j.createFromArray(Specs.gaussian(2 * 3 * 4, 5, 1));
        final INDArray image = Nd4j.createFromArray(Specs.gaussian(1, 24, 2)[0]).reshape('c', 1, 4, 2, 3);

        graph.getLayer("fc6")
                .getParam("W")
                .assign(PretrainedWeights.channelFirst(keras, PretrainedWeights.flattened(graph, "fc6")));

        // What Keras computes: the image with the channel innermost, times the kernel as it is in the file.
        final INDArray expected =
                image.permute(0, 2, 3, 1).dup('c').reshape('c', 1, 24).mmul(keras);
        final INDArray actual = graph.output(List.of("fc6"), false, new INDArray[] {image}, null)[0];
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-5);
    }

    @Test
    void aLayerThatKerasWeightsDoNotFitIsNamed() {
        final String weights =
                backbones().resolve("squeezenet_v1.0_imagenet_features.h5").toString();
        final ComputationGraph graph = DpqNetwork.build(spec(NetworkSpec.Backbone.SIMPLE_CNN, 8, null, null));

        assertThatThrownBy(() -> PretrainedWeights.load(graph, List.of("conv1_bn"), weights))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"conv1_bn\"");
    }

    @Test
    void frozenLayersStayAndTheOthersLearn() {
        final ComputationGraph graph =
                DpqNetwork.build(spec(NetworkSpec.Backbone.SQUEEZENET, 47, null, "fire3_expand3x3"));
        final INDArray frozen = graph.getLayer("fire2_expand1x1").getParam("W").dup();
        final INDArray free = graph.getLayer("fire4_squeeze1x1").getParam("W").dup();

        graph.fit(Specs.batch(
                Specs.images(2, 47, 3), new int[][] {{0}, {1}}, spec(NetworkSpec.Backbone.SQUEEZENET, 47, null, null)));

        assertThat(graph.getLayer("fire3_expand3x3")).isInstanceOf(FrozenLayer.class);
        assertThat(graph.getLayer("fire2_expand1x1").getParam("W")).isEqualTo(frozen);
        assertThat(graph.getLayer("fire4_squeeze1x1").getParam("W")).isNotEqualTo(free);
    }

    @Test
    void anUnknownLayerToFreezeUpToIsAnsweredWithTheOnesThereAre() {
        assertThatThrownBy(() -> DpqNetwork.build(spec(NetworkSpec.Backbone.SIMPLE_CNN, 8, null, "conv9")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"conv9\"")
                .hasMessageContaining("conv1, conv1_pool");
    }
}

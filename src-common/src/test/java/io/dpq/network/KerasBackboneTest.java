package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rebuilt Keras models against what TensorFlow computed from them (make_models.py beside the files). */
class KerasBackboneTest {
    private static final int SIDE = 19;
    private static final float[] MEAN = {123, 117, 104};

    private static File resource(final String name) {
        try {
            return Path.of(Objects.requireNonNull(KerasBackboneTest.class.getResource("keras/" + name))
                            .toURI())
                    .toFile();
        } catch (final URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static INDArray array(final String name) {
        return Nd4j.createFromNpyFile(resource(name)).castTo(DataType.FLOAT);
    }

    private static INDArray images() {
        return array("images.npy").permute(0, 3, 1, 2).dup('c');
    }

    private static NetworkSpec spec(final String file, final int side, final String feature, final String frozen) {
        return BackboneSpecs.file(NetworkSpec.Backbone.KERAS, file, side, feature, frozen);
    }

    private static NetworkSpec spec(final String model, final String feature) {
        return spec(resource(model).toString(), SIDE, feature, null);
    }

    private static double difference(final INDArray one, final INDArray other) {
        assertThat(one.shape()).isEqualTo(other.shape());
        return one.sub(other).amaxNumber().doubleValue();
    }

    private static INDArray features(final ComputationGraph graph, final INDArray images) {
        final String features = graph.getConfiguration()
                .getVertexInputs()
                .get(DpqNetwork.EMBEDDING)
                .get(0);
        return graph.output(List.of(features), false, new INDArray[] {images}, null)[0];
    }

    @ParameterizedTest
    @CsvSource({
        "functional.h5, stem_bn",
        "functional.h5, features",
        "functional.h5, dropout",
        "functional.h5, larger",
        "functional.h5, flat_bn",
        "functional.h5, dense",
        "functional.h5, classes",
        "functional_keras2.h5, features",
        "functional_keras2.h5, classes",
        "functional_first.h5, larger",
        "functional_first.h5, classes",
        "functional_first_flat.h5, classes",
    })
    void everyLayerComputesWhatKerasDoes(final String model, final String feature) {
        final ComputationGraph graph = DpqNetwork.build(spec(model, feature));

        assertThat(difference(features(graph, images()), array("functional_" + feature + ".npy")))
                .isLessThan(1e-5);
        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), NetworkSpec.Input.images(SIDE), 1))
                .isLessThan(1e-4);
    }

    @Test
    void withoutAFeatureLayerTheLastOneIsTaken() {
        final ComputationGraph graph = DpqNetwork.build(spec("sequential.h5", null));

        assertThat(difference(features(graph, images()), array("sequential_last.npy")))
                .isLessThan(1e-5);
        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), NetworkSpec.Input.images(SIDE), 1))
                .isLessThan(1e-4);
    }

    @Test
    void theWholeOfItLearnsAndSurvivesItsZipFile() {
        final NetworkSpec spec = spec("functional.h5", "dense");
        final ComputationGraph graph = DpqNetwork.build(spec);
        final INDArray before = graph.params().dup();

        for (int i = 0; i < 3; i++) {
            graph.fit(Specs.batch(Specs.images(4, SIDE, i), new int[][] {{0}, {1}, {2}, {0}}, spec));
        }

        assertThat(graph.score()).isFinite();
        for (final String layer : List.of("stem", "deep", "grouped_1", "separable_depthwise", "dense")) {
            final INDArray weights = graph.getLayer(layer).getParam("W");
            assertThat(weights.sub(DpqNetwork.build(spec).getLayer(layer).getParam("W"))
                            .amaxNumber()
                            .doubleValue())
                    .as(layer)
                    .isPositive();
        }
        assertThat(graph.params()).isNotEqualTo(before);
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        assertThat(DpqNetwork.embed(restored, images())).isEqualTo(DpqNetwork.embed(graph, images()));
        assertThat(ExportParity.of(restored, EncoderExport.toOnnx(restored), NetworkSpec.Input.images(SIDE), 1))
                .isLessThan(1e-4);
    }

    @ParameterizedTest
    @CsvSource({"sum, deep_bn, leaky", "deep_out, deep_out, deep_bn"})
    void itIsFrozenUpToALayerOrAJoin(final String upTo, final String last, final String next) {
        final ComputationGraph graph =
                DpqNetwork.build(spec(resource("functional.h5").toString(), SIDE, "larger", upTo));

        assertThat(graph.getLayer(last)).isInstanceOf(FrozenLayer.class);
        assertThat(graph.getLayer(next)).isNotInstanceOf(FrozenLayer.class);
    }

    @Test
    void aLayerOfAnotherKindIsNamedUnlessTheFeaturesComeBeforeIt() {
        assertThatThrownBy(() -> DpqNetwork.build(spec("lambda.h5", null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"trick\" (Lambda)")
                .hasMessageContaining("backbone.feature-layer");
        assertThat(DpqNetwork.build(spec("lambda.h5", "plain")).getLayer("plain"))
                .isNotNull();
    }

    @Test
    void whatIsNotThereIsAnsweredWithWhatIs() {
        assertThatThrownBy(() -> DpqNetwork.build(spec("sequential.h5", "middle")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"middle\"")
                .hasMessageContaining("first, spatial, pool");
        assertThatThrownBy(() -> DpqNetwork.build(spec(resource("sequential.h5").toString(), SIDE, null, "middle")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("backbone.frozen-up-to")
                .hasMessageContaining("first, spatial, pool");
    }

    @Test
    void imagesOfAnotherSizeThanDenseLayersNeedAreRefused() {
        assertThatThrownBy(() -> DpqNetwork.build(spec(resource("functional.h5").toString(), 40, "dense", null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"flat_bn\"")
                .hasMessageContaining("image.crop");
        assertThatThrownBy(() -> DpqNetwork.build(spec(resource("sequential.h5").toString(), 4, null, null)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("image.crop");
    }

    @Test
    void aPretrainedModelGivesItsPublishedFeatures() {
        final Path folder = SharedData.backbones();
        final ComputationGraph graph = DpqNetwork.build(
                spec(folder.resolve("squeezenet_v1.0_imagenet_features.h5").toString(), 227, null, null));
        final INDArray images = Nd4j.createFromNpyFile(
                        folder.resolve("check_input_rgb_u8.npy").toFile())
                .castTo(DataType.FLOAT)
                .permute(0, 3, 1, 2)
                .dup('c');
        for (int channel = 0; channel < 3; channel++) {
            for (int image = 0; image < 2; image++) {
                images.slice(image).slice(channel).subi(MEAN[channel]);
            }
        }

        assertThat(difference(
                        features(graph, images),
                        Nd4j.createFromNpyFile(
                                folder.resolve("check_features.npy").toFile())))
                .isLessThan(1e-3);
        assertThat(Optional.ofNullable(graph.getLayer("conv1"))).isPresent();
    }
}

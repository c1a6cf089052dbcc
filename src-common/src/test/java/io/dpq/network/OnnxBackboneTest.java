package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.model.OnnxEmbedder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import onnx.Onnx;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;

class OnnxBackboneTest {
    private static final int SIDE = 8;

    private static Onnx.ModelProto source() {
        try {
            return Onnx.ModelProto.parseFrom(
                    EncoderExport.toOnnx(DpqNetwork.build(Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, SIDE, 5))));
        } catch (final InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    private static OnnxBackbone open(final Onnx.ModelProto model, final String feature, final int side) {
        return OnnxBackbone.open("given.onnx", model.toByteArray(), Optional.ofNullable(feature), side);
    }

    private static ComputationGraph head(final int length, final boolean normalise) {
        final NetworkSpec plain =
                Specs.vectors(length, new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.TANH, 6), true);
        final ComputationGraph graph = DpqNetwork.build(Specs.with(
                plain, Specs.backbone(NetworkSpec.Backbone.ONNX, Optional.empty(), Optional.empty(), normalise, 0)));
        for (int i = 0; i < 3; i++) {
            graph.fit(DpqNetwork.batch(
                    Specs.gaussian(1, 4 * length, i)[0],
                    new int[][] {{0}, {1}, {2}, {0}},
                    3,
                    NetworkSpec.Input.vectors(length),
                    DpqNetwork.outputs(plain)));
        }
        return graph;
    }

    /** Names inside the given model that a head also bears, an image inside it, and its output. */
    @ParameterizedTest
    @ValueSource(strings = {"embedding", "conv2_bn", "features"})
    void theEncoderIsTheModelWithTheHeadBehindIt(final String feature) {
        final OnnxBackbone backbone = open(source(), feature, SIDE);
        final ComputationGraph head = head(backbone.length(), true);
        final byte[] encoder = backbone.with(head);
        final float[] images = Specs.images(3, SIDE, 4);

        assertThat(backbone.length()).isEqualTo(feature.equals("embedding") ? 5 : feature.equals("features") ? 16 : 8);
        assertThat(backbone.parity(head, encoder, SIDE, 1)).isLessThan(1e-5);
        try (OnnxEmbedder features = new OnnxEmbedder(backbone.features(), SIDE, 1);
                OnnxEmbedder whole = new OnnxEmbedder(encoder, SIDE, 1)) {
            final INDArray expected = DpqNetwork.embed(
                    head, Nd4j.createFromArray(features.embed(images, 3)).reshape('c', 3, backbone.length()));
            final INDArray actual = Nd4j.createFromArray(whole.embed(images, 3)).reshape('c', 3, 6);
            assertThat(actual.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-5);
        }
    }

    @Test
    void anotherHeadIsToldApart() {
        final OnnxBackbone backbone = open(source(), null, SIDE);
        final ComputationGraph head = head(backbone.length(), false);
        final byte[] encoder = backbone.with(head);
        head.getLayer(DpqNetwork.EMBEDDING).getParam("W").muli(1.01);

        assertThat(backbone.parity(head, encoder, SIDE, 1)).isGreaterThan(1e-4);
    }

    @ParameterizedTest
    @ValueSource(ints = {11, 15, 17})
    void modelsOfOtherOperatorSetsAreTaken(final int opset) {
        final Onnx.ModelProto model = source().toBuilder()
                .setOpsetImport(0, Onnx.OperatorSetIdProto.newBuilder().setVersion(opset))
                .build();
        final OnnxBackbone backbone = open(model, null, SIDE);
        final ComputationGraph head = head(backbone.length(), true);

        assertThat(backbone.parity(head, backbone.with(head), SIDE, 1)).isLessThan(1e-5);
    }

    @Test
    void oldModelsThatListWeightsAmongTheirInputsAreTaken() {
        final Onnx.ModelProto.Builder old = source().toBuilder().setIrVersion(3);
        old.getGraphBuilder()
                .getInitializerList()
                .forEach(weights -> old.getGraphBuilder()
                        .addInput(Onnx.ValueInfoProto.newBuilder()
                                .setName(weights.getName())
                                .setType(Onnx.TypeProto.newBuilder()
                                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                                .setElemType(weights.getDataType())))));

        assertThat(open(old.build(), null, SIDE).length()).isEqualTo(5);
    }

    @Test
    void whatDoesNotFitIsToldInOneSentence() {
        final Onnx.ModelProto model = source();
        refused(() -> OnnxBackbone.open("given.onnx", new byte[] {1, 2, 3}, Optional.empty(), SIDE), "no ONNX model");
        refused(() -> open(model, "middle", SIDE), "backbone.feature-layer names \"middle\"");
        refused(() -> open(shaped(model, 1, 3, SIDE, SIDE), null, SIDE), "exactly 1 images at once");
        refused(() -> open(shaped(model, -1, 3, 12, 12), null, SIDE), "set image.crop to that");
        refused(() -> open(shaped(model, -1, SIDE, SIDE, 3), null, SIDE), "channel-last");
        refused(() -> open(shaped(model, -1, 1, SIDE, SIDE), null, SIDE), "takes inputs [-1, 1, 8, 8]");
        refused(
                () -> open(
                        model.toBuilder()
                                .setOpsetImport(
                                        0, Onnx.OperatorSetIdProto.newBuilder().setVersion(6))
                                .build(),
                        null,
                        SIDE),
                "operator set 6");
        final Onnx.ModelProto.Builder external = model.toBuilder();
        external.getGraphBuilder().getInitializerBuilder(0).setDataLocation(Onnx.TensorProto.DataLocation.EXTERNAL);
        refused(() -> open(external.build(), null, SIDE), "weights in other files");
        final Onnx.ModelProto.Builder two = model.toBuilder();
        two.getGraphBuilder().addOutput(Onnx.ValueInfoProto.newBuilder().setName("features"));
        refused(() -> open(two.build(), null, SIDE), "name one of them in backbone.feature-layer");
        assertThat(open(two.build(), "embedding", SIDE).length()).isEqualTo(5);
    }

    private static void refused(
            final org.assertj.core.api.ThrowableAssert.ThrowingCallable call, final String sentence) {
        assertThatThrownBy(call).isInstanceOf(UserException.class).hasMessageContaining(sentence);
    }

    private static Onnx.ModelProto shaped(final Onnx.ModelProto model, final long... shape) {
        final Onnx.ModelProto.Builder changed = model.toBuilder();
        final Onnx.TensorShapeProto.Builder dimensions = changed.getGraphBuilder()
                .getInputBuilder(0)
                .getTypeBuilder()
                .getTensorTypeBuilder()
                .getShapeBuilder()
                .clearDim();
        for (final long size : shape) {
            final Onnx.TensorShapeProto.Dimension.Builder dimension = Onnx.TensorShapeProto.Dimension.newBuilder();
            dimensions.addDim(size < 0 ? dimension.setDimParam("N") : dimension.setDimValue(size));
        }
        return changed.build();
    }

    @Test
    void aPretrainedModelGivesItsPublishedFeatures() throws IOException {
        final Path folder = SharedData.backbones();
        final OnnxBackbone backbone = OnnxBackbone.open(
                "squeezenet",
                Files.readAllBytes(folder.resolve("squeezenet_v1.0_imagenet_features.onnx")),
                Optional.empty(),
                227);
        final INDArray images = Nd4j.createFromNpyFile(
                        folder.resolve("check_input_rgb_u8.npy").toFile())
                .castTo(DataType.FLOAT)
                .permute(0, 3, 1, 2)
                .dup('c');
        final float[] mean = {123, 117, 104};
        for (int channel = 0; channel < 3; channel++) {
            for (int image = 0; image < 2; image++) {
                images.slice(image).slice(channel).subi(mean[channel]);
            }
        }
        final INDArray expected =
                Nd4j.createFromNpyFile(folder.resolve("check_features.npy").toFile());
        final ComputationGraph head = head(512, true);

        assertThat(backbone.length()).isEqualTo(512);
        try (OnnxEmbedder features = new OnnxEmbedder(backbone.features(), 227, 1)) {
            assertThat(Nd4j.createFromArray(features.embed(images.data().asFloat(), 2))
                            .reshape('c', 2, 512)
                            .sub(expected)
                            .amaxNumber()
                            .doubleValue())
                    .isLessThan(1e-3);
        }
        assertThat(backbone.parity(head, backbone.with(head), 227, 1)).isLessThan(1e-5);
        assertThat(List.of(head.getConfiguration().getNetworkInputs())).hasSize(1);
    }
}

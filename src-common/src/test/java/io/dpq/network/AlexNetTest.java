package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.model.OnnxEmbedder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.hdf5.DataSet;
import org.bytedeco.hdf5.DataSpace;
import org.bytedeco.hdf5.DataType;
import org.bytedeco.hdf5.Group;
import org.bytedeco.hdf5.H5File;
import org.bytedeco.hdf5.PredType;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The whole AlexNet of the paper, its two groups and its local normalisation, through a Keras file and through ONNX. */
class AlexNetTest {
    /** The last pooling leaves 2×2 pixels, so that the order of the flattened image matters. */
    private static final int SIDE = 99;

    private static final List<String> LAYERS =
            List.of("conv1", "conv2_0", "conv2_1", "conv3", "conv4_0", "conv4_1", "conv5_0", "conv5_1", "fc6", "fc7");

    @TempDir
    private Path folder;

    private static NetworkSpec spec(final String weights) {
        return Specs.with(
                Specs.of(NetworkSpec.Backbone.ALEXNET, SIDE, 6),
                Specs.backbone(
                        NetworkSpec.Backbone.ALEXNET, Optional.ofNullable(weights), Optional.empty(), false, 0.5));
    }

    /** A layer's kernel as Keras keeps it: [height, width, in, out], or rows in the order of a channel-last image. */
    private static INDArray keras(final ComputationGraph graph, final String layer) {
        final INDArray kernel = graph.getLayer(layer).getParam("W");
        if (kernel.rank() == 4) {
            return kernel.permute(2, 3, 1, 0);
        }
        final Optional<CnnToFeedForwardPreProcessor> flattened = PretrainedWeights.flattened(graph, layer);
        return flattened
                .map(flat -> kernel.dup('c')
                        .reshape(
                                'c', flat.getNumChannels(), flat.getInputHeight(), flat.getInputWidth(), kernel.size(1))
                        .permute(1, 2, 0, 3)
                        .dup('c')
                        .reshape('c', kernel.size(0), kernel.size(1)))
                .orElse(kernel);
    }

    private static void store(final Group group, final String name, final INDArray values) {
        final INDArray rows = values.dup('c');
        try (DataSpace space = new DataSpace(rows.rank(), rows.shape());
                DataType type = new DataType(PredType.NATIVE_FLOAT());
                DataSet set = group.createDataSet(name, type, space);
                FloatPointer floats = new FloatPointer(rows.data().asFloat())) {
            set.write(floats, type);
        }
    }

    private String file(final ComputationGraph graph) {
        final Path path = folder.resolve("alexnet.h5");
        try (H5File file = new H5File(path.toString(), hdf5.H5F_ACC_TRUNC());
                Group root = file.createGroup("model_weights")) {
            for (final String layer : LAYERS) {
                try (Group outer = root.createGroup(layer);
                        Group inner = outer.createGroup(layer)) {
                    store(inner, "kernel:0", keras(graph, layer));
                    final INDArray bias = graph.getLayer(layer).getParam("b");
                    store(inner, "bias:0", bias.reshape(bias.length()));
                }
            }
        }
        return path.toString();
    }

    /** x / (1 + 2e-5 Σ x²)^0.75 over two channels to either side, as the published weights expect it behind the pooling. */
    private static void assertNormalised(final INDArray pooled, final INDArray normalised) {
        for (final int channel : new int[] {0, 1, 47, 95}) {
            double sum = 0;
            for (int c = Math.max(0, channel - 2); c <= Math.min(95, channel + 2); c++) {
                sum += Math.pow(pooled.getDouble(1, c, 3, 4), 2);
            }
            assertThat(normalised.getDouble(1, channel, 3, 4))
                    .isCloseTo(pooled.getDouble(1, channel, 3, 4) / Math.pow(1 + 2e-5 * sum, 0.75), within(1e-5));
        }
    }

    @Test
    void itComputesFromAKerasFileWhatAnotherEngineComputesFromTheOriginal() {
        final ComputationGraph original = DpqNetwork.build(spec(null));
        original.paramTable().forEach((key, values) -> {
            if (key.endsWith("_b")) {
                values.addi(Nd4j.createFromArray(Specs.gaussian(1, (int) values.length(), key.hashCode())[0])
                        .reshape(values.shape())
                        .muli(0.05));
            }
        });
        final ComputationGraph loaded = DpqNetwork.build(spec(file(original)));
        final float[] images = Specs.images(2, SIDE, 3);
        final INDArray tensors = Nd4j.createFromArray(images).reshape('c', 2, 3, SIDE, SIDE);

        final Map<String, INDArray> expected = original.feedForward(new INDArray[] {tensors}, false);
        final Map<String, INDArray> actual = loaded.feedForward(new INDArray[] {tensors}, false);
        for (final String vertex : List.of("norm1", "conv2", "norm2", "conv5", "pool5", "fc6", "fc7")) {
            assertThat(actual.get(vertex)).as(vertex).isEqualTo(expected.get(vertex));
        }
        assertNormalised(expected.get("pool1"), expected.get("norm1"));
        final INDArray features = actual.get("fc7");
        assertThat(features.amaxNumber().doubleValue()).isGreaterThan(0.01);
        try (OnnxEmbedder other = new OnnxEmbedder(EncoderExport.upTo(original, "fc7", 4096), SIDE, 1)) {
            final INDArray independent =
                    Nd4j.createFromArray(other.embed(images, 2)).reshape('c', 2, 4096);
            assertThat(features.sub(independent).amaxNumber().doubleValue())
                    .isLessThan(1e-5 * features.amaxNumber().doubleValue());
        }
    }
}

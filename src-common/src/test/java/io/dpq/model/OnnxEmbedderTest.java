package io.dpq.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import onnx.Onnx;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class OnnxEmbedderTest {
    private static final int SIDE = 4;
    private static final int VALUES = 3 * SIDE * SIDE;

    /** tanh(2 · mean of each channel), with D = 3: small enough to compute by hand. */
    private static byte[] model(final long side, final long declared, final int outputs) {
        final Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder()
                .setName("tiny")
                .addInput(value("pixels", -1, 3, side, side))
                .addInitializer(Onnx.TensorProto.newBuilder()
                        .setName("two")
                        .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                        .addFloatData(2))
                .addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("GlobalAveragePool")
                        .addInput("pixels")
                        .addOutput("pooled"))
                .addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("Flatten")
                        .addInput("pooled")
                        .addOutput("flat"))
                .addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("Mul")
                        .addInput("flat")
                        .addInput("two")
                        .addOutput("scaled"))
                .addNode(Onnx.NodeProto.newBuilder()
                        .setOpType("Tanh")
                        .addInput("scaled")
                        .addOutput("vector"))
                .addOutput(value("vector", -1, declared));
        if (outputs > 1) {
            graph.addOutput(value("scaled", -1, declared));
        }
        return Onnx.ModelProto.newBuilder()
                .setIrVersion(7)
                .addOpsetImport(Onnx.OperatorSetIdProto.newBuilder().setVersion(13))
                .setGraph(graph)
                .build()
                .toByteArray();
    }

    private static Onnx.ValueInfoProto value(final String name, final long... shape) {
        final Onnx.TensorShapeProto.Builder dimensions = Onnx.TensorShapeProto.newBuilder();
        for (int i = 0; i < shape.length; i++) {
            final Onnx.TensorShapeProto.Dimension.Builder dimension = Onnx.TensorShapeProto.Dimension.newBuilder();
            dimensions.addDim(shape[i] < 0 ? dimension.setDimParam(name + i) : dimension.setDimValue(shape[i]));
        }
        return Onnx.ValueInfoProto.newBuilder()
                .setName(name)
                .setType(Onnx.TypeProto.newBuilder()
                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                .setElemType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                                .setShape(dimensions)))
                .build();
    }

    private static float[] images(final int count, final long seed) {
        final Random random = new Random(seed);
        final float[] images = new float[count * VALUES];
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() - 0.5f;
        }
        return images;
    }

    private static double expected(final float[] images, final int image, final int channel) {
        double sum = 0;
        for (int i = 0; i < SIDE * SIDE; i++) {
            sum += images[image * VALUES + channel * SIDE * SIDE + i];
        }
        return Math.tanh(2 * sum / (SIDE * SIDE));
    }

    @Test
    void embedsBatchesOfAnySizeRowByRow() {
        for (final long declared : new long[] {3, -1}) {
            try (OnnxEmbedder embedder = new OnnxEmbedder(model(SIDE, declared, 1), SIDE, 1)) {
                assertThat(embedder.dimensions()).isEqualTo(3);
                for (final int count : new int[] {2, 5, 1, 5}) {
                    final float[] images = images(count, count);
                    final float[] embeddings = embedder.embed(images, count);
                    assertThat(embeddings).hasSize(3 * count);
                    final float[][] apart = new float[count][];
                    for (int i = 0; i < count; i++) {
                        apart[i] = Arrays.copyOfRange(images, i * VALUES, (i + 1) * VALUES);
                    }
                    final float[] together = new float[3 * count];
                    embedder.embed(apart, together);
                    assertThat(together).isEqualTo(embeddings);
                    for (int i = 0; i < embeddings.length; i++) {
                        assertThat((double) embeddings[i]).isCloseTo(expected(images, i / 3, i % 3), within(1e-6));
                    }
                }
            }
        }
    }

    @Test
    void concurrentCallsDoNotShareBuffers() throws Exception {
        try (OnnxEmbedder embedder = new OnnxEmbedder(model(-1, 3, 1), SIDE, 1)) {
            final ExecutorService pool = Executors.newFixedThreadPool(4);
            final List<Future<?>> calls = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                final int thread = t;
                calls.add(pool.submit(() -> {
                    for (int i = 0; i < 200; i++) {
                        final float[] images = images(3, 1000L * thread + i);
                        final float[] embeddings = embedder.embed(images, 3);
                        assertThat((double) embeddings[7]).isCloseTo(expected(images, 2, 1), within(1e-6));
                    }
                }));
            }
            for (final Future<?> call : calls) {
                call.get();
            }
            pool.shutdown();
        }
    }

    @Test
    void whatDoesNotFitIsToldInOneSentence() {
        assertThatThrownBy(() -> new OnnxEmbedder(new byte[] {1, 2, 3}, SIDE, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be opened");
        assertThatThrownBy(() -> new OnnxEmbedder(model(5, 3, 1), SIDE, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("[-1, 3, 5, 5]");
        assertThatThrownBy(() -> new OnnxEmbedder(model(SIDE, 3, 2), SIDE, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("exactly one");
        try (OnnxEmbedder embedder = new OnnxEmbedder(model(SIDE, 3, 1), SIDE, 1)) {
            assertThatThrownBy(() -> embedder.embed(new float[VALUES], 2)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> embedder.embed(new float[VALUES], 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() ->
                            embedder.embed(new float[][] {new float[VALUES], new float[VALUES + 1]}, new float[6]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void thePretrainedBackboneGivesItsPublishedFeatures() throws IOException {
        final Path folder = shared().resolve("data/backbones");
        final Path onnx = folder.resolve("squeezenet_v1.0_imagenet_features.onnx");
        Assumptions.assumeTrue(Files.isRegularFile(onnx), "skipped: no shared pretrained backbone at " + onnx);
        final ByteBuffer pixels = npy(folder.resolve("check_input_rgb_u8.npy"));
        final ByteBuffer features = npy(folder.resolve("check_features.npy"));
        final int side = 227;
        final float[] mean = {123, 117, 104};
        final float[] images = new float[2 * 3 * side * side];
        for (int i = 0; i < 2; i++) {
            for (int p = 0; p < side * side; p++) {
                for (int c = 0; c < 3; c++) {
                    images[(i * 3 + c) * side * side + p] = (pixels.get() & 0xFF) - mean[c];
                }
            }
        }
        try (OnnxEmbedder embedder = new OnnxEmbedder(Files.readAllBytes(onnx), side, 1)) {
            assertThat(embedder.dimensions()).isEqualTo(512);
            final float[] both = embedder.embed(images, 2);
            final float[] first = embedder.embed(images, 1);
            for (int i = 0; i < both.length; i++) {
                assertThat(both[i]).isCloseTo(features.getFloat(), within(1e-3f));
            }
            for (int i = 0; i < first.length; i++) {
                // Bits do not depend on what else is in the batch.
                assertThat(first[i]).isEqualTo(both[i]);
            }
        }
    }

    private static Path shared() {
        final String property = System.getProperty("dpq.shared");
        if (property != null) {
            return Path.of(property);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("shared/data"))) {
                return at.resolve("shared");
            }
        }
        final String environment = System.getenv("DPQ_SHARED");
        return Path.of(environment == null ? "shared" : environment);
    }

    /** The data of a NumPy file of format 1.0, which is what the check files are. */
    private static ByteBuffer npy(final Path file) throws IOException {
        final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(bytes.array(), 1, 5, StandardCharsets.US_ASCII)).isEqualTo("NUMPY");
        return bytes.position(10 + bytes.getShort(8));
    }
}

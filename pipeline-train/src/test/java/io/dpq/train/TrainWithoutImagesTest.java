package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.job.JobMain;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.model.OnnxEmbedder;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The job on vectors, and on images without labels or with several. */
class TrainWithoutImagesTest {
    private static final int LENGTH = 8;
    private static final int COUNT = 600;

    @TempDir
    private Path folder;

    private String err = "";
    private String out = "";

    private int train(final String... sets) {
        final List<String> arguments = new ArrayList<>();
        final List<String> all = new ArrayList<>(List.of(
                "seed=3",
                "model.path=" + folder.resolve("model"),
                "quantization.levels=2",
                "quantization.codewords=8",
                "train.batch-size=8",
                "train.averaging-frequency=4",
                "train.epochs=3",
                "train.semantic-epochs=1",
                "resources.master=\"local[2]\"",
                "resources.tasks-per-executor=2",
                "resources.driver-heap=1GiB",
                "resources.executor-heap=1GiB"));
        all.addAll(List.of(sets));
        for (final String set : all) {
            arguments.add("--set");
            arguments.add(set);
        }
        final ByteArrayOutputStream said = new ByteArrayOutputStream();
        final ByteArrayOutputStream complained = new ByteArrayOutputStream();
        final int code = JobMain.run(
                new TrainJob(),
                arguments,
                new PrintStream(said, true, StandardCharsets.UTF_8),
                new PrintStream(complained, true, StandardCharsets.UTF_8));
        out = said.toString(StandardCharsets.UTF_8);
        err = complained.toString(StandardCharsets.UTF_8);
        return code;
    }

    private ModelDirectory model() {
        return ModelDirectory.open(folder.resolve("model").toString(), new Configuration());
    }

    /** Vectors around twelve means, as an .fvecs file; four of them are damaged. */
    private float[] vectors() throws IOException {
        final Random random = new Random(1);
        final float[] means = new float[12 * LENGTH];
        for (int i = 0; i < means.length; i++) {
            means[i] = 3 * (float) random.nextGaussian();
        }
        final float[] vectors = new float[COUNT * LENGTH];
        final ByteBuffer bytes =
                ByteBuffer.allocate((COUNT + 4) * (LENGTH + 1) * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < COUNT + 4; i++) {
            bytes.putInt(LENGTH);
            for (int d = 0; d < LENGTH; d++) {
                final float value = i < COUNT
                        ? means[i % 12 * LENGTH + d] + 0.3f * (float) random.nextGaussian()
                        : Float.POSITIVE_INFINITY;
                bytes.putFloat(value);
                if (i < COUNT) {
                    vectors[i * LENGTH + d] = value;
                }
            }
        }
        Files.createDirectories(folder.resolve("lake"));
        Files.write(folder.resolve("lake/base.fvecs"), bytes.array());
        return vectors;
    }

    @ParameterizedTest
    @CsvSource({"identity, codebooks-only", "linear, codebooks-only"})
    void vectorsWithoutLabelsLearnAQuantizer(final String kind, final String gradient) throws IOException {
        final float[] vectors = vectors();
        final int code = train(
                "train.lake.kind=vectors",
                "train.lake.path=" + folder.resolve("lake"),
                "backbone.kind=none",
                "backbone.vector-length=8",
                "embedding.kind=" + kind,
                "embedding.dimensions=" + LENGTH,
                "quantization.gradient=" + gradient,
                "loss.margin=0",
                "loss.classification=0");

        assertThat(err).isEmpty();
        assertThat(code).isZero();
        assertThat(out).contains("skipped 4 images").contains("base.fvecs/000000600 (CORRUPT)");
        final ModelManifest manifest = model().manifest();
        assertThat(manifest.labels()).isEmpty();
        assertThat(manifest.backbone()).isEqualTo("none");
        final Codebooks codebooks = model().codebooks();
        try (OnnxEmbedder embedder = new OnnxEmbedder(model().read(ModelDirectory.ENCODER), 0, 1)) {
            assertThat(embedder.vectorLength()).isEqualTo(LENGTH);
            final float[] embedded = embedder.embed(vectors, COUNT);
            if (kind.equals("identity")) {
                assertThat(embedded).isEqualTo(vectors);
            }
            final short[] codes = new short[COUNT * 2];
            new ResidualEncoder(codebooks).encode(embedded, COUNT, codes);
            final double[] errors = Reconstruction.meanSquaredErrors(codebooks, embedded, codes, COUNT);
            // Twelve clusters: eight codewords leave much, sixty-four sums next to nothing but their width.
            assertThat(errors[1]).isLessThan(0.5 * errors[0]);
            assertThat(errors[2]).isLessThan(0.15 * errors[0]);
        }
    }

    @Test
    void labelledVectorsTrainAnEmbedding() throws IOException {
        vectors();
        final List<String> lines = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            // A third of them shows a second class.
            lines.add(String.format("base.fvecs/%09d %s", i, "c" + i % 3 + (i % 12 < 4 ? ",d" : "")));
        }
        Files.write(folder.resolve("list.txt"), lines);
        final int code = train(
                "train.lake.kind=vectors",
                "train.lake.path=" + folder.resolve("lake"),
                "train.lake.list=" + folder.resolve("list.txt"),
                "train.epochs=8",
                "train.semantic-epochs=6",
                "train.optimizer.learning-rate=0.01",
                "backbone.kind=none",
                "backbone.vector-length=8",
                "backbone.dropout=0",
                "embedding.kind=tanh",
                "embedding.dimensions=6");

        assertThat(err).isEmpty();
        assertThat(code).isZero();
        assertThat(model().manifest().labels()).containsExactly("c0", "c1", "c2", "d");
        assertThat((Double) model().manifest().metrics().get("trainingAccuracy"))
                .isGreaterThan(0.8);
    }

    @Test
    void imagesMayLackLabels() throws IOException {
        TinyLake.write(folder.resolve("lake"), 8);
        final int code = train(
                "train.lake.path=" + folder.resolve("lake"),
                "image.resize=16",
                "image.crop=12",
                "backbone.kind=simple-cnn",
                "backbone.width=4",
                "embedding.dimensions=6",
                "quantization.codewords=4",
                "quantization.gradient=codebooks-only",
                "train.batch-size=4",
                "loss.margin=0",
                "loss.classification=0");

        assertThat(err).isEmpty();
        assertThat(code).isZero();
        assertThat(out).contains("24 images, without labels");
        assertThat(model().manifest().labels()).isEmpty();
    }

    @Test
    void vectorsAndBackbonesDoNotMix() throws IOException {
        vectors();
        assertThat(train("train.lake.kind=vectors", "train.lake.path=" + folder.resolve("lake")))
                .isEqualTo(1);
        assertThat(err).contains("backbone.kind = none");
        assertThat(train(
                        "train.lake.kind=vectors",
                        "train.lake.path=" + folder.resolve("lake"),
                        "backbone.kind=none",
                        "embedding.kind=identity",
                        "embedding.dimensions=9",
                        "loss.margin=0",
                        "loss.classification=0"))
                .isEqualTo(2);
        assertThat(err).contains("604 of 604").contains("UNKNOWN_FORMAT");
    }
}

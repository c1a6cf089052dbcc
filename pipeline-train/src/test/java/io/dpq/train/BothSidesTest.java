package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.DpqConfig;
import io.dpq.lake.Lake;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import io.dpq.network.NetworkZip;
import io.dpq.train.data.BatchRecipe;
import io.dpq.train.data.TrainingData;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

/** What training measures of images and of their mirror images, on real Spark. */
class BothSidesTest {
    private static final int PER_CLASS = 6;

    @TempDir
    private static Path folder;

    private static SparkSession session;

    @BeforeAll
    static void start() throws IOException {
        session = LocalSpark.session();
        TinyLake.write(folder, PER_CLASS);
        // Of each image of one class, its mirror image.
        for (int i = 0; i < PER_CLASS; i++) {
            final BufferedImage image =
                    ImageIO.read(folder.resolve("red/image" + i + ".png").toFile());
            final BufferedImage mirrored =
                    new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
            mirrored.createGraphics().drawImage(image, image.getWidth(), 0, -image.getWidth(), image.getHeight(), null);
            final File file = folder.resolve("red/mirrored" + i + ".png").toFile();
            ImageIO.write(mirrored, "png", file);
        }
    }

    @AfterAll
    static void stop() {
        session.close();
    }

    private static TrainSettings settings(final boolean mirror) {
        return TrainSettings.from(DpqConfig.load(
                null,
                List.of(
                        "seed=1",
                        "model.path=m",
                        "train.lake.path=" + folder,
                        "image.resize=" + TinyLake.SIDE,
                        "image.crop=" + TinyLake.SIDE,
                        "image.deviation=[64,64,64]",
                        "image.mirror=" + mirror,
                        "backbone.kind=simple-cnn",
                        "backbone.width=4",
                        "embedding.dimensions=6",
                        "quantization.levels=2",
                        "quantization.codewords=4")));
    }

    private static TrainingData data(final TrainSettings settings) {
        return TrainingData.load(
                LocalSpark.context(session),
                Lake.open(session, settings.lake()),
                folder.toString(),
                settings.input(),
                0,
                line -> {});
    }

    private static BatchRecipe recipe(final TrainSettings settings, final NetworkSpec spec) {
        return new BatchRecipe(settings.input(), new NetworkBatches(spec), settings.augmentation(), settings.seed());
    }

    private static NetworkSpec spec(final TrainSettings settings) {
        return settings.spec(LabelVectors.orthonormal(3, 6, 1), 1, Optional.empty(), false);
    }

    private static Map<String, float[]> embeddings(final ComputationGraph graph, final boolean mirror) {
        final TrainSettings settings = settings(mirror);
        final JavaSparkContext spark = LocalSpark.context(session);
        final Broadcast<byte[]> network = spark.broadcast(NetworkZip.write(graph, false));
        try (TrainingData data = data(settings)) {
            final RowEmbedder embedder = new RowEmbedder(network, recipe(settings, spec(settings)), 4);
            final Map<Long, String> ids = data.rows().map(row -> new Tuple2<>(row.key(), row.id())).collect().stream()
                    .collect(Collectors.toMap(Tuple2::_1, Tuple2::_2));
            final Map<String, float[]> found = new TreeMap<>();
            final List<EmbeddedRow> rows = data.rows()
                    .map(row -> new Tuple2<>(0, row))
                    .mapPartitions(embedder)
                    .collect();
            rows.forEach(row -> found.put(ids.get(row.key()), row.embedding()));
            return found;
        }
    }

    @Test
    void anImageAndItsMirrorImageHaveOneEmbedding() {
        final ComputationGraph graph = DpqNetwork.build(spec(settings(true)));
        final Map<String, float[]> plain = embeddings(graph, false);
        final Map<String, float[]> both = embeddings(graph, true);
        for (int i = 0; i < PER_CLASS; i++) {
            final String name = "red/image" + i + ".png";
            final float[] image = both.get(name);
            final float[] asItIs = plain.get(name);
            final float[] mirrored = plain.get("red/mirrored" + i + ".png");
            assertThat(both.get("red/mirrored" + i + ".png")).containsExactly(image, within(1e-6f));
            assertThat(image).isNotEqualTo(asItIs);
            for (int d = 0; d < image.length; d++) {
                assertThat(image[d]).isCloseTo((asItIs[d] + mirrored[d]) / 2, within(1e-6f));
            }
        }
    }

    @Test
    void momentsAreThoseOfTheSampleHoweverRowsLieInPartitions() {
        final TrainSettings settings = settings(false);
        final BatchRecipe recipe = recipe(settings, spec(settings));
        try (TrainingData data = data(settings)) {
            final float[][] all = PatchMoments.of(data.rows(), recipe, 2, 1).whitening();
            final float[][] half = PatchMoments.of(data.rows(), recipe, 0.5, 1).whitening();
            assertThat(Arrays.deepEquals(half, all)).isFalse();
            assertThat(PatchMoments.of(data.rows().repartition(3), recipe, 0.5, 1)
                            .whitening())
                    .isDeepEqualTo(half);
            assertThat(PatchMoments.of(data.rows(), recipe, 0.5, 2).whitening()).isNotEqualTo(half);
        }
    }
}

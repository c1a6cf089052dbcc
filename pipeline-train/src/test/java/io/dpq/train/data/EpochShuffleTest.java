package io.dpq.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.image.Augmentation;
import io.dpq.image.ImageContract;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.train.LocalSpark;
import io.dpq.train.TinyLake;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** What reaches the workers, batch by batch. */
class EpochShuffleTest {
    private static final ImageContract CONTRACT = new ImageContract(
            ImageContract.VERSION,
            ImageContract.Fit.STRETCH,
            TinyLake.SIDE,
            TinyLake.SIDE - 4,
            List.of(0.0, 0.0, 0.0),
            List.of(1.0, 1.0, 1.0),
            1_000_000,
            1_000_000);
    private static final int PER_CLASS = 9;

    @TempDir
    private static Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (final AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    @Test
    void anEpochDealsEveryRowOnceAndEachEpochAnew() throws IOException {
        final TrainingData data = data(spark(LocalSpark.conf()));
        final EpochPlan plan = new EpochPlan(27, 2, 4, 2);
        final List<String> first = epoch(data, plan, 0, false);
        final List<String> second = epoch(data, plan, 1, false);
        assertThat(first).hasSize(24).doesNotHaveDuplicates();
        assertThat(second).hasSize(24).doesNotHaveDuplicates().isNotEqualTo(first);
        assertThat(new HashSet<>(second)).isNotEqualTo(new HashSet<>(first));
        assertThat(epoch(data, plan, 0, false)).isEqualTo(first);
    }

    @Test
    void augmentationIsFreshInEveryEpochAndDrawnFromTheSeed() throws IOException {
        final TrainingData data = data(spark(LocalSpark.conf()));
        final EpochPlan plan = new EpochPlan(27, 1, 27, 1);
        final List<String> plain = epoch(data, plan, 0, false);
        final List<String> first = epoch(data, plan, 0, true);
        assertThat(epoch(data, plan, 0, true)).isEqualTo(first);
        assertThat(first).isNotEqualTo(plain);
        final List<String> both = new ArrayList<>(first);
        both.retainAll(epoch(data, plan, 1, true));
        // One of 50 crops and mirrorings may come twice by chance, not all of them.
        assertThat(both).hasSizeLessThan(9);
    }

    @Test
    void anImageIsMirroredInEveryOtherEpoch() throws IOException {
        final TrainingData data = data(spark(LocalSpark.conf()));
        final EpochPlan plan = new EpochPlan(27, 1, 27, 1);
        final Augmentation mirroring = Augmentation.cropAndFlip(false, true);
        final Set<String> first = new HashSet<>(epoch(data, plan, 0, mirroring));
        final Set<String> second = new HashSet<>(epoch(data, plan, 1, mirroring));
        assertThat(new HashSet<>(epoch(data, plan, 2, mirroring))).isEqualTo(first);
        assertThat(second).hasSameSizeAs(first).doesNotContainAnyElementsOf(first);
        final Set<String> plain = new HashSet<>(epoch(data, plan, 0, false));
        final Set<String> both = new HashSet<>(first);
        both.addAll(second);
        assertThat(both).as("each is plain in one of the two").containsAll(plain);
        assertThat(first).as("not all at once").isNotEqualTo(plain);
        assertThat(second).isNotEqualTo(plain);
    }

    @Test
    void kryoWithTheRegistratorCarriesRows() throws IOException {
        final TrainingData data = data(spark(LocalSpark.conf()
                .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
                .set("spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator")));
        assertThat(epoch(data, new EpochPlan(27, 2, 4, 2), 0, false)).hasSize(24);
    }

    private JavaSparkContext spark(final SparkConf conf) {
        final SparkSession session = SparkSession.builder().config(conf).getOrCreate();
        open.add(session);
        return LocalSpark.context(session);
    }

    private TrainingData data(final JavaSparkContext spark) throws IOException {
        TinyLake.write(folder, PER_CLASS);
        final SparkSession session = SparkSession.active();
        final Lake lake = Lake.open(
                session,
                new LakeSettings("train.lake", LakeSettings.Kind.DIRECTORY, folder.toString(), Optional.empty()));
        final TrainingData data =
                TrainingData.load(spark, lake, folder.toString(), InputContract.ofImages(CONTRACT), 0, line -> {});
        assertThat(data.summary().usable()).isEqualTo(3 * PER_CLASS);
        return data;
    }

    /** A fingerprint of every image of an epoch, in the order of rounds, workers and batches. */
    private static List<String> epoch(
            final TrainingData data, final EpochPlan plan, final int epoch, final boolean augment) {
        return epoch(data, plan, epoch, Augmentation.cropAndFlip(augment, augment));
    }

    private static List<String> epoch(
            final TrainingData data, final EpochPlan plan, final int epoch, final Augmentation augmentation) {
        final BatchRecipe recipe =
                new BatchRecipe(InputContract.ofImages(CONTRACT), EpochShuffleTest::batch, augmentation, 3);
        final List<String> images = new ArrayList<>();
        final JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(data.rows().context());
        try (EpochShuffle shuffle = new EpochShuffle(spark, data, plan, epoch, 3)) {
            for (int round = 0; round < plan.rounds(); round++) {
                final List<List<MultiDataSet>> workers =
                        shuffle.round(round, recipe).glom().collect();
                assertThat(workers).hasSize(plan.workers());
                for (final List<MultiDataSet> batches : workers) {
                    assertThat(batches).hasSize(plan.batchesIn(round));
                    for (final MultiDataSet batch : batches) {
                        final float[][] rows = batch.getFeatures(0).toFloatMatrix();
                        assertThat(rows).hasDimensions(plan.batchSize(), CONTRACT.tensorLength());
                        Stream.of(rows).forEach(row -> images.add(Integer.toHexString(Arrays.hashCode(row))));
                    }
                }
            }
        }
        return images;
    }

    private static MultiDataSet batch(final float[] images, final int[][] labels) {
        return new org.nd4j.linalg.dataset.MultiDataSet(
                Nd4j.createFromArray(images).reshape(labels.length, images.length / labels.length),
                Nd4j.create(labels.length, 1));
    }
}

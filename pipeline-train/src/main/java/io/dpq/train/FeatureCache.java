package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * What the frozen part of a network yields of every image, computed once and stored as Parquet in a folder whose name is a
 * fingerprint of all that decides it: the frozen part, the decode contract, the classes, and every image with its labels. A
 * folder that was written to its end is used again. For the driver.
 */
final class FeatureCache implements AutoCloseable {
    private static final String WRITTEN = "_SUCCESS";
    private static final int NAME_LENGTH = 32;

    private final Path folder;
    private final FileSystem fileSystem;
    private final JavaRDD<TrainRow> rows;
    private final TrainingData data;

    private FeatureCache(
            final Path folder, final FileSystem fileSystem, final JavaRDD<TrainRow> rows, final TrainingData data) {
        this.folder = folder;
        this.fileSystem = fileSystem;
        this.rows = rows;
        this.data = data;
    }

    /**
     * Computes the features of data, or finds them.
     *
     * @param root folder of caches
     * @param onnx the frozen part: images [N, 3, S, S] to [N, length]
     * @param images how images are decoded
     * @param say takes lines of progress
     * @throws UserException where the folder cannot be written
     */
    static FeatureCache of(
            final SparkSession session,
            final TrainingData data,
            final String root,
            final byte[] onnx,
            final BatchRecipe images,
            final ImageContract contract,
            final int batchSize,
            final int threads,
            final Consumer<String> say) {
        final JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        spark.sc().setJobDescription("train: fingerprint the images");
        final Path folder = new Path(root, fingerprint(data, onnx, contract));
        try {
            final FileSystem fileSystem = folder.getFileSystem(spark.hadoopConfiguration());
            if (fileSystem.exists(new Path(folder, WRITTEN))
                    && session.read().parquet(folder.toString()).count()
                            == data.summary().usable()) {
                say.accept("using the features stored at " + folder);
            } else {
                say.accept("computing the frozen layers once for " + data.summary().usable()
                        + " images; augmentation does not reach below them");
                spark.sc().setJobDescription("train: compute the frozen layers");
                final Broadcast<byte[]> sent = spark.broadcast(onnx);
                session.createDataFrame(
                                data.rows().mapPartitions(new FeatureTask(sent, images, contract, batchSize, threads)),
                                FeatureTask.SCHEMA)
                        .write()
                        .mode(SaveMode.Overwrite)
                        .parquet(folder.toString());
                sent.destroy();
                say.accept("stored the features at " + folder);
            }
            final JavaRDD<TrainRow> rows = session.read()
                    .schema(FeatureTask.SCHEMA)
                    .parquet(folder.toString())
                    .toJavaRDD()
                    .map(FeatureTask::read)
                    .persist(StorageLevel.MEMORY_AND_DISK_SER());
            return new FeatureCache(folder, fileSystem, rows, data.with(rows));
        } catch (final IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "Features cannot be stored at " + folder + " (" + e.getMessage()
                            + "), so correct train.feature-cache.path.",
                    e);
        }
    }

    /** Training data whose rows hold features instead of images. */
    TrainingData data() {
        return data;
    }

    /** Removes the stored features. */
    void delete() throws IOException {
        fileSystem.delete(folder, true);
        // Fails, as it should, where other caches are beside it.
        if (fileSystem.listStatus(folder.getParent()).length == 0) {
            fileSystem.delete(folder.getParent(), false);
        }
    }

    @Override
    public void close() {
        rows.unpersist(false);
    }

    private static String fingerprint(final TrainingData data, final byte[] onnx, final ImageContract contract) {
        final long[] images = data.rows().map(FeatureCache::hash).reduce(FeatureCache::sum);
        final MessageDigest digest = sha256();
        digest.update(onnx);
        digest.update(ContractJson.write(contract).getBytes(StandardCharsets.UTF_8));
        digest.update(String.join("\n", data.classes()).getBytes(StandardCharsets.UTF_8));
        digest.update(ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(images[0])
                .putLong(images[1])
                .array());
        return HexFormat.of().formatHex(digest.digest()).substring(0, NAME_LENGTH);
    }

    /** Half of a row's SHA-256 as two numbers, whose sums over all rows do not depend on the order. */
    private static long[] hash(final TrainRow row) {
        final MessageDigest digest = sha256();
        digest.update(row.id().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        for (final int label : row.labels()) {
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(label).array());
        }
        digest.update((byte) 0);
        digest.update(row.content());
        final ByteBuffer hash = ByteBuffer.wrap(digest.digest());
        return new long[] {hash.getLong(), hash.getLong()};
    }

    private static long[] sum(final long[] one, final long[] other) {
        return new long[] {one[0] + other[0], one[1] + other[1]};
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}

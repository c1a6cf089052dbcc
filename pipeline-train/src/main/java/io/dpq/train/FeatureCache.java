package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.job.ResourcePlan;
import io.dpq.storage.Hashes;
import io.dpq.train.data.ContractJson;
import io.dpq.train.data.TrainRow;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the frozen part of a network yields of every image, computed once and stored as Parquet on any Hadoop file system. A file
 * named after a fingerprint of all that decides the features (the frozen part, the decode contract, every image with its labels)
 * is written last and names the folder that holds them, a new one for every writing: whatever is killed, or writes at the same
 * time, nobody follows a name to a half. For the driver.
 */
final class FeatureCache {
    private static final Logger LOG = LoggerFactory.getLogger(FeatureCache.class);
    private static final String WHOLE = ".whole";
    private static final String FOLDER = "features-";
    private static final int NAME_LENGTH = 32;
    private static final double MIB = 1 << 20;
    /** A folder that no file names is another training's, which still writes it, or was left behind by a killed one. */
    private static final Duration LEFT_BEHIND = Duration.ofDays(1);

    private final SparkSession session;
    private final TrainSettings settings;
    private final FileSystem files;
    private final Path root;
    private final List<String> classes;
    private final byte[] frozen;
    private final int length;
    private final Consumer<String> say;
    private final List<Path> used = new ArrayList<>();

    private FeatureCache(
            final SparkSession session,
            final TrainSettings settings,
            final FileSystem files,
            final Path root,
            final List<String> classes,
            final byte[] frozen,
            final int length,
            final Consumer<String> say) {
        this.session = session;
        this.settings = settings;
        this.files = files;
        this.root = root;
        this.classes = classes;
        this.frozen = frozen;
        this.length = length;
        this.say = say;
    }

    /**
     * Opens the configured folder, which need not exist.
     *
     * @param classes class names, which labels are indices into
     * @param frozen the frozen part as ONNX: images [N, 3, S, S] to [N, length]
     * @param say takes lines of progress
     * @throws UserException where nothing can be written there
     */
    static FeatureCache open(
            final SparkSession session,
            final TrainSettings settings,
            final List<String> classes,
            final byte[] frozen,
            final int length,
            final Consumer<String> say) {
        final String path = settings.featureCache().path();
        try {
            final Path root = new Path(path);
            final FileSystem files = root.getFileSystem(session.sparkContext().hadoopConfiguration());
            files.mkdirs(root);
            return new FeatureCache(session, settings, files, files.makeQualified(root), classes, frozen, length, say);
        } catch (IOException | IllegalArgumentException e) {
            throw unusable(path, e);
        }
    }

    private static UserException unusable(final String path, final Exception cause) {
        return UserException.data(
                "Features cannot be stored at " + path + " (" + cause.getMessage()
                        + "); correct train.feature-cache.path or model.path.",
                cause);
    }

    /**
     * Rows whose content is the features of images, in no particular order: found, or computed.
     *
     * @param images usable rows
     * @param count of those
     * @param digest of their ids, labels and contents
     * @param what they are, for messages
     */
    JavaRDD<TrainRow> of(final JavaRDD<TrainRow> images, final int count, final String digest, final String what) {
        final Path name = new Path(root, fingerprint(digest) + WHOLE);
        used.add(name);
        try {
            final Optional<Path> found = find(name, count);
            found.ifPresent(
                    folder -> say.accept("using the features of " + count + " " + what + " stored at " + folder));
            final Path folder = found.isPresent() ? found.get() : compute(name, images, count, what);
            return session.read()
                    .schema(FeatureTask.SCHEMA)
                    .parquet(folder.toString())
                    .toJavaRDD()
                    .map(FeatureTask::read);
        } catch (IOException e) {
            throw unusable(root.toString(), e);
        }
    }

    private String fingerprint(final String digest) {
        return Hashes.of(out -> {
                    out.writeUTF(ContractJson.write(settings.image()));
                    out.writeUTF(digest);
                    out.writeInt(classes.size());
                    for (final String name : classes) {
                        out.writeUTF(name);
                    }
                    out.write(frozen);
                })
                .substring(0, NAME_LENGTH);
    }

    /** The folder of features that are all there; somebody may have removed it, or files of it. */
    private Optional<Path> find(final Path name, final int count) throws IOException {
        final Optional<Path> folder = folder(name);
        return folder.isPresent()
                        && files.exists(folder.get())
                        && session.read()
                                        .schema(FeatureTask.SCHEMA)
                                        .parquet(folder.get().toString())
                                        .count()
                                == count
                ? folder
                : Optional.empty();
    }

    /** The folder that a file names; a file that was torn names none. */
    private Optional<Path> folder(final Path name) throws IOException {
        if (!files.exists(name)) {
            return Optional.empty();
        }
        try (InputStream in = files.open(name)) {
            final String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.matches(FOLDER + "[0-9a-f-]{36}") ? Optional.of(new Path(root, text)) : Optional.empty();
        } catch (ChecksumException e) {
            return Optional.empty();
        }
    }

    private Path compute(final Path name, final JavaRDD<TrainRow> images, final int count, final String what)
            throws IOException {
        removeLeftovers();
        say.accept(String.format(
                Locale.ROOT,
                "computing the frozen layers once for %d %s: %d features each, at most %.1f MiB at %s",
                count,
                what,
                length,
                count * (double) length * Float.BYTES / MIB,
                root));
        final JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        spark.sc().setJobDescription("dpq train: compute the frozen layers of " + what);
        final Path folder = new Path(root, FOLDER + UUID.randomUUID());
        final Broadcast<byte[]> sent = spark.broadcast(frozen);
        try {
            session.createDataFrame(
                            images.mapPartitions(new FeatureTask(
                                    sent,
                                    settings.input(),
                                    settings.image().crop(),
                                    settings.batchSize(),
                                    ResourcePlan.from(settings.config()).threadsPerTask())),
                            FeatureTask.SCHEMA)
                    .write()
                    .mode(SaveMode.ErrorIfExists)
                    .parquet(folder.toString());
        } finally {
            sent.destroy();
        }
        try (OutputStream out = files.create(name, true)) {
            out.write(folder.getName().getBytes(StandardCharsets.UTF_8));
        }
        return folder;
    }

    private void removeLeftovers() throws IOException {
        final List<Path> named = new ArrayList<>();
        final List<FileStatus> present = List.of(files.listStatus(root));
        for (final FileStatus file : present) {
            if (file.getPath().getName().endsWith(WHOLE)) {
                folder(file.getPath()).map(Path::getName).ifPresent(folder -> named.add(new Path(root, folder)));
            }
        }
        final long old = System.currentTimeMillis() - LEFT_BEHIND.toMillis();
        for (final FileStatus file : present) {
            if (file.getPath().getName().startsWith(FOLDER)
                    && !named.contains(file.getPath())
                    && file.getModificationTime() < old) {
                files.delete(file.getPath(), true);
            }
        }
    }

    /** Ends what succeeded: the features are removed, unless they are to be kept for later trainings. */
    void done() {
        if (settings.featureCache().keep()) {
            return;
        }
        try {
            for (final Path name : used) {
                final Optional<Path> folder = folder(name);
                files.delete(name, false);
                if (folder.isPresent()) {
                    files.delete(folder.get(), true);
                }
            }
        } catch (IOException e) {
            warn(root, e);
        }
        forget(settings, session.sparkContext().hadoopConfiguration());
    }

    /** Removes all that lies beside the model of a training that is over, unless it is to be kept. */
    static void forget(final TrainSettings settings, final Configuration hadoop) {
        if (settings.featureCache().besideModel() && !settings.featureCache().keep()) {
            final Path root = new Path(settings.featureCache().path());
            try {
                root.getFileSystem(hadoop).delete(root, true);
            } catch (IOException e) {
                warn(root, e);
            }
        }
    }

    /** The training is over and its model is where it belongs: what is left over is no failure. */
    private static void warn(final Path root, final IOException cause) {
        LOG.warn("Cannot remove the features at {}: {}", root, cause.toString());
    }
}

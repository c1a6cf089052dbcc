package io.dpq.encode;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.storage.Hashes;
import io.dpq.storage.WriteLock;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import scala.Function1;

/**
 * Packs a lake of images into Parquet files of even row groups, which jobs read as a lake of kind {@code parquet}: some
 * hundred thousand times fewer files, with the same ids, labels and bytes. The folder appears when it is complete; run again
 * after a crash, the job writes only the files that are missing. Stateless.
 */
public final class PackJob implements Job {
    private static final String LAKE = "pack.lake";
    /** Files whose footers one task reads. */
    private static final int FOOTERS = 20;

    /** Stateless. */
    public PackJob() {}

    @Override
    public String name() {
        return "pack";
    }

    @Override
    public String description() {
        return "Pack a lake of many small images into Parquet files that jobs read as a lake of kind parquet.";
    }

    @Override
    public Class<?> mainClass() {
        return Pack.class;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        final Settings settings = Settings.from(config);
        return List.of(
                "Pack the lake " + settings.lake().path() + " ("
                        + DpqConfig.kebab(settings.lake().kind()) + ") into Parquet files of about "
                        + (settings.fileBytes() >> 20) + " MiB with row groups of about "
                        + (settings.rowGroupBytes() >> 20) + " MiB.",
                "The folder " + settings.output() + " appears when all of them are written.");
    }

    /** The job's own keys, checked. */
    private record Settings(LakeSettings lake, String output, long fileBytes, long rowGroupBytes, long maxBytes) {
        static Settings from(final DpqConfig config) {
            final LakeSettings lake = LakeSettings.from(config, LAKE);
            if (lake.holdsVectors()) {
                throw config.wrong(LAKE + ".kind", "a kind of images");
            }
            return new Settings(
                    lake,
                    config.string("pack.output"),
                    size(config, "pack.file-bytes"),
                    size(config, "pack.row-group-bytes"),
                    config.bytes("image.max-bytes"));
        }

        private static long size(final DpqConfig config, final String key) {
            final long bytes = config.bytes(key);
            if (bytes < 1 << 10 || bytes > 1L << 40) {
                throw config.wrong(key, "a size from 1KiB to 1TiB");
            }
            return bytes;
        }
    }

    @Override
    public Outcome run(final JobContext context) throws IOException {
        final Settings settings = Settings.from(context.config());
        final SparkSession spark = context.spark();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final PackFolder folder = PackFolder.at(settings.output(), hadoop);
        folder.requireWritable();
        spark.sparkContext()
                .setJobDescription("dpq pack: list " + settings.lake().path());
        final Lake lake = Lake.open(spark, settings.lake());
        final JavaRDD<Row> rows = lake.read(
                        lake.listing(), Partitions.ofContent(settings.fileBytes()), settings.maxBytes())
                .select("id", "labels", "length", "content", "error", "modified")
                .toJavaRDD();
        final String fingerprint = fingerprint(settings, lake.listing(), rows.getNumPartitions());
        // Without the lock, which takes a right to write that a folder that is whole may not be given any more.
        if (!isDone(context, settings, folder, fingerprint)) {
            try (WriteLock lock = folder.lock()) {
                // Another job may have ended while this one waited.
                if (!isDone(context, settings, folder, fingerprint)) {
                    pack(context, settings, folder, lock, new Content(lake.listing(), rows, fingerprint));
                }
            }
        }
        return Outcome.DONE;
    }

    private static boolean isDone(
            final JobContext context, final Settings settings, final PackFolder folder, final String fingerprint)
            throws IOException {
        final boolean done = folder.isComplete(fingerprint);
        if (done) {
            context.out().println(settings.output() + " holds this lake already; nothing was left to do.");
        }
        return done;
    }

    /**
     * What is packed.
     *
     * @param listing of the lake
     * @param rows of it with their content, a partition a file
     * @param fingerprint of both
     */
    private record Content(Dataset<Row> listing, JavaRDD<Row> rows, String fingerprint) {}

    private static void pack(
            final JobContext context,
            final Settings settings,
            final PackFolder folder,
            final WriteLock lock,
            final Content content)
            throws IOException {
        final SparkContext spark = context.spark().sparkContext();
        final int files = content.rows().getNumPartitions();
        final Row total = content.listing()
                .agg(functions.count("*"), functions.sum("length"))
                .head();
        final Set<Integer> written = folder.begin(content.fingerprint());
        context.out()
                .printf(
                        Locale.ROOT,
                        "%d images, %.1f MiB, into %d files%s%n",
                        total.getLong(0),
                        total.getLong(1) / 1048576.0,
                        files,
                        written.isEmpty() ? "" : ", of which an earlier attempt wrote " + written.size());
        spark.setJobDescription("dpq pack: write " + settings.output());
        final PackWriter writer = new PackWriter(
                folder.parts(), settings.rowGroupBytes(), settings.maxBytes(), spark.hadoopConfiguration());
        final JavaRDD<Integer> packed = content.rows().mapPartitionsWithIndex(writer::write, false);
        final Function1<Object, Object> missing =
                (Function1<Object, Object> & Serializable) part -> !written.contains((Integer) part);
        PartitionPruningRDD.create(packed.rdd(), missing).toJavaRDD().count();
        spark.setJobDescription("dpq pack: count what " + settings.output() + " holds");
        final PackFolder.Packed found = JavaSparkContext.fromSparkContext(spark)
                .parallelize(IntStream.range(0, files).boxed().toList(), 1 + files / FOOTERS)
                .map(writer::written)
                .reduce(PackFolder.Packed::plus);
        if (!lock.isHeld()) {
            throw UserException.data("Another job took over the folder " + settings.output()
                    + " while this one stood still, so nothing was published; wait until that one is done.");
        }
        final PackFolder.Packed result = folder.publish(content.fingerprint(), found, total.getLong(0));
        context.out()
                .printf(
                        Locale.ROOT,
                        "%s holds %d images in %d files of %d row groups; read it as a lake of kind parquet.%n",
                        settings.output(),
                        result.rows(),
                        result.files(),
                        result.rowGroups());
    }

    /** Tells whether two runs would write the same files: the same listing, cut in the same way. */
    private static String fingerprint(final Settings settings, final Dataset<Row> listing, final int files) {
        final String facts = Arrays.asList(listing.columns()).contains("modified")
                ? "xxhash64(id, labels, length, modified)"
                : "xxhash64(id, labels, length)";
        final Row sums = listing.agg(
                        functions.count("*"),
                        functions.expr("bit_xor(" + facts + ")"),
                        functions.expr("sum(cast(" + facts + " as decimal(38)))"))
                .head();
        final String told = settings.lake().kind() + "|" + settings.lake().path() + "|" + settings.fileBytes() + "|"
                + settings.rowGroupBytes() + "|" + settings.maxBytes() + "|" + files + "|" + sums;
        return Hashes.of(told.getBytes(StandardCharsets.UTF_8)).substring(0, 16);
    }
}

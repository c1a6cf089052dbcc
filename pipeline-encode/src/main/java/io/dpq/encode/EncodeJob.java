package io.dpq.encode;

import io.dpq.codes.CodeRun;
import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.job.ResourcePlan;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Encodes a lake into a run of the code table. An image whose id the table holds already is left as it is: its content is not
 * looked at again, so a lake that stores other bytes under an old id needs a new table. Quarantined images are tried anew in
 * every run. Stateless.
 */
public final class EncodeJob implements Job {
    private static final String LAKE = "encode.lake";
    // Staged files lie in one folder, and HDFS takes about a million entries in one.
    private static final long MOST_PARTITIONS = 100_000;
    // What a lake may count for a file beside its bytes when it cuts partitions.
    private static final long SMALL_FILE_COST = 64L << 10;

    /** Stateless. */
    public EncodeJob() {}

    @Override
    public String name() {
        return "encode";
    }

    @Override
    public String description() {
        return "Encode every image of a lake into a code table with one column per quantization level.";
    }

    @Override
    public Class<?> mainClass() {
        return Encode.class;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        final LakeSettings lake = LakeSettings.from(config, LAKE);
        final Settings settings = Settings.from(config);
        return List.of(
                "Encode the lake " + lake.path() + " (" + DpqConfig.kebab(lake.kind()) + ") with the model "
                        + settings.modelPath() + " into a new run of the code table " + settings.codesPath() + ".",
                "Engine " + DpqConfig.kebab(settings.engine()) + ", " + settings.threads()
                        + " threads a task, batches of "
                        + settings.batchSize() + " images, partitions of about " + (settings.partitionBytes() >> 10)
                        + " KiB of images.",
                "Images whose id the table holds already are skipped; what cannot be decoded goes to quarantine, and more"
                        + " than " + settings.maxQuarantineFraction()
                        + " of the images there end the job with code 4.");
    }

    /** The job's own keys, checked. */
    private record Settings(
            String modelPath,
            String codesPath,
            Engine engine,
            int threads,
            int batchSize,
            long partitionBytes,
            long rowsPerFile,
            boolean keepEmbeddings,
            double maxQuarantineFraction) {
        static Settings from(final DpqConfig config) {
            final long partitionBytes = config.bytes("encode.partition-bytes");
            if (partitionBytes < 1) {
                throw config.wrong("encode.partition-bytes", "a size such as 64MiB");
            }
            return new Settings(
                    config.string("model.path"),
                    config.string("codes.path"),
                    config.choice("encode.engine", Engine.class),
                    ResourcePlan.from(config).threadsPerTask(),
                    config.integer("encode.batch-size", 1, 4096),
                    partitionBytes,
                    config.whole("encode.rows-per-file", 1, Integer.MAX_VALUE),
                    config.bool("encode.columns.embedding"),
                    config.decimal("encode.max-quarantine-fraction", 0, 1));
        }
    }

    @Override
    public Outcome run(final JobContext context) {
        final SparkSession spark = context.spark();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final Settings settings = Settings.from(context.config());
        final ModelManifest model =
                ModelDirectory.open(settings.modelPath(), hadoop).manifest();
        Embedders.requireReadable(settings.modelPath(), model.image());
        final CodeTable table = new CodeTable(settings.codesPath(), hadoop);
        final LakeSettings lake = LakeSettings.from(context.config(), LAKE);
        requireSameLake(table, lake.path(), hadoop);
        // Before the lake is listed, which may take long; and before the table is asked what it holds.
        try (CodeRun run = table.begin(
                new CodeRun.Identity(model.modelId(), model.image().version(), model.levels(), model.codewords()))) {
            return encode(context, settings, model, table, Lake.open(spark, lake), run);
        }
    }

    /** Ids are relative to the lake's root: of two lakes in one table, equal ids would be taken for one image. */
    private static void requireSameLake(final CodeTable table, final String path, final Configuration hadoop) {
        for (final RunManifest run : table.completeRuns()) {
            final Object earlier = run.config().get(LAKE + ".path");
            if (earlier != null && !qualified(earlier.toString(), hadoop).equals(qualified(path, hadoop))) {
                throw UserException.data("The code table holds images of the lake " + earlier + " (run " + run.runId()
                        + "), and ids of the lake " + path + " could be the same; set " + LAKE
                        + ".path to the former or codes.path to another table.");
            }
        }
    }

    private static String qualified(final String path, final Configuration hadoop) {
        try {
            final Path given = new Path(path);
            return given.getFileSystem(hadoop).makeQualified(given).toString();
        } catch (IOException | IllegalArgumentException e) {
            // A path that cannot be reached any more is compared as it was written.
            return path;
        }
    }

    private static Outcome encode(
            final JobContext context,
            final Settings settings,
            final ModelManifest model,
            final CodeTable table,
            final Lake lake,
            final CodeRun run) {
        final SparkSession spark = context.spark();
        final long listed = lake.listing().count();
        final Dataset<Row> pending = pending(spark, lake, table, model);
        final Row totals = pending.agg(
                        functions.count("*"), functions.coalesce(functions.sum("length"), functions.lit(0L)))
                .head();
        final long todo = totals.getLong(0);
        context.out()
                .println(listed + " images listed, " + (listed - todo) + " already encoded, " + todo + " to encode.");

        final double seconds =
                todo == 0 ? 0 : stage(context, settings, model, lake, pending, run, todo, totals.getLong(1));
        spark.sparkContext().setJobDescription("dpq encode: publish run " + run.id());
        final RunManifest manifest = run.publish(
                spark,
                listed,
                listed - todo,
                settings.rowsPerFile(),
                context.config().flat());
        pending.unpersist();
        context.out().println(summary(manifest, seconds, settings.codesPath()));
        return verdict(context, manifest, settings.maxQuarantineFraction());
    }

    private static Dataset<Row> pending(
            final SparkSession spark, final Lake lake, final CodeTable table, final ModelManifest model) {
        if (table.completeRuns().isEmpty()) {
            return lake.listing();
        }
        final Dataset<Row> known = table.read(spark, model.modelId(), 1).select(CodeSchema.ID);
        // Kept, because the lake reads a listing more than once.
        return lake.listing()
                .join(known, lake.listing().col(CodeSchema.ID).equalTo(known.col(CodeSchema.ID)), "left_anti")
                .persist();
    }

    /** Decodes, embeds and encodes into the run's staging table; yields the seconds it took. */
    private static double stage(
            final JobContext context,
            final Settings settings,
            final ModelManifest model,
            final Lake lake,
            final Dataset<Row> pending,
            final CodeRun run,
            final long images,
            final long bytes) {
        final SparkContext spark = context.spark().sparkContext();
        final LongAccumulator encoded = spark.longAccumulator("dpq.encode.encoded");
        final LongAccumulator quarantined = spark.longAccumulator("dpq.encode.quarantined");
        final EncodeTask task = new EncodeTask(
                source(settings, model.modelId(), new SerializableConfiguration(spark.hadoopConfiguration())),
                settings.batchSize(),
                model.levels(),
                settings.keepEmbeddings(),
                spark.longAccumulator("dpq.encode.decoded"),
                encoded,
                quarantined);
        final long partitionBytes = partitionBytes(settings.partitionBytes(), images, bytes);
        spark.setJobDescription("dpq encode: " + images + " images into run " + run.id());
        try (Progress progress = new Progress(context.out(), images, encoded::sum, quarantined::sum)) {
            run.stage(task.rows(lake.read(pending, partitionBytes, model.image().maxBytes())));
            return progress.seconds();
        }
    }

    private static ModelSource source(
            final Settings settings, final String modelId, final SerializableConfiguration hadoop) {
        final String path = settings.modelPath();
        final Engine engine = settings.engine();
        final int threads = settings.threads();
        return () -> Embedders.model(path, modelId, engine, threads, hadoop.value());
    }

    /** As configured, but more where a huge lake would make too many staged files. */
    static long partitionBytes(final long configured, final long images, final long bytes) {
        return Math.max(configured, (bytes + images * SMALL_FILE_COST) / MOST_PARTITIONS);
    }

    private static String summary(final RunManifest run, final double seconds, final String codesPath) {
        final String reasons = run.quarantineReasons().isEmpty()
                ? ""
                : new TreeMap<>(run.quarantineReasons())
                        .entrySet().stream()
                                .map(e -> e.getKey().toLowerCase(Locale.ROOT) + " " + e.getValue())
                                .collect(Collectors.joining(", ", " (", ")"));
        return "Run " + run.runId() + " of " + codesPath + ": " + run.listed() + " listed = " + run.encoded()
                + " encoded + " + run.quarantined() + " quarantined" + reasons + " + " + run.unchanged() + " unchanged"
                + (seconds > 0 ? "; " + Progress.rate(run.encoded() + run.quarantined(), seconds) : "") + ".";
    }

    private static Outcome verdict(final JobContext context, final RunManifest run, final double budget) {
        final long tried = run.encoded() + run.quarantined();
        if (run.quarantined() <= budget * tried) {
            return Outcome.DONE;
        }
        context.out()
                .println("Over the failure budget: " + run.quarantined() + " of " + tried
                        + " images could not be decoded, more than the fraction " + budget
                        + " that encode.max-quarantine-fraction allows; " + "the table's folder _quarantine/run="
                        + run.runId()
                        + " says why, image by image.");
        return Outcome.OVER_BUDGET;
    }
}

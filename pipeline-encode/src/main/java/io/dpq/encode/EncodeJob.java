package io.dpq.encode;

import io.dpq.codes.CodeRun;
import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeSchema.Action;
import io.dpq.codes.CodeSchema.Extra;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.job.ResourcePlan;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Encodes a lake into a run of the code table: what is new, what has changed, and nothing else; what the lake has no more is
 * dropped from the table. Quarantined images are tried again where they have changed or the configuration asks for it.
 * Stateless.
 */
public final class EncodeJob implements Job {
    private static final String LAKE = "encode.lake";
    // Staged files lie in one folder, and HDFS takes about a million entries in one.
    private static final int MOST_PARTITIONS = 100_000;

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
                        + settings.batches() + ", partitions of about "
                        + (settings.partitions().bytes() >> 10)
                        + " KiB of images.",
                "Images that the table holds unchanged are skipped, and what the lake has no more is dropped, unless that"
                        + " is more than " + settings.maxDeletedFraction() + " of the table; "
                        + (settings.retryFailed()
                                ? "quarantined images are tried again"
                                : "quarantined images are tried again where they have changed")
                        + ". What cannot be decoded goes to quarantine, and more than "
                        + settings.maxQuarantineFraction() + " of the images tried there end the job with code 4.");
    }

    /** The job's own keys, checked. */
    private record Settings(
            String modelPath,
            String codesPath,
            Engine engine,
            int threads,
            BatchSize batches,
            Partitions partitions,
            long rowsPerFile,
            Set<Extra> extras,
            Duration decodeTimeout,
            boolean replaceModel,
            Optional<String> iceberg,
            double maxQuarantineFraction,
            double maxDeletedFraction,
            boolean retryFailed) {
        static Settings from(final DpqConfig config) {
            final long partitionBytes = config.bytes("encode.partition-bytes");
            if (partitionBytes < 1) {
                throw config.wrong("encode.partition-bytes", "a size such as 64MiB");
            }
            final Duration decodeTimeout = config.duration("encode.decode-timeout");
            if (decodeTimeout.toMillis() < 1) {
                throw config.wrong("encode.decode-timeout", "a length of time such as 2m");
            }
            return new Settings(
                    config.string("model.path"),
                    config.string("codes.path"),
                    config.choice("encode.engine", Engine.class),
                    ResourcePlan.from(config).threadsPerTask(),
                    BatchSize.from(config),
                    Partitions.of(partitionBytes).atMost(MOST_PARTITIONS),
                    config.whole("encode.rows-per-file", 1, Integer.MAX_VALUE),
                    Extras.configured(config),
                    decodeTimeout,
                    config.bool("encode.replace-model"),
                    config.optionalString("encode.iceberg.table"),
                    config.decimal("encode.max-quarantine-fraction", 0, 1),
                    config.decimal("encode.max-deleted-fraction", 0, 1),
                    config.bool("encode.retry-failed"));
        }
    }

    @Override
    public boolean resumable() {
        return true;
    }

    @Override
    public boolean retrying() {
        return true;
    }

    @Override
    public Outcome run(final JobContext context) {
        final SparkSession spark = context.spark();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final Settings settings = Settings.from(context.config());
        final ModelManifest model =
                ModelDirectory.open(settings.modelPath(), hadoop).manifest();
        Embedders.requireReadable(settings.modelPath(), model.image());
        final Optional<IcebergSink> iceberg = settings.iceberg().map(name -> new IcebergSink(spark, name));
        iceberg.ifPresent(IcebergSink::requireUsable);
        final CodeTable table = new CodeTable(settings.codesPath(), hadoop);
        final LakeSettings lake = LakeSettings.from(context.config(), LAKE);
        lake.requireFits(Embedders.takesVectors(model), settings.modelPath());
        requireSameLake(table, lake.path(), hadoop);
        // Before the lake is listed, which may take long; and before the table is asked what it holds.
        final boolean replaces = settings.replaceModel()
                && table.completeRuns().stream().anyMatch(r -> !r.modelId().equals(model.modelId()));
        try (CodeRun run = table.begin(
                new CodeRun.Identity(model.modelId(), model.image().version(), model.levels(), model.codewords()),
                new CodeRun.Beginning(context.resume(), replaces))) {
            // Once more, since another run may have been published while this one waited for the lock.
            requireSameLake(table, lake.path(), hadoop);
            if (!replaces) {
                Extras.requireSame(table, settings.extras());
            }
            spark.sparkContext().setJobDescription("dpq encode: list " + lake.path());
            final Lake images = Lake.open(spark, lake);
            final Optional<Dataset<Row>> state =
                    replaces || table.completeRuns().isEmpty()
                            ? Optional.empty()
                            : Optional.of(table.state(spark, model.modelId()));
            if (replaces) {
                context.out()
                        .println("The table " + settings.codesPath()
                                + " holds codes of another model; all images are encoded beside them, and replace them when"
                                + " the run is complete.");
            }
            if (replaces) {
                requireFewLost(context, settings, table, images);
            }
            // While the run still holds the lock: what is appended twice would be there twice.
            final Runnable copy = () -> iceberg.ifPresent(sink -> context.out()
                    .println(
                            sink.update(table)
                                    ? "The Iceberg table " + settings.iceberg().orElse("") + " has it as well."
                                    : "The Iceberg table " + settings.iceberg().orElse("") + " lacked nothing."));
            return encode(context, settings, model, new Work(state, images, run, replaces, copy));
        }
    }

    /**
     * What a night works on.
     *
     * @param state of the table, where it holds anything that counts
     * @param lake to encode
     * @param run to write
     * @param replaces whether the run takes the place of all codes there are
     * @param afterwards once it is published
     */
    private record Work(Optional<Dataset<Row>> state, Lake lake, CodeRun run, boolean replaces, Runnable afterwards) {}

    /** Codes of another model go when the new ones are there; those of images that the lake has lost go for good. */
    private static void requireFewLost(
            final JobContext context, final Settings settings, final CodeTable table, final Lake lake) {
        final List<RunManifest> runs = table.completeRuns();
        final Dataset<Row> known = table.state(
                        context.spark(), runs.get(runs.size() - 1).modelId())
                .select(functions.col(CodeSchema.ID).as("known_id"));
        final Dataset<Row> listing = lake.listing();
        final long lost = known.join(listing, known.col("known_id").equalTo(listing.col(CodeSchema.ID)), "left_anti")
                .count();
        requireFewDeleted(context, settings, lost, known.count());
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
            final JobContext context, final Settings settings, final ModelManifest model, final Work work) {
        final SparkSession spark = context.spark();
        final Lake lake = work.lake();
        final CodeRun run = work.run();
        // Where nothing is known, a lake that can be read as a whole need not be listed image by image.
        final Optional<Lake.Whole> whole = work.state().isPresent()
                ? Optional.empty()
                : lake.whole(settings.partitions(), model.image().maxBytes());
        final Dataset<Row> listing = whole.isPresent() ? lake.listing() : run.listed(lake.listing());
        final long listed = whole.map(Lake.Whole::count).orElseGet(listing::count);
        final Plan made =
                whole.isPresent() ? new Plan(Changes.first(listing), 0) : plan(context, settings, model, work, listing);
        final Dataset<Row> plan = made.rows();
        final Map<String, Long> actions = whole.isPresent() ? Map.of(Action.NEW.stored(), listed) : actions(plan);
        final long deleted = count(actions, Action.DELETED);
        final long planned =
                actions.values().stream().mapToLong(Long::longValue).sum();
        final long unchanged = listed - (planned - deleted);
        requireFewDeleted(context, settings, deleted, listed - count(actions, Action.NEW) + deleted);
        context.out().println(overview(actions, listed, unchanged));

        final Dataset<Row> reused = run.reuse(plan, made(settings, model), settings.extras());
        final long taken = reused.count();
        if (context.resume()) {
            context.out()
                    .println(
                            taken == 0
                                    ? "No crashed run has left anything that can be used; all is encoded."
                                    : taken + " images were encoded by a run that crashed and are not encoded again.");
        }
        if (whole.isPresent() && taken > 0 && listing.count() != listed) {
            throw UserException.data("The lake " + context.config().string(LAKE + ".path")
                    + " has changed since it was listed; run the job again when nothing writes to the lake.");
        }
        final long images =
                count(actions, Action.NEW) + count(actions, Action.CHANGED) + count(actions, Action.RETRIED) - taken;
        final double seconds = images == 0
                ? 0
                : stage(
                        context,
                        settings,
                        model,
                        whole.filter(all -> taken == 0)
                                .map(Lake.Whole::rows)
                                .orElseGet(() -> contents(
                                        lake,
                                        listing,
                                        settings,
                                        model,
                                        plan,
                                        taken == 0 ? Optional.empty() : Optional.of(reused))),
                        run,
                        images);
        run.measured(Map.of("imagesReused", taken, "encodeMillis", Math.round(1000 * seconds), "batchSize", (long)
                settings.batches().of(model)));
        if (work.replaces()) {
            final Map<String, Long> reasons = run.quarantined();
            final long refused =
                    reasons.values().stream().mapToLong(Long::longValue).sum();
            if (refused > settings.maxQuarantineFraction() * listed) {
                context.out()
                        .println("Over the failure budget: " + refused + " of " + listed
                                + " images could not be decoded, more than the fraction "
                                + settings.maxQuarantineFraction()
                                + " that encode.max-quarantine-fraction allows" + told(reasons)
                                + "; the old codes stay and nothing was published. Mend the lake or raise the fraction,"
                                + " and run again with --resume.");
                return Outcome.OVER_BUDGET;
            }
        }
        spark.sparkContext().setJobDescription("dpq encode: publish run " + run.id());
        final RunManifest manifest = run.publish(
                spark,
                listed,
                unchanged,
                settings.rowsPerFile(),
                context.config().flat(),
                published -> {
                    context.out().println(summary(published, images, seconds, settings.codesPath()));
                    work.afterwards().run();
                });
        final Outcome outcome = verdict(context, manifest, settings.maxQuarantineFraction());
        return made.unread() > settings.maxQuarantineFraction() * listed ? Outcome.OVER_BUDGET : outcome;
    }

    /** The content of what the plan asks for and is not taken over. */
    private static JavaRDD<Row> contents(
            final Lake lake,
            final Dataset<Row> listing,
            final Settings settings,
            final ModelManifest model,
            final Dataset<Row> plan,
            final Optional<Dataset<Row>> reused) {
        final Dataset<Row> asked = plan.filter(Changes.is(Action.NEW, Action.CHANGED, Action.RETRIED));
        final Dataset<Row> missing = reused.map(
                        ids -> asked.join(ids, asked.col(CodeSchema.ID).equalTo(ids.col(CodeSchema.ID)), "left_anti"))
                .orElse(asked);
        // Back in the lake's own terms: a kind of lake may need columns of its own to read an image.
        return lake.rows(
                chosen(listing, missing), settings.partitions(), model.image().maxBytes());
    }

    /**
     * What is to be done.
     *
     * @param rows of {@link CodeSchema#plan}, as the run recorded them, or for all of a lake as they are listed
     * @param unread images that could not be read to see whether they have changed, and keep their codes
     */
    private record Plan(Dataset<Row> rows, long unread) {}

    /** What is to be done, recorded in the run. */
    private static Plan plan(
            final JobContext context,
            final Settings settings,
            final ModelManifest model,
            final Work work,
            final Dataset<Row> listing) {
        final SparkSession spark = context.spark();
        final Lake lake = work.lake();
        spark.sparkContext().setJobDescription("dpq encode: compare the lake with the table");
        if (work.state().isEmpty()) {
            return new Plan(work.run().plan(Changes.first(listing)), 0);
        }
        final List<Dataset<Row>> kept = new ArrayList<>();
        final Dataset<Row> compared = new Changes(lake.hasExactLengths(), settings.retryFailed())
                .compare(listing, work.state().get())
                .filter(functions.not(Changes.is(Action.UNCHANGED)))
                .persist();
        kept.add(compared);
        try {
            Dataset<Row> settled = compared;
            long unread = 0;
            if (!compared.filter(Changes.isSuspect()).isEmpty()) {
                final Dataset<Row> listed = chosen(listing, compared.filter(Changes.isSuspect()));
                settled = Changes.settle(
                                compared,
                                lake.read(
                                        listed,
                                        settings.partitions(),
                                        model.image().maxBytes()),
                                model.image().maxBytes())
                        .persist();
                kept.add(settled);
                unread = settled.filter(functions.col(Changes.UNREAD)).count();
                if (unread > 0) {
                    context.out()
                            .println(unread + " images cannot be read, so that nobody knows whether they have changed;"
                                    + " they keep their codes, and the next run looks again.");
                }
            }
            final Column[] columns = Arrays.stream(CodeSchema.plan().fieldNames())
                    .map(functions::col)
                    .toArray(Column[]::new);
            return new Plan(
                    work.run()
                            .plan(settled.filter(functions.not(Changes.is(Action.UNCHANGED)))
                                    .select(columns)),
                    unread);
        } finally {
            kept.forEach(Dataset::unpersist);
        }
    }

    /** The rows of the listing whose ids are among those given. */
    private static Dataset<Row> chosen(final Dataset<Row> listing, final Dataset<Row> ids) {
        final Dataset<Row> wanted = ids.select(functions.col(CodeSchema.ID).as("chosen_id"));
        return listing.join(wanted, listing.col(CodeSchema.ID).equalTo(wanted.col("chosen_id")), "left_semi");
    }

    private static Map<String, Long> actions(final Dataset<Row> plan) {
        final Map<String, Long> actions = new TreeMap<>();
        for (final Row count : plan.groupBy(CodeSchema.ACTION).count().collectAsList()) {
            actions.put(count.getString(0), count.getLong(1));
        }
        return actions;
    }

    private static long count(final Map<String, Long> actions, final Action action) {
        return actions.getOrDefault(action.stored(), 0L);
    }

    /** A lake that is half mounted, or a wrong list, must not empty a table. */
    private static void requireFewDeleted(
            final JobContext context, final Settings settings, final long deleted, final long known) {
        if (deleted > settings.maxDeletedFraction() * known) {
            throw UserException.data(deleted + " of the " + known + " images of the code table " + settings.codesPath()
                    + " are not in the lake " + context.config().string(LAKE + ".path")
                    + " any more, a larger fraction than encode.max-deleted-fraction = " + settings.maxDeletedFraction()
                    + " lets go; check " + LAKE + ".path and " + LAKE
                    + ".list, or raise encode.max-deleted-fraction if they were removed on purpose.");
        }
    }

    static String overview(final Map<String, Long> actions, final long listed, final long unchanged) {
        if (actions.isEmpty()) {
            return "Nothing has changed: the table has all " + listed + " images of the lake as they are.";
        }
        final String planned = Arrays.stream(Action.values())
                .filter(action -> count(actions, action) > 0)
                .map(action -> count(actions, action) + " " + action.stored())
                .collect(Collectors.joining(", "));
        return listed + " images listed: " + planned + ", " + unchanged + " unchanged.";
    }

    /** Decodes, embeds and encodes into the run's staging table; yields the seconds it took. */
    private static double stage(
            final JobContext context,
            final Settings settings,
            final ModelManifest model,
            final JavaRDD<Row> contents,
            final CodeRun run,
            final long images) {
        final SparkContext spark = context.spark().sparkContext();
        final Counters counters = Counters.register(spark, images);
        final EncodeTask task = new EncodeTask(
                source(settings, model.modelId(), new SerializableConfiguration(spark.hadoopConfiguration())),
                settings.batches().of(model),
                settings.threads(),
                settings.decodeTimeout(),
                model.levels(),
                settings.extras(),
                counters);
        spark.setJobDescription("dpq encode: " + images + " images into run " + run.id());
        try (Progress progress =
                new Progress(context.out(), images, counters.encoded()::sum, counters.quarantined()::sum)) {
            run.stage(contents.mapPartitions(task), settings.extras());
            run.measured(counters.metrics());
            return progress.seconds();
        }
    }

    /** What beside the model decides on an image's row: codes are those of one engine and one batch size. */
    private static String made(final Settings settings, final ModelManifest model) {
        return DpqConfig.kebab(settings.engine()) + " " + settings.threads() + " threads, batches of "
                + settings.batches().of(model);
    }

    private static ModelSource source(
            final Settings settings, final String modelId, final SerializableConfiguration hadoop) {
        final String path = settings.modelPath();
        final Engine engine = settings.engine();
        final int threads = settings.threads();
        return () -> Embedders.model(path, modelId, engine, threads, hadoop.value());
    }

    private static String summary(
            final RunManifest run, final long images, final double seconds, final String codesPath) {
        final String reasons = told(run.quarantineReasons());
        return "Run " + run.runId() + " of " + codesPath + ": " + run.listed() + " listed = " + run.encoded()
                + " encoded + " + run.quarantined() + " quarantined" + reasons + " + " + run.refreshed()
                + " refreshed + "
                + run.unchanged() + " unchanged"
                + (run.deleted() > 0 ? "; " + run.deleted() + " deleted" : "")
                + (seconds > 0 ? "; " + Progress.rate(images, seconds) : "") + ".";
    }

    private static String told(final Map<String, Long> reasons) {
        return reasons.isEmpty()
                ? ""
                : new TreeMap<>(reasons)
                        .entrySet().stream()
                                .map(e -> e.getKey().toLowerCase(Locale.ROOT) + " " + e.getValue())
                                .collect(Collectors.joining(", ", " (", ")"));
    }

    private static Outcome verdict(final JobContext context, final RunManifest run, final double budget) {
        // An image that failed on an earlier night was counted then; it must not raise the alarm on every quiet night.
        final long failed = run.quarantined() - run.quarantinedAgain();
        final long tried = run.encoded() + failed;
        if (failed <= budget * tried) {
            return Outcome.DONE;
        }
        context.out()
                .println("Over the failure budget: " + failed + " of " + tried
                        + " images could not be decoded, more than the fraction " + budget
                        + " that encode.max-quarantine-fraction allows; " + "the table's folder _quarantine/run="
                        + run.runId()
                        + " says why, image by image.");
        return Outcome.OVER_BUDGET;
    }
}

package io.dpq.codes;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException.Reason;
import io.dpq.storage.AtomicRename;
import io.dpq.storage.WriteLock;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run being written. First {@link #plan}: what it is going to do about which image, unless it simply encodes all. Then {@link #stage}: every image,
 * encoded or quarantined, becomes one row of a staging table under {@code _tmp/<run>/}, of which {@link #reuse} takes over what
 * a crashed run finished. Then {@link #publish}: the staged rows
 * are split into codes and quarantine, joined by the codes that are written again, and made visible, together with the ids
 * whose earlier rows no longer count. Or {@link #compact}: all rows that count become this run.
 *
 * <p>Why a staging table: codes and quarantine have different columns, so one Spark write cannot make both, and two writes
 * would decode and embed every image twice. Staged rows lie in files of which the driver knows one a partition, so retried and
 * speculative tasks count once; they are some forty bytes for an image of a hundred thousand, so the second pass over them costs nothing
 * beside the first; and that second pass is where the many partitions that encoding wants become the few large files
 * that readers want, without a shuffle whose loss would mean embedding again. Staged files of vectors, which hold many rows each in the
 * order of a lake's files, are not sorted again but joined ({@link RowGroupJoin}).
 *
 * <p>On local disk and HDFS the finished folders appear by one atomic rename each. Other file systems, object stores above
 * all, have no such rename: there the files are written in place by the committer Spark is configured with and only the
 * manifest tells readers that the run exists.
 *
 * <p>One run at a time writes a table: a run holds a lock from its beginning until it is published or closed. Not thread-safe.
 */
public final class CodeRun implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CodeRun.class);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final Pattern RUN_ID = Pattern.compile("\\d{8}T\\d{6}\\.\\d{3}Z-[0-9a-f]{8}");
    // Bounded row groups keep a reader's memory bounded: about two million rows of four levels.
    private static final String ROW_GROUP_BYTES = String.valueOf(64L << 20);
    /** Of a published file, about: large enough for few files, small enough for many readers. */
    private static final long FILE_BYTES = 256L << 20;

    private static final String LOCK = "_lock";
    private static final String LISTED = "listed";
    private static final String PLANNED = "planned";
    private static final String STAGED = "staged";
    private static final String SETTINGS = "settings";
    /** Tasks that look at the files a crashed run left. */
    private static final int MOST_CHECKS = 1000;

    private final CodeTable table;
    private final Identity identity;
    private final Beginning beginning;
    private final String id;
    private final Instant startedAt;
    private final Path temporary;
    private final WriteLock lock;
    /** Complete runs when this one began: what it was told to leave out. */
    private final Set<String> known;
    /** The staged files that count, in the folder {@link #staged()}. */
    private final List<StagedWriter.Written> stagedFiles = new ArrayList<>();

    private Set<CodeSchema.Extra> extras = Set.of();
    private final Map<String, Long> metrics = new TreeMap<>();

    /**
     * Whose codes a run holds.
     *
     * @param modelId SHA-256 id of the model
     * @param decodeVersion version of the decode contract
     * @param levels L
     * @param codewords K
     */
    public record Identity(String modelId, int decodeVersion, int levels, int codewords) {}

    /**
     * What a run that begins makes of what it finds.
     *
     * @param resumes whether what crashed runs encoded is kept for {@link #reuse}, rather than removed at once
     * @param replaces whether all earlier runs give way to this one when it is published; they may be of another model
     */
    public record Beginning(boolean resumes, boolean replaces) {
        /** Beside the earlier runs, from nothing. */
        public static final Beginning ADDING = new Beginning(false, false);
    }

    private CodeRun(final CodeTable table, final Identity identity, final Beginning beginning, final Instant startedAt)
            throws IOException {
        this.table = table;
        this.beginning = beginning;
        this.identity = identity;
        this.startedAt = startedAt;
        this.id = TIME.format(startedAt)
                + String.format(
                        Locale.ROOT, "-%08x", ThreadLocalRandom.current().nextInt());
        final Path temporaries = new Path(table.root(), CodeTable.TEMPORARY);
        this.temporary = new Path(temporaries, id);
        final Path lockFile = new Path(temporaries, LOCK);
        this.lock = WriteLock.take(
                table.fileSystem(),
                lockFile,
                "run " + id,
                holder -> UserException.data("Another encode, " + holder + ", writes the code table at " + table.root()
                        + " now; wait until it is done, or delete " + lockFile
                        + " if you know that it is not running."));
        this.known = completeRuns(table);
    }

    private static Set<String> completeRuns(final CodeTable table) {
        final Set<String> complete = new HashSet<>();
        table.completeRuns().forEach(run -> complete.add(run.runId()));
        return Set.copyOf(complete);
    }

    static CodeRun begin(final CodeTable table, final Identity identity, final Beginning beginning) {
        CodeRun run;
        try {
            run = new CodeRun(table, identity, beginning, startAfter(table.completeRuns(), Instant.now()));
            // While this one waited for the lock another may have been published, whose clock is ahead.
            while (!startAfter(table.completeRuns(), run.startedAt).equals(run.startedAt)) {
                run.close();
                run = new CodeRun(table, identity, beginning, startAfter(table.completeRuns(), Instant.now()));
            }
        } catch (IOException e) {
            throw UserException.data(
                    "The code table at " + table.root() + " cannot be written (" + e.getMessage()
                            + "); set codes.path to a folder that can be made or written.",
                    e);
        }
        try {
            if (!beginning.resumes()) {
                run.removeLeftovers();
            }
            return run;
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
    }

    /** What a run supersedes is told by its id, which begins with its time: a clock that is behind must not undo a night. */
    static Instant startAfter(final List<RunManifest> runs, final Instant now) {
        return runs.stream()
                .map(run -> run.runId().replaceFirst("-[0-9a-f]{8}$", ""))
                .map(time -> TIME.parse(time, Instant::from).plusMillis(1))
                .reduce(now, (a, b) -> a.isAfter(b) ? a : b);
    }

    /** Removes staging folders, and folders that a crash left between their rename and their manifest. */
    private void removeLeftovers() {
        final FileSystem files = table.fileSystem();
        try {
            for (final Path leftover : leftovers()) {
                files.delete(leftover, true);
            }
            removeUnknown();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot remove what a crashed run left in " + table.root(), e);
        }
    }

    private List<Path> leftovers() {
        return table.list(temporary.getParent()).stream()
                .map(FileStatus::getPath)
                .filter(path -> !path.getName().equals(LOCK) && !path.getName().equals(id))
                .toList();
    }

    /** Removes the manifests of replaced runs, then the folders of all runs that have none. */
    private void removeUnknown() throws IOException {
        final FileSystem files = table.fileSystem();
        for (final String replaced : table.replacedRuns()) {
            // First of all: a manifest whose files are gone would stop every reader.
            files.delete(table.manifestPath(replaced), false);
        }
        final Set<String> complete = completeRuns(table);
        for (final Path parent : List.of(table.root(), folder(CodeTable.QUARANTINE), folder(CodeTable.SUPERSEDED))) {
            for (final FileStatus status : table.list(parent)) {
                final String name = status.getPath().getName();
                // Only what this class named: a table's folder may hold what is none of its business.
                if (name.startsWith(CodeTable.RUN_PREFIX)
                        && RUN_ID.matcher(name.substring(CodeTable.RUN_PREFIX.length()))
                                .matches()
                        && !complete.contains(name.substring(CodeTable.RUN_PREFIX.length()))) {
                    files.delete(status.getPath(), true);
                }
            }
        }
    }

    private Path folder(final String name) {
        return new Path(table.root(), name);
    }

    /** Sorts by time: a UTC instant, and a random part that tells apart two runs of one instant. */
    public String id() {
        return id;
    }

    /**
     * Records what a lake holds: executors that are lost take what they listed with them, and what would be listed in its place
     * hours later is another lake.
     *
     * @param listing in the lake's own columns
     * @return the same rows, as recorded
     */
    public Dataset<Row> listed(final Dataset<Row> listing) {
        final Path listed = new Path(temporary, LISTED);
        parquet(listing, listed);
        return listing.sparkSession().read().schema(listing.schema()).parquet(listed.toString());
    }

    /**
     * Records what the run is going to do, before it does it: computed once, since a lake may change meanwhile. A run that
     * records nothing encodes all that it stages for the first time.
     *
     * @param rows of {@link CodeSchema#plan}, one for every image that does not stay as it is
     * @return the same rows, as recorded
     */
    public Dataset<Row> plan(final Dataset<Row> rows) {
        parquet(rows, planned());
        return rows.sparkSession()
                .read()
                .schema(CodeSchema.plan())
                .parquet(planned().toString());
    }

    /**
     * Takes over what crashed runs have encoded of the images that are to be encoded now, where {@link Beginning#resumes}: rows
     * of the partitions that they finished, of images that are still listed as they were, with the same model and settings.
     * Then removes what the crashed runs left. Afterwards {@link #stage} takes only what is missing.
     *
     * @param plan of {@link #plan}, or what it would be
     * @param settings what beside the model decides on codes and columns; told apart by its text
     * @param kept extras that the run stages
     * @return the column {@code id} of the rows that were taken over
     */
    public Dataset<Row> reuse(final Dataset<Row> plan, final String settings, final Set<CodeSchema.Extra> kept) {
        final String made = identity + " " + settings + " " + new TreeSet<>(kept);
        final SparkSession spark = plan.sparkSession();
        try {
            // Before anything is taken over: a crash from here on leaves something that can be taken over in its turn.
            table.fileSystem().mkdirs(temporary);
            try (OutputStream out = table.fileSystem().create(new Path(temporary, SETTINGS), true)) {
                out.write(made.getBytes(StandardCharsets.UTF_8));
            }
            if (beginning.resumes()) {
                final List<Dataset<Row>> finished = new ArrayList<>();
                for (final Path leftover : leftovers()) {
                    finished(spark, leftover, made, kept).ifPresent(finished::add);
                }
                finished.stream().reduce(Dataset::union).ifPresent(rows -> stage(stillAsked(rows, plan, kept), kept));
                removeLeftovers();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read what a crashed run left in " + table.root(), e);
        }
        return stagedFiles.isEmpty()
                ? spark.createDataFrame(List.of(), new StructType().add(CodeSchema.ID, DataTypes.StringType))
                : spark.read()
                        .schema(new StructType().add(CodeSchema.ID, DataTypes.StringType))
                        .parquet(stagedPaths(stagedFiles));
    }

    /** Rows of the partitions that a crashed run finished; of other settings none. */
    private Optional<Dataset<Row>> finished(
            final SparkSession spark, final Path leftover, final String made, final Set<CodeSchema.Extra> kept)
            throws IOException {
        final FileSystem files = table.fileSystem();
        final Path settings = new Path(leftover, SETTINGS);
        if (!files.exists(settings)) {
            return Optional.empty();
        }
        try (InputStream in = files.open(settings)) {
            if (!new String(in.readAllBytes(), StandardCharsets.UTF_8).equals(made)) {
                LOG.info("What the crashed run {} encoded is not used: it had other settings.", leftover.getName());
                return Optional.empty();
            }
        }
        final List<String> written = table.list(new Path(leftover, STAGED)).stream()
                .filter(FileStatus::isFile)
                .map(status -> status.getPath().toString())
                .toList();
        if (written.isEmpty()) {
            return Optional.empty();
        }
        final SerializableConfiguration hadoop = new SerializableConfiguration(files.getConf());
        final Function<String, Boolean> whole = file -> StagedWriter.isWhole(new Path(file), hadoop.value());
        final String[] usable = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(written, Math.min(written.size(), MOST_CHECKS))
                .filter(whole)
                .collect()
                .toArray(new String[0]);
        LOG.info(
                "The crashed run {} finished {} of the {} partitions it had begun.",
                leftover.getName(),
                usable.length,
                written.size());
        if (usable.length == 0) {
            return Optional.empty();
        }
        return Optional.of(
                spark.read().schema(CodeSchema.staged(identity.levels(), kept)).parquet(usable));
    }

    /** Of the rows of crashed runs those that the plan would have made again, one an image. */
    private Dataset<Row> stillAsked(
            final Dataset<Row> rows, final Dataset<Row> plan, final Set<CodeSchema.Extra> kept) {
        final Dataset<Row> asked = plan.filter(functions
                        .col(CodeSchema.ACTION)
                        .isin(Arrays.stream(CodeSchema.Action.values())
                                .filter(CodeSchema.Action::encodes)
                                .map(CodeSchema.Action::stored)
                                .toArray()))
                .select(
                        functions.col(CodeSchema.ID).as("now_id"),
                        functions.col(CodeSchema.LABELS).as("now_labels"),
                        functions.col(CodeSchema.LENGTH).as("now_length"),
                        functions.col(CodeSchema.MODIFIED).as("now_modified"));
        // Where the storage failed, it may serve now; and where no time is known, the content may be another.
        return rows.filter(functions
                        .col(CodeSchema.REASON)
                        .isNull()
                        .or(functions.col(CodeSchema.REASON).notEqual(Reason.UNREADABLE.name())))
                .join(
                        asked,
                        functions
                                .col(CodeSchema.ID)
                                .equalTo(functions.col("now_id"))
                                .and(functions.col(CodeSchema.LENGTH).equalTo(functions.col("now_length")))
                                .and(functions.col(CodeSchema.MODIFIED).equalTo(functions.col("now_modified")))
                                .and(functions.col(CodeSchema.LABELS).eqNullSafe(functions.col("now_labels"))))
                .select(
                        CodeSchema.ID,
                        tail(CodeSchema.staged(identity.levels(), kept).fieldNames()))
                .dropDuplicates(CodeSchema.ID);
    }

    private static String[] tail(final String[] names) {
        return Arrays.copyOfRange(names, 1, names.length);
    }

    /**
     * Writes rows of the run that are encoded or quarantined, a file a partition; may be called more than once.
     *
     * @param rows of {@link CodeSchema#staged(int, Set)}, one an image
     * @param kept extras of these rows, the same in every call
     */
    public void stage(final JavaRDD<Row> rows, final Set<CodeSchema.Extra> kept) {
        extras = Set.copyOf(kept);
        final StagedWriter writer = new StagedWriter(
                staged(),
                CodeSchema.staged(identity.levels(), kept),
                table.fileSystem().getConf());
        stagedFiles.addAll(writer.write(rows));
    }

    /** As {@link #stage(JavaRDD, Set)}. */
    public void stage(final Dataset<Row> rows, final Set<CodeSchema.Extra> kept) {
        stage(rows.toJavaRDD(), kept);
    }

    /** As {@link #stage(JavaRDD, Set)}, with embeddings where the rows have them. */
    public void stage(final Dataset<Row> rows) {
        stage(
                rows,
                rows.schema().getFieldIndex(CodeSchema.EMBEDDING).isDefined()
                        ? Set.of(CodeSchema.Extra.EMBEDDING)
                        : Set.of());
    }

    /** What the manifest is to tell of the run beside its counts: names and whole numbers, added to those told before. */
    public void measured(final Map<String, Long> values) {
        metrics.putAll(values);
    }

    /**
     * Splits the staged rows, adds what the plan asks for, makes all visible and writes the manifest last.
     *
     * @param listed images of the lake
     * @param unchanged images that stay as an earlier run left them
     * @param rowsPerFile most rows in one file
     * @param config the resolved configuration, secrets starred out
     * @throws UserException where another run wrote the table meanwhile; nothing is published then
     * @throws IllegalStateException where the counts do not add up to the listed images; nothing is published then
     */
    public RunManifest publish(
            final SparkSession spark,
            final long listed,
            final long unchanged,
            final long rowsPerFile,
            final Map<String, Object> config) {
        return publish(spark, listed, unchanged, rowsPerFile, config, manifest -> {});
    }

    /**
     * As {@link #publish(SparkSession, long, long, long, Map)}.
     *
     * @param afterwards takes the manifest of the published run before another run may begin
     */
    public RunManifest publish(
            final SparkSession spark,
            final long listed,
            final long unchanged,
            final long rowsPerFile,
            final Map<String, Object> config,
            final Consumer<RunManifest> afterwards) {
        try {
            requireAlone();
            final List<String> replaced =
                    beginning.replaces() ? known.stream().sorted().toList() : List.of();
            final RunManifest manifest =
                    write(split(spark, rowsPerFile), listed, unchanged, replaced, rowsPerFile, config);
            if (!replaced.isEmpty()) {
                removeReplaced();
            }
            afterwards.accept(manifest);
            return manifest;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot publish run " + id + " of " + table.root(), e);
        } finally {
            close();
        }
    }

    /**
     * Makes of all rows that count one run, which replaces those before it, and removes these afterwards.
     *
     * @param rowsPerFile most rows in one file
     * @param config the resolved configuration of the newest run, which stays that of the table
     */
    public RunManifest compact(final SparkSession spark, final long rowsPerFile, final Map<String, Object> config) {
        try {
            requireAlone();
            // Of every image one state: earlier releases left an image in the quarantine that they encoded later.
            final Dataset<Row> refused = table.state(spark, identity.modelId())
                    .filter(functions.col(CodeSchema.REASON).isNotNull())
                    .select(
                            functions.col(CodeSchema.ID).as("state_id"),
                            functions.col(CodeSchema.RUN).as("state_run"));
            final List<RunManifest> runs = table.completeRuns();
            final Dataset<Row> quarantine = table.quarantine(spark, runs);
            final Dataset<Row> newest = quarantine.join(
                    refused,
                    quarantine
                            .col(CodeSchema.ID)
                            .equalTo(refused.col("state_id"))
                            .and(quarantine.col(CodeSchema.RUN).equalTo(refused.col("state_run"))),
                    "left_semi");
            final Map<String, Long> reasons = reasons(newest);
            final Set<CodeSchema.Extra> kept = table.extras(runs);
            final Dataset<Row> codes = table.codes(spark, runs, CodeSchema.codes(identity.levels(), kept));
            final long rows = codes.count();
            final Contents contents = new Contents(
                    codes,
                    kept,
                    List.of(),
                    0,
                    rows,
                    newest,
                    reasons,
                    0,
                    spark.createDataFrame(List.of(), CodeSchema.superseded()),
                    0,
                    0);
            final List<String> replaced = known.stream().sorted().toList();
            final RunManifest manifest =
                    write(contents, rows + contents.quarantined(), 0, replaced, rowsPerFile, config);
            removeReplaced();
            return manifest;
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot publish run " + id + " of " + table.root(), e);
        } finally {
            close();
        }
    }

    /** How many images of those staged no decoder took, by reason. */
    public Map<String, Long> quarantined() {
        final Map<String, Long> reasons = new TreeMap<>();
        stagedFiles.forEach(file -> file.refused().forEach((reason, count) -> reasons.merge(reason, count, Long::sum)));
        return reasons;
    }

    private void removeReplaced() {
        try {
            removeUnknown();
        } catch (IOException e) {
            LOG.warn("Cannot remove the runs that {} replaces; the next run will: {}", id, e.toString());
        }
    }

    /** Gives the table free for the next run; what was staged and not published is removed by that one. */
    @Override
    public void close() {
        lock.close();
    }

    /** Rows of a run that this one did not know of would be in the table twice. */
    private void requireAlone() throws IOException {
        final Set<String> appeared = new HashSet<>(completeRuns(table));
        appeared.removeAll(known);
        if (!appeared.isEmpty() || !lock.isHeld()) {
            throw UserException.data("Another encode"
                    + (appeared.isEmpty() ? "" : ", run " + String.join(", ", appeared) + ",")
                    + " wrote the code table at " + table.root()
                    + " while this one was at work, so nothing was published; run encode again.");
        }
    }

    /**
     * What a run publishes.
     *
     * @param codes with the columns of {@link CodeSchema#codes}, but for the run
     * @param extras that they have
     * @param joined staged files whose rows are codes as they are, beside those of {@code codes}
     * @param encoded rows of both that were encoded
     * @param refreshed rows of them that are written again
     * @param quarantine with the columns of {@link CodeSchema#quarantine}, but for the run
     * @param reasons its rows by reason
     * @param again its rows that were tried again
     * @param superseded with the columns of {@link CodeSchema#superseded}, but for the run
     * @param supersededCount its rows
     * @param deleted those of them that the lake has no more
     */
    private record Contents(
            Dataset<Row> codes,
            Set<CodeSchema.Extra> extras,
            List<StagedWriter.Written> joined,
            long encoded,
            long refreshed,
            Dataset<Row> quarantine,
            Map<String, Long> reasons,
            long again,
            Dataset<Row> superseded,
            long supersededCount,
            long deleted) {
        long quarantined() {
            return reasons.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private Contents split(final SparkSession spark, final long rowsPerFile) throws IOException {
        // Nothing was staged where every image was unchanged: the run is published all the same, as a record that it
        // ran.
        final boolean encodes = !stagedFiles.isEmpty();
        final Dataset<Row> staged = staged(spark, stagedFiles);
        // A store without renames shows files as they are written, so that a failed attempt would leave its rows in the
        // table.
        final List<StagedWriter.Written> joined =
                renames() ? RowGroupJoin.joinable(stagedFiles, identity.codewords(), rowsPerFile) : List.of();
        final Set<String> names =
                joined.stream().map(StagedWriter.Written::name).collect(Collectors.toSet());
        final Dataset<Row> unjoined = staged(
                spark,
                stagedFiles.stream()
                        .filter(file -> !names.contains(file.name()))
                        .toList());
        final Dataset<Row> plan = readOr(spark, planned(), CodeSchema.plan());
        final Map<String, Long> actions = new TreeMap<>();
        for (final Row count : plan.groupBy(CodeSchema.ACTION).count().collectAsList()) {
            actions.put(count.getString(0), count.getLong(1));
        }
        final Column samePlan = functions.col(CodeSchema.ID).equalTo(functions.col("planned_id"));
        final Column encodedOnly = functions.col(CodeSchema.REASON).isNull();
        final long refreshed = count(actions, CodeSchema.Action.REFRESHED);
        final List<RunManifest> runs = table.completeRuns();
        // A row that is written again keeps its extras, if all have them: a column with gaps serves nobody.
        final Set<CodeSchema.Extra> kept = EnumSet.noneOf(CodeSchema.Extra.class);
        kept.addAll(refreshed > 0 ? table.extras(runs) : extras);
        if (encodes) {
            kept.retainAll(extras);
        }
        final StructType schema = CodeSchema.codes(identity.levels(), kept);
        Dataset<Row> codes = encodes
                ? unjoined.filter(encodedOnly).select(published(kept))
                : spark.createDataFrame(List.of(), schema).select(published(kept));
        if (refreshed > 0) {
            final Dataset<Row> facts = of(plan, CodeSchema.Action.REFRESHED)
                    .select(
                            functions.col(CodeSchema.ID).as("planned_id"),
                            functions.col(CodeSchema.LABELS).as("planned_labels"),
                            functions.col(CodeSchema.LENGTH).as("planned_length"),
                            functions.col(CodeSchema.MODIFIED));
            codes = codes.union(table.codes(spark, runs, schema)
                    .drop(CodeSchema.MODIFIED)
                    .join(facts, samePlan)
                    .withColumn(CodeSchema.LABELS, functions.col("planned_labels"))
                    .withColumn(CodeSchema.LENGTH, functions.col("planned_length"))
                    .select(published(kept)));
        }
        final Dataset<Row> refused = staged.filter(functions.not(encodedOnly));
        final Map<String, Long> reasons = quarantined();
        return new Contents(
                codes,
                kept,
                joined,
                stagedFiles.stream().mapToLong(StagedWriter.Written::encoded).sum(),
                refreshed,
                refused,
                reasons,
                count(actions, CodeSchema.Action.RETRIED) == 0 || reasons.isEmpty()
                        ? 0
                        : refused.join(
                                        of(plan, CodeSchema.Action.RETRIED)
                                                .select(functions
                                                        .col(CodeSchema.ID)
                                                        .as("planned_id")),
                                        samePlan,
                                        "left_semi")
                                .count(),
                plan.filter(functions.col(CodeSchema.ACTION).notEqual(CodeSchema.Action.NEW.stored()))
                        .select(CodeSchema.ID, CodeSchema.ACTION),
                actions.values().stream().mapToLong(Long::longValue).sum() - count(actions, CodeSchema.Action.NEW),
                count(actions, CodeSchema.Action.DELETED));
    }

    private Dataset<Row> staged(final SparkSession spark, final List<StagedWriter.Written> files) {
        final StructType schema = CodeSchema.staged(identity.levels(), extras);
        return files.isEmpty()
                ? spark.createDataFrame(List.of(), schema)
                : spark.read().schema(schema).parquet(stagedPaths(files));
    }

    private static Dataset<Row> of(final Dataset<Row> plan, final CodeSchema.Action action) {
        return plan.filter(functions.col(CodeSchema.ACTION).equalTo(action.stored()));
    }

    private Column[] published(final Set<CodeSchema.Extra> kept) {
        return CodeSchema.codeColumns(identity.levels(), kept, Metadata.empty());
    }

    private Dataset<Row> readOr(final SparkSession spark, final Path path, final StructType schema) throws IOException {
        return table.fileSystem().exists(path)
                ? spark.read().schema(schema).parquet(path.toString())
                : spark.createDataFrame(List.of(), schema);
    }

    private static long count(final Map<String, Long> actions, final CodeSchema.Action action) {
        return actions.getOrDefault(action.stored(), 0L);
    }

    private static Map<String, Long> reasons(final Dataset<Row> quarantine) {
        final Map<String, Long> reasons = new TreeMap<>();
        for (final Row count : quarantine.groupBy(CodeSchema.REASON).count().collectAsList()) {
            reasons.put(count.getString(0), count.getLong(1));
        }
        return reasons;
    }

    private RunManifest write(
            final Contents contents,
            final long listed,
            final long unchanged,
            final List<String> replaces,
            final long rowsPerFile,
            final Map<String, Object> config)
            throws IOException {
        final long quarantined = contents.quarantined();
        final long rows = contents.encoded() + contents.refreshed();
        if (listed != rows + quarantined + unchanged) {
            throw new IllegalStateException("Run " + id + " does not reconcile: " + listed + " images listed, but "
                    + contents.encoded() + " encoded, " + contents.refreshed() + " refreshed, " + quarantined
                    + " quarantined and " + unchanged + " unchanged.");
        }
        final Metadata metadata =
                CodeSchema.metadata(identity.modelId(), identity.decodeVersion(), identity.codewords());
        write(
                contents.quarantine().select(CodeSchema.quarantineColumns(metadata)),
                List.of(),
                CodeTable.QUARANTINE,
                quarantined,
                rowsPerFile);
        // Before the codes: whoever reads the folders meanwhile misses rows rather than sees them twice.
        write(
                contents.superseded().select(CodeSchema.supersededColumns(metadata)),
                List.of(),
                CodeTable.SUPERSEDED,
                contents.supersededCount(),
                rowsPerFile);
        write(
                contents.codes().select(CodeSchema.codeColumns(identity.levels(), contents.extras(), metadata)),
                contents.joined(),
                "",
                rows,
                rowsPerFile);
        final RunManifest manifest = new RunManifest(
                RunManifest.VERSION,
                id,
                identity.modelId(),
                identity.decodeVersion(),
                identity.levels(),
                identity.codewords(),
                startedAt.toString(),
                Instant.now().toString(),
                listed,
                contents.encoded(),
                contents.refreshed(),
                quarantined,
                contents.again(),
                unchanged,
                contents.deleted(),
                contents.supersededCount(),
                contents.reasons(),
                dataFiles("", rows),
                dataFiles(CodeTable.SUPERSEDED, contents.supersededCount()),
                replaces,
                metrics,
                config);
        requireAlone();
        publish(manifest);
        try {
            table.fileSystem().delete(temporary, true);
        } catch (IOException e) {
            // The run exists, whatever becomes of this; the next one removes it.
            LOG.warn("Cannot remove {}: {}", temporary, e.toString());
        }
        return manifest;
    }

    /** The run's folder below one of the table's; that of the codes is the table's root itself. */
    private Path runFolder(final String kind) {
        return new Path(kind.isEmpty() ? table.root() : folder(kind), CodeTable.RUN_PREFIX + id);
    }

    /**
     * Writes one of the outputs to its run folder; an empty one leaves no folder.
     *
     * @param count of the rows, those of the joined files included
     */
    private void write(
            final Dataset<Row> rows,
            final List<StagedWriter.Written> joined,
            final String kind,
            final long count,
            final long rowsPerFile)
            throws IOException {
        if (count == 0) {
            return;
        }
        final Path target = runFolder(kind);
        final Path written = renames() ? new Path(temporary, "written" + kind) : target;
        final long sorted =
                count - joined.stream().mapToLong(StagedWriter.Written::encoded).sum();
        if (sorted > 0) {
            sort(rows, written, sorted, rowsPerFile);
        }
        if (!joined.isEmpty()) {
            join(rows.sparkSession(), joined, rows.schema(), written, rowsPerFile);
        }
        if (renames()) {
            final FileSystem files = table.fileSystem();
            files.mkdirs(target.getParent());
            rename(written, target);
        }
    }

    private void rename(final Path from, final Path to) throws IOException {
        if (!table.fileSystem().rename(from, to)) {
            throw new IOException("Cannot rename " + from + " to " + to);
        }
    }

    /** In the order of ids, so that who looks for some of them reads few files and few row groups of these. */
    private void sort(final Dataset<Row> rows, final Path written, final long count, final long rowsPerFile)
            throws IOException {
        final double bytesEach = StoredRows.bytesEach(rows, table.fileSystem().getConf());
        final long rowsOfBytes = Math.max(1, (long) (FILE_BYTES / bytesEach));
        final long perFile = Math.min(rowsPerFile, rowsOfBytes);
        final int parts = (int) Math.min(Integer.MAX_VALUE, (count + perFile - 1) / perFile);
        (parts == 1 ? rows.repartition(1) : rows.repartitionByRange(parts, functions.col(CodeSchema.ID)))
                .sortWithinPartitions(CodeSchema.ID)
                .write()
                .mode(SaveMode.ErrorIfExists)
                .option("compression", "zstd")
                .option("parquet.enable.dictionary", "true")
                .option("parquet.block.size", ROW_GROUP_BYTES)
                .option("maxRecordsPerFile", rowsPerFile)
                .parquet(written.toString());
    }

    /** Beside what was sorted there, if anything was; of every file the one attempt that the driver heard of. */
    private void join(
            final SparkSession spark,
            final List<StagedWriter.Written> files,
            final StructType schema,
            final Path written,
            final long rowsPerFile)
            throws IOException {
        final Path aside = new Path(temporary, "joined");
        final List<String> names = new RowGroupJoin(
                        staged(), aside, schema, table.fileSystem().getConf())
                .join(
                        JavaSparkContext.fromSparkContext(spark.sparkContext()),
                        RowGroupJoin.deal(files, FILE_BYTES, rowsPerFile));
        table.fileSystem().mkdirs(written);
        for (final String name : names) {
            rename(new Path(aside, name), new Path(written, name));
        }
    }

    private void parquet(final Dataset<Row> rows, final Path path) {
        rows.write().mode(SaveMode.ErrorIfExists).option("compression", "zstd").parquet(path.toString());
    }

    private List<RunManifest.DataFile> dataFiles(final String kind, final long expected) throws IOException {
        final List<RunManifest.DataFile> files = new ArrayList<>();
        final String prefix = (kind.isEmpty() ? "" : kind + "/") + CodeTable.RUN_PREFIX + id + "/";
        long rows = 0;
        for (final FileStatus status : table.list(runFolder(kind))) {
            if (CodeTable.isData(status)) {
                final long count;
                try (ParquetFileReader reader = ParquetFileReader.open(
                        HadoopInputFile.fromStatus(status, table.fileSystem().getConf()))) {
                    count = reader.getRecordCount();
                }
                rows += count;
                files.add(new RunManifest.DataFile(prefix + status.getPath().getName(), count, status.getLen()));
            }
        }
        if (rows != expected) {
            throw new IllegalStateException("Run " + id + " does not reconcile: " + expected + " rows were to be in "
                    + runFolder(kind) + ", but its files hold " + rows + ".");
        }
        files.sort(Comparator.comparing(RunManifest.DataFile::path));
        return files;
    }

    private void publish(final RunManifest manifest) throws IOException {
        final FileSystem files = table.fileSystem();
        final Path target = table.manifestPath(id);
        if (renames()) {
            final Path aside = new Path(temporary, "manifest.json");
            ManifestFiles.write(files, aside, manifest);
            files.mkdirs(target.getParent());
            rename(aside, target);
        } else {
            // An object store shows an object only when it is whole.
            ManifestFiles.write(files, target, manifest);
        }
    }

    private boolean renames() {
        return AtomicRename.isOfferedBy(table.fileSystem());
    }

    private Path planned() {
        return new Path(temporary, PLANNED);
    }

    private Path staged() {
        return new Path(temporary, STAGED);
    }

    private String[] stagedPaths(final List<StagedWriter.Written> files) {
        return files.stream()
                .map(file -> new Path(staged(), file.name()).toString())
                .toArray(String[]::new);
    }
}

package io.dpq.codes;

import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run being written. First {@link #stage}: every image, encoded or quarantined, becomes one row of a staging table under
 * {@code _tmp/<run>/}. Then {@link #publish}: the staged rows are split into codes and quarantine and made visible.
 *
 * <p>Why a staging table: codes and quarantine have different columns, so one Spark write cannot make both, and two writes
 * would decode and embed every image twice. Staged rows go through Spark's output committer, so retried and speculative
 * tasks count once; they are some forty bytes for an image of a hundred thousand, so the second pass over them costs nothing
 * beside the first; and that second pass is where the many small partitions that encoding wants become the few large files
 * that readers want, without a shuffle whose loss would mean embedding again.
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

    private final CodeTable table;
    private final Identity identity;
    private final String id;
    private final Instant startedAt;
    private final Path temporary;
    private final RunLock lock;
    /** Complete runs when this one began: what it was told to leave out. */
    private final Set<String> known;
    /** Whether the rows staged keep their embeddings. */
    private boolean embeddings;

    /**
     * Whose codes a run holds.
     *
     * @param modelId SHA-256 id of the model
     * @param decodeVersion version of the decode contract
     * @param levels L
     * @param codewords K
     */
    public record Identity(String modelId, int decodeVersion, int levels, int codewords) {}

    private CodeRun(final CodeTable table, final Identity identity, final Instant startedAt) throws IOException {
        this.table = table;
        this.identity = identity;
        this.startedAt = startedAt;
        this.id = TIME.format(startedAt)
                + String.format(
                        Locale.ROOT, "-%08x", ThreadLocalRandom.current().nextInt());
        final Path temporaries = new Path(table.root(), CodeTable.TEMPORARY);
        this.temporary = new Path(temporaries, id);
        this.lock = RunLock.take(table.fileSystem(), temporaries, id);
        this.known = completeRuns(table);
    }

    private static Set<String> completeRuns(final CodeTable table) {
        final Set<String> complete = new HashSet<>();
        table.completeRuns().forEach(run -> complete.add(run.runId()));
        return Set.copyOf(complete);
    }

    static CodeRun begin(final CodeTable table, final Identity identity) {
        final CodeRun run;
        try {
            run = new CodeRun(table, identity, Instant.now());
        } catch (IOException e) {
            throw UserException.data(
                    "The code table at " + table.root() + " cannot be written (" + e.getMessage()
                            + "); set codes.path to a folder that can be made or written.",
                    e);
        }
        try {
            run.removeLeftovers();
            return run;
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
    }

    /** Removes staging folders, and folders that a crash left between their rename and their manifest. */
    private void removeLeftovers() {
        final FileSystem files = table.fileSystem();
        try {
            for (final FileStatus status : table.list(temporary.getParent())) {
                if (!status.getPath().getName().equals(RunLock.NAME)) {
                    files.delete(status.getPath(), true);
                }
            }
            for (final Path parent : List.of(table.root(), new Path(table.root(), CodeTable.QUARANTINE))) {
                for (final FileStatus status : table.list(parent)) {
                    final String name = status.getPath().getName();
                    // Only what this class named: a table's folder may hold what is none of its business.
                    if (name.startsWith(CodeTable.RUN_PREFIX)
                            && RUN_ID.matcher(name.substring(CodeTable.RUN_PREFIX.length()))
                                    .matches()
                            && !known.contains(name.substring(CodeTable.RUN_PREFIX.length()))) {
                        files.delete(status.getPath(), true);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot remove what a crashed run left in " + table.root(), e);
        }
    }

    /** Sorts by time: a UTC instant, and a random part that tells apart two runs of one instant. */
    public String id() {
        return id;
    }

    /**
     * Writes all rows of the run, in one pass.
     *
     * @param rows of {@link CodeSchema#staged} or {@link CodeSchema#stagedWithEmbeddings}, one an image
     */
    public void stage(final Dataset<Row> rows) {
        embeddings = rows.schema().getFieldIndex(CodeSchema.EMBEDDING).isDefined();
        parquet(rows, staged());
    }

    /**
     * Splits the staged rows, makes them visible and writes the manifest last.
     *
     * @param listed images of the lake
     * @param unchanged images that an earlier run encoded
     * @param rowsPerFile most rows in one file
     * @param config the resolved configuration, secrets starred out
     * @throws UserException where another run wrote the table meanwhile; nothing is published then
     * @throws IllegalStateException where listed = encoded + quarantined + unchanged does not hold; nothing is published then
     */
    public RunManifest publish(
            final SparkSession spark,
            final long listed,
            final long unchanged,
            final long rowsPerFile,
            final Map<String, Object> config) {
        try {
            return split(spark, listed, unchanged, rowsPerFile, config);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot publish run " + id + " of " + table.root(), e);
        } finally {
            close();
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

    private RunManifest split(
            final SparkSession spark,
            final long listed,
            final long unchanged,
            final long rowsPerFile,
            final Map<String, Object> config)
            throws IOException {
        requireAlone();
        final StructType schema = embeddings
                ? CodeSchema.stagedWithEmbeddings(identity.levels())
                : CodeSchema.staged(identity.levels());
        // Nothing was staged where every image was unchanged: the run is published all the same, as a record that it
        // ran.
        final Dataset<Row> rows = table.fileSystem().exists(staged())
                ? spark.read().schema(schema).parquet(staged().toString())
                : spark.createDataFrame(List.of(), schema);
        final Map<String, Long> reasons = new TreeMap<>();
        long encoded = 0;
        for (final Row count : rows.groupBy(CodeSchema.REASON).count().collectAsList()) {
            if (count.isNullAt(0)) {
                encoded = count.getLong(1);
            } else {
                reasons.put(count.getString(0), count.getLong(1));
            }
        }
        final long quarantined =
                reasons.values().stream().mapToLong(Long::longValue).sum();
        if (listed != encoded + quarantined + unchanged) {
            throw new IllegalStateException("Run " + id + " does not reconcile: " + listed + " images listed, but "
                    + encoded + " encoded, " + quarantined + " quarantined and " + unchanged + " unchanged.");
        }
        final Metadata metadata =
                CodeSchema.metadata(identity.modelId(), identity.decodeVersion(), identity.codewords());
        final Column encodedOnly = functions.col(CodeSchema.REASON).isNull();
        write(
                rows.filter(functions.not(encodedOnly)).select(CodeSchema.quarantineColumns(metadata)),
                new Path(table.root(), CodeTable.QUARANTINE),
                quarantined,
                rowsPerFile);
        write(
                rows.filter(encodedOnly).select(CodeSchema.codeColumns(identity.levels(), embeddings, metadata)),
                table.root(),
                encoded,
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
                encoded,
                quarantined,
                unchanged,
                reasons,
                dataFiles(encoded),
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

    /** Writes one of the two outputs to its run folder below {@code parent}; an empty one leaves no folder. */
    private void write(final Dataset<Row> rows, final Path parent, final long count, final long rowsPerFile)
            throws IOException {
        if (count == 0) {
            return;
        }
        final Path target = new Path(parent, CodeTable.RUN_PREFIX + id);
        final int parts = (int) Math.min(Integer.MAX_VALUE, (count + rowsPerFile - 1) / rowsPerFile);
        final Path written =
                renames() ? new Path(temporary, parent.equals(table.root()) ? "codes" : "quarantine") : target;
        rows.coalesce(parts)
                .write()
                .mode(SaveMode.ErrorIfExists)
                .option("compression", "zstd")
                .option("parquet.enable.dictionary", "true")
                .option("parquet.block.size", ROW_GROUP_BYTES)
                .option("maxRecordsPerFile", rowsPerFile)
                .parquet(written.toString());
        if (renames()) {
            final FileSystem files = table.fileSystem();
            files.mkdirs(parent);
            if (!files.rename(written, target)) {
                throw new IOException("Cannot rename " + written + " to " + target);
            }
        }
    }

    private void parquet(final Dataset<Row> rows, final Path path) {
        rows.write().mode(SaveMode.ErrorIfExists).option("compression", "zstd").parquet(path.toString());
    }

    private List<RunManifest.DataFile> dataFiles(final long encoded) throws IOException {
        final List<RunManifest.DataFile> files = new ArrayList<>();
        final String folder = CodeTable.RUN_PREFIX + id;
        long rows = 0;
        for (final FileStatus status : table.list(new Path(table.root(), folder))) {
            final String name = status.getPath().getName();
            if (status.isFile() && !name.startsWith("_") && !name.startsWith(".")) {
                final long count;
                try (ParquetFileReader reader = ParquetFileReader.open(
                        HadoopInputFile.fromStatus(status, table.fileSystem().getConf()))) {
                    count = reader.getRecordCount();
                }
                rows += count;
                files.add(new RunManifest.DataFile(folder + "/" + name, count, status.getLen()));
            }
        }
        if (rows != encoded) {
            throw new IllegalStateException("Run " + id + " does not reconcile: " + encoded
                    + " rows encoded, but its files hold " + rows + ".");
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
            if (!files.rename(aside, target)) {
                throw new IOException("Cannot rename " + aside + " to " + target);
            }
        } else {
            // An object store shows an object only when it is whole.
            ManifestFiles.write(files, target, manifest);
        }
    }

    private boolean renames() {
        return AtomicRename.isOfferedBy(table.fileSystem());
    }

    private Path staged() {
        return new Path(temporary, "staged");
    }
}

package io.dpq.codes;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;

/**
 * The code table: Parquet under {@code run=<id>/}, quarantine under {@code _quarantine/run=<id>/}, ids whose earlier rows no
 * longer count under {@code _superseded/run=<id>/}, manifests under {@code _runs/<id>.json}. Only runs with a manifest are
 * read, and of each image only the newest row. One writer at a time, held by a lock file: a run that begins takes whatever
 * else lies under {@code _tmp} for the leftovers of a crash. Thread-safe for readers.
 *
 * <p>A row of run r counts unless a later run superseded its id: that run holds the image's newer code or quarantine row, or
 * found that the lake has it no more. Superseded ids are few beside the rows, so that reading stays a scan.
 */
public final class CodeTable {
    static final String RUNS = "_runs";
    static final String QUARANTINE = "_quarantine";
    static final String SUPERSEDED = "_superseded";
    static final String TEMPORARY = "_tmp";
    static final String RUN_PREFIX = "run=";
    private static final String JSON = ".json";

    private final Path root;
    private final Configuration hadoop;

    /** The table at {@code root}, any Hadoop path; nothing is read yet. */
    public CodeTable(final String root, final Configuration hadoop) {
        try {
            this.root = new Path(root);
        } catch (IllegalArgumentException e) {
            throw UserException.usage("codes.path '" + root + "' is not a path: " + e.getMessage() + ".");
        }
        this.hadoop = hadoop;
    }

    /** Manifests of all complete runs, oldest first. A missing table is a UserException that names encode as the remedy. */
    public List<RunManifest> runs() {
        final List<RunManifest> runs = completeRuns();
        if (runs.isEmpty()) {
            throw UserException.data("There is no complete run in the code table at " + root
                    + "; run encode with this codes.path first.");
        }
        return runs;
    }

    /**
     * Manifests of all complete runs, oldest first, less those that a later one replaced; none where the table does not exist
     * yet. A manifest that is damaged or of an unknown version is a UserException: guessing which codes exist would be worse
     * than stopping.
     */
    public List<RunManifest> completeRuns() {
        final List<RunManifest> runs = manifests();
        final Set<String> replaced = replaced(runs);
        return runs.stream().filter(run -> !replaced.contains(run.runId())).toList();
    }

    /** Runs that another one replaced, whose manifests are still there. */
    List<String> replacedRuns() {
        final List<RunManifest> runs = manifests();
        final Set<String> replaced = replaced(runs);
        return runs.stream().map(RunManifest::runId).filter(replaced::contains).toList();
    }

    private static Set<String> replaced(final List<RunManifest> runs) {
        return runs.stream().flatMap(run -> run.replaces().stream()).collect(Collectors.toSet());
    }

    private List<RunManifest> manifests() {
        final List<RunManifest> runs = new ArrayList<>();
        for (final FileStatus status : list(new Path(root, RUNS))) {
            final String name = status.getPath().getName();
            if (status.isFile() && name.endsWith(JSON) && !name.startsWith(".") && !name.startsWith("_")) {
                final RunManifest manifest = ManifestFiles.read(fileSystem(), status.getPath());
                if (!name.equals(manifest.runId() + JSON)) {
                    throw ManifestFiles.damaged(status.getPath(), "it describes the run " + manifest.runId());
                }
                runs.add(manifest);
            }
        }
        runs.sort(Comparator.comparing(RunManifest::runId));
        return runs;
    }

    /** Refuses a table that holds codes of another model: codes of two models cannot be compared. */
    public void requireModel(final String modelId) {
        for (final RunManifest run : completeRuns()) {
            requireModel(run, modelId);
        }
    }

    private void requireModel(final RunManifest run, final String modelId) {
        if (!run.modelId().equals(modelId)) {
            throw UserException.data("The code table at " + root + " holds codes of model " + run.modelId() + " (run "
                    + run.runId() + "), not of model " + modelId
                    + "; set model.path to the model that wrote it, or codes.path to another table.");
        }
    }

    /**
     * Rows {@code id STRING, labels ARRAY<STRING>, level_1 … level_<levels> SMALLINT}: the newest row of every image that was
     * encoded and that the lake still had at the last run. Only these columns are read. Codes of another model are refused by
     * a UserException, and so are files that are not as the manifest says.
     *
     * @param levels how many, counted from the first, at least 1
     */
    public Dataset<Row> read(final SparkSession spark, final String modelId, final int levels) {
        return read(spark, modelId, levels, runs());
    }

    /** As {@link #read(SparkSession, String, int)}, of the given runs alone, whose manifests are not read again. */
    public Dataset<Row> read(
            final SparkSession spark, final String modelId, final int levels, final List<RunManifest> runs) {
        for (final RunManifest run : runs) {
            requireModel(run, modelId);
            if (levels < 1 || levels > run.levels()) {
                throw UserException.usage("The code table at " + root + " holds levels 1 to " + run.levels()
                        + "; ask for as many, not for " + levels + ".");
            }
        }
        final List<Column> columns = new ArrayList<>();
        columns.add(functions.col(CodeSchema.ID));
        columns.add(functions.col(CodeSchema.LABELS));
        for (int level = 1; level <= levels; level++) {
            columns.add(functions.col(column(level)));
        }
        return codes(spark, runs, CodeSchema.codes(levels)).select(columns.toArray(new Column[0]));
    }

    /** Whether every file of the given runs has the column {@link CodeSchema#EMBEDDING}; false where there is no file. */
    public boolean hasEmbeddings(final List<RunManifest> runs) {
        return extras(runs).contains(CodeSchema.Extra.EMBEDDING);
    }

    /** The extras whose columns every file of the given runs has; none where there is no file. */
    public Set<CodeSchema.Extra> extras(final List<RunManifest> runs) {
        final Set<CodeSchema.Extra> extras = EnumSet.allOf(CodeSchema.Extra.class);
        boolean any = false;
        for (final RunManifest run : runs) {
            // The files of a run are of one write, so that one tells for all.
            for (final String file : checkedCodes(run).stream().limit(1).toList()) {
                final MessageType schema = schema(new Path(file));
                extras.removeIf(extra -> !schema.containsField(extra.firstColumn()));
                any = true;
            }
        }
        return any ? extras : EnumSet.noneOf(CodeSchema.Extra.class);
    }

    private MessageType schema(final Path file) {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(
                fileSystem().getFileStatus(file), fileSystem().getConf()))) {
            return reader.getFileMetaData().getSchema();
        } catch (IOException e) {
            throw UserException.data(
                    "The file " + file + " cannot be read (" + e.getMessage() + "); restore it or encode again.", e);
        }
    }

    /**
     * Rows {@code id STRING, labels ARRAY<STRING>, embedding ARRAY<FLOAT>} of the given runs, the newest of each image; only
     * these columns are read.
     *
     * @param runs that {@link #hasEmbeddings}
     */
    public Dataset<Row> readEmbeddings(final SparkSession spark, final String modelId, final List<RunManifest> runs) {
        runs.forEach(run -> requireModel(run, modelId));
        return codes(spark, runs, CodeSchema.codes(0, Set.of(CodeSchema.Extra.EMBEDDING)))
                .select(CodeSchema.ID, CodeSchema.LABELS, CodeSchema.EMBEDDING);
    }

    /**
     * What the table knows of every image, for the next run to compare with the lake: rows {@code id, labels, content_hash,
     * length, modified, reason, run}, one an image; {@code reason} is null where it was encoded. Images that the lake had lost
     * at the last run are not among them.
     */
    public Dataset<Row> state(final SparkSession spark, final String modelId) {
        requireModel(modelId);
        final Column none = functions.lit(null);
        final List<RunManifest> runs = completeRuns();
        final Dataset<Row> all = codes(spark, runs, CodeSchema.codes(0))
                .select(CodeSchema.stateColumns(functions.col(CodeSchema.LABELS), none.cast(DataTypes.StringType)))
                .union(quarantine(spark, runs)
                        .select(CodeSchema.stateColumns(
                                none.cast(DataTypes.createArrayType(DataTypes.StringType)),
                                functions.col(CodeSchema.REASON))));
        // Earlier releases superseded nothing: an image could be in the quarantine of many runs, and encoded in a later
        // one.
        final Column newest = functions
                .row_number()
                .over(Window.partitionBy(CodeSchema.ID)
                        .orderBy(functions.col(CodeSchema.RUN).desc()));
        return all.withColumn("age", newest).filter("age = 1").drop("age");
    }

    /**
     * The newest row of every image that was encoded, of the given runs, with all columns that every file of them has, and the
     * column {@code run}.
     */
    public Dataset<Row> current(final SparkSession spark, final String modelId, final List<RunManifest> runs) {
        runs.forEach(run -> requireModel(run, modelId));
        final Set<CodeSchema.Extra> extras = extras(runs);
        final int levels = runs.get(runs.size() - 1).levels();
        final List<Column> columns = new ArrayList<>(List.of(CodeSchema.codeColumns(levels, extras, Metadata.empty())));
        columns.add(functions.col(CodeSchema.RUN));
        return codes(spark, runs, CodeSchema.codes(levels, extras)).select(columns.toArray(new Column[0]));
    }

    /** Ids, in the column {@code id}, whose rows in earlier runs the given ones superseded. */
    public Dataset<Row> supersededIds(final SparkSession spark, final List<RunManifest> runs) {
        final List<String> files = new ArrayList<>();
        for (final RunManifest run : runs) {
            files.addAll(checked(run, SUPERSEDED + "/" + RUN_PREFIX + run.runId(), run.supersededFiles()));
        }
        return scan(spark, files, CodeSchema.superseded(), new Path(root, SUPERSEDED))
                .select(CodeSchema.ID);
    }

    /**
     * Rows of codes that count.
     *
     * @param schema of {@link CodeSchema#codes}
     */
    Dataset<Row> codes(final SparkSession spark, final List<RunManifest> runs, final StructType schema) {
        final List<String> files = new ArrayList<>();
        runs.forEach(run -> files.addAll(checkedCodes(run)));
        return current(spark, runs, files, schema, root);
    }

    private List<String> checkedCodes(final RunManifest run) {
        return checked(run, RUN_PREFIX + run.runId(), run.files());
    }

    /** Rows of {@link CodeSchema#quarantine} that count. */
    Dataset<Row> quarantine(final SparkSession spark, final List<RunManifest> runs) {
        final List<String> files = new ArrayList<>();
        for (final RunManifest run : runs) {
            if (run.quarantined() > 0) {
                for (final FileStatus status : list(new Path(root, QUARANTINE + "/" + RUN_PREFIX + run.runId()))) {
                    if (isData(status)) {
                        files.add(status.getPath().toString());
                    }
                }
            }
        }
        // Its own root: below the table's, folders that begin with an underscore are hidden.
        return current(spark, runs, files, CodeSchema.quarantine(), new Path(root, QUARANTINE));
    }

    private Dataset<Row> current(
            final SparkSession spark,
            final List<RunManifest> runs,
            final List<String> files,
            final StructType schema,
            final Path base) {
        final Dataset<Row> rows = scan(spark, files, schema, base);
        final List<String> superseded = new ArrayList<>();
        for (final RunManifest run : runs) {
            superseded.addAll(checked(run, SUPERSEDED + "/" + RUN_PREFIX + run.runId(), run.supersededFiles()));
        }
        if (superseded.isEmpty()) {
            return rows;
        }
        final Dataset<Row> later = scan(spark, superseded, CodeSchema.superseded(), new Path(root, SUPERSEDED))
                .select(
                        functions.col(CodeSchema.ID).as("superseded_id"),
                        functions.col(CodeSchema.RUN).as("superseded_by"));
        return rows.join(
                later,
                functions
                        .col(CodeSchema.ID)
                        .equalTo(functions.col("superseded_id"))
                        .and(functions.col("superseded_by").gt(functions.col(CodeSchema.RUN))),
                "left_anti");
    }

    /** Exactly these files, with the run of each: a folder may hold what a crashed job or a hand left there. */
    private static Dataset<Row> scan(
            final SparkSession spark, final List<String> files, final StructType schema, final Path base) {
        if (files.isEmpty()) {
            return spark.createDataFrame(List.of(), schema);
        }
        final Column[] columns = new Column[schema.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = functions.col(schema.fieldNames()[i]);
        }
        return spark.read()
                .option("basePath", base.toString())
                .schema(schema)
                .parquet(files.toArray(new String[0]))
                .select(columns);
    }

    static boolean isData(final FileStatus status) {
        final String name = status.getPath().getName();
        return status.isFile() && !name.startsWith("_") && !name.startsWith(".");
    }

    private List<String> checked(final RunManifest run, final String folder, final List<RunManifest.DataFile> files) {
        if (files.isEmpty()) {
            return List.of();
        }
        final Map<String, Long> present = new HashMap<>();
        for (final FileStatus status : list(new Path(root, folder))) {
            present.put(folder + "/" + status.getPath().getName(), status.getLen());
        }
        final List<String> paths = new ArrayList<>();
        for (final RunManifest.DataFile file : files) {
            final Long bytes = present.get(file.path());
            if (bytes == null || bytes != file.bytes()) {
                throw UserException.data("The file " + new Path(root, file.path()) + " of run " + run.runId() + " has "
                        + (bytes == null ? "gone" : bytes + " bytes instead of " + file.bytes())
                        + "; restore it, or delete " + new Path(new Path(root, RUNS), run.runId() + JSON)
                        + " and run encode again.");
            }
            paths.add(new Path(root, file.path()).toString());
        }
        return paths;
    }

    /**
     * Begins a run: refuses a table of another model or one that another run writes now, removes what crashed runs left, and
     * names the run after the time.
     *
     * @param identity whose codes the run will hold
     */
    public CodeRun begin(final CodeRun.Identity identity) {
        return begin(identity, CodeRun.Beginning.ADDING);
    }

    /** As {@link #begin(CodeRun.Identity)}, in the given way. */
    public CodeRun begin(final CodeRun.Identity identity, final CodeRun.Beginning beginning) {
        if (!beginning.replaces()) {
            requireModel(identity.modelId());
        }
        return CodeRun.begin(this, identity, beginning);
    }

    /** The column of a level, counted from 1. */
    public static String column(final int level) {
        return "level_" + level;
    }

    /** Where the table lies, as it was given. */
    public Path root() {
        return root;
    }

    Path manifestPath(final String runId) {
        return new Path(new Path(root, RUNS), runId + JSON);
    }

    FileSystem fileSystem() {
        try {
            return root.getFileSystem(hadoop);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The file system of codes.path " + root + " cannot be reached: " + e.getMessage() + ".", e);
        }
    }

    /** Children of a folder, none where it does not exist. */
    List<FileStatus> list(final Path folder) {
        try {
            return List.of(fileSystem().listStatus(folder));
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw UserException.data(
                    "The folder " + folder + " cannot be listed (" + e.getMessage() + "); check codes.path.", e);
        }
    }
}

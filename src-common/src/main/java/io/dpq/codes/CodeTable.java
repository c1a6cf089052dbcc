package io.dpq.codes;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;

/**
 * The code table: Parquet under {@code run=<id>/}, quarantine under {@code _quarantine/run=<id>/}, manifests under {@code
 * _runs/<id>.json}. Only runs with a manifest are read. One writer at a time, held by a lock file: a run that begins takes
 * whatever else lies under {@code _tmp} for the leftovers of a crash. Thread-safe for readers.
 */
public final class CodeTable {
    static final String RUNS = "_runs";
    static final String QUARANTINE = "_quarantine";
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
     * Manifests of all complete runs, oldest first; none where the table does not exist yet. A manifest that is damaged or
     * of an unknown version is a UserException: guessing which codes exist would be worse than stopping.
     */
    public List<RunManifest> completeRuns() {
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
        return List.copyOf(runs);
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
     * Rows {@code id STRING, labels ARRAY<STRING>, level_1 … level_<levels> SMALLINT} of all complete runs; only these
     * columns are read. Codes of another model are refused by a UserException, and so are files that are not as the manifest
     * says.
     *
     * @param levels how many, counted from the first, at least 1
     */
    public Dataset<Row> read(final SparkSession spark, final String modelId, final int levels) {
        return read(spark, modelId, levels, runs());
    }

    /** As {@link #read(SparkSession, String, int)}, of the given runs alone, whose manifests are not read again. */
    public Dataset<Row> read(
            final SparkSession spark, final String modelId, final int levels, final List<RunManifest> runs) {
        final List<String> files = new ArrayList<>();
        for (final RunManifest run : runs) {
            requireModel(run, modelId);
            if (levels < 1 || levels > run.levels()) {
                throw UserException.usage("The code table at " + root + " holds levels 1 to " + run.levels()
                        + "; ask for as many, not for " + levels + ".");
            }
            files.addAll(checkedFiles(run));
        }
        return read(spark, files, CodeSchema.readable(levels));
    }

    /** Whether every file of the given runs has the column {@link CodeSchema#EMBEDDING}; false where there is no file. */
    public boolean hasEmbeddings(final List<RunManifest> runs) {
        boolean any = false;
        for (final RunManifest run : runs) {
            // The files of a run are of one write, so that one tells for all.
            for (final String file : checkedFiles(run).stream().limit(1).toList()) {
                if (!hasColumn(new Path(file), CodeSchema.EMBEDDING)) {
                    return false;
                }
                any = true;
            }
        }
        return any;
    }

    private boolean hasColumn(final Path file, final String column) {
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromStatus(fileSystem().getFileStatus(file), fileSystem().getConf()))) {
            return reader.getFileMetaData().getSchema().containsField(column);
        } catch (IOException e) {
            throw UserException.data(
                    "The file " + file + " cannot be read (" + e.getMessage() + "); restore it or encode again.", e);
        }
    }

    /**
     * Rows {@code id STRING, labels ARRAY<STRING>, embedding ARRAY<FLOAT>} of the given runs; only these columns are read.
     *
     * @param runs that {@link #hasEmbeddings}
     */
    public Dataset<Row> readEmbeddings(final SparkSession spark, final String modelId, final List<RunManifest> runs) {
        final List<String> files = new ArrayList<>();
        for (final RunManifest run : runs) {
            requireModel(run, modelId);
            files.addAll(checkedFiles(run));
        }
        return read(spark, files, CodeSchema.readableEmbeddings());
    }

    private static Dataset<Row> read(final SparkSession spark, final List<String> files, final StructType schema) {
        if (files.isEmpty()) {
            return spark.createDataFrame(List.of(), schema);
        }
        final Column[] columns = new Column[schema.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = functions.col(schema.fieldNames()[i]);
        }
        // Exactly the files of the manifests: a folder may hold what a crashed job or a hand left there.
        return spark.read().schema(schema).parquet(files.toArray(new String[0])).select(columns);
    }

    private List<String> checkedFiles(final RunManifest run) {
        final Map<String, Long> present = new HashMap<>();
        for (final FileStatus status : list(new Path(root, RUN_PREFIX + run.runId()))) {
            present.put(RUN_PREFIX + run.runId() + "/" + status.getPath().getName(), status.getLen());
        }
        final List<String> paths = new ArrayList<>();
        for (final RunManifest.DataFile file : run.files()) {
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
     * Begins a run: refuses a table of another model or one that another run writes now, removes what crashed runs left, and names the run after the time.
     *
     * @param identity whose codes the run will hold
     */
    public CodeRun begin(final CodeRun.Identity identity) {
        requireModel(identity.modelId());
        return CodeRun.begin(this, identity);
    }

    /** The column of a level, counted from 1. */
    public static String column(final int level) {
        return "level_" + level;
    }

    Path root() {
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

package io.dpq.encode;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.apache.iceberg.spark.CommitMetadata;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an Iceberg table at what readers of the code table see: the same columns, one row an image. Only complete runs reach it,
 * all that it lacks in one snapshot, whose summary names the newest of them ({@code dpq.run}): a job that ends between the code
 * table and this one is made up for by the next, and nothing is added twice. Where rows changed or were dropped, they are merged
 * by id; where another model's codes replace all, the table is overwritten, atomically as well. Needs Iceberg's runtime and a
 * catalog in the session. Not thread-safe.
 */
final class IcebergSink {
    private static final String KEY = "encode.iceberg.table";
    private static final String EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions";
    private static final String RUN = "dpq.run";
    private static final String MODEL = "dpq.model";
    private static final String DROPPED = "dpq_dropped";

    private final SparkSession spark;
    private final String name;

    IcebergSink(final SparkSession spark, final String name) {
        this.spark = spark;
        this.name = name;
    }

    /** Tells the code table that a table was made for, whatever became of its snapshots. */
    private static final String SINK = "dpq.sink";

    /**
     * What the summary of a snapshot tells.
     *
     * @param run empty where none tells
     * @param model of it
     * @param blind whether there are rows of a run that is not known
     */
    private record State(String run, String model, boolean blind) {}

    /** Refuses a session that could not write the table, before anything is encoded. */
    void requireUsable() {
        if (!Arrays.asList(spark.conf().get("spark.sql.extensions", "").split("\\s*,\\s*"))
                .contains(EXTENSIONS)) {
            throw UserException.usage("The key '" + KEY + "' needs Iceberg in the session; give spark-submit --packages"
                    + " org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.12.0 --conf spark.sql.extensions="
                    + EXTENSIONS
                    + " and a catalog, or leave the key out.");
        }
        final String catalog = name.replaceFirst("\\..*", "");
        if (!name.matches("\\w+(\\.\\w+)+")
                || spark.conf().getOption("spark.sql.catalog." + catalog).isEmpty()) {
            throw UserException.usage("The key '" + KEY + "' is '" + name
                    + "' but must be catalog.namespace.table of a catalog that the session has; set spark.sql.catalog."
                    + catalog + " as Iceberg's documentation tells, or correct the key.");
        }
    }

    /**
     * Brings the table up to the newest complete run.
     *
     * @return whether it lacked anything
     */
    boolean update(final CodeTable table) {
        final List<RunManifest> runs = table.runs();
        final RunManifest newest = runs.get(runs.size() - 1);
        final Dataset<Row> current = table.current(spark, newest.modelId(), runs);
        final Dataset<Row> rows = current.drop(CodeSchema.RUN);
        final String root = table.root().toString();
        final @Nullable State state = exists() ? state(root) : null;
        if (state == null) {
            create(rows, root);
        }
        requireSameColumns(rows);
        // A run that the code table has lost: nobody can tell which of its rows are encoded again.
        final boolean blind = state != null && (state.blind() || !knows(runs, state.run()));
        String done = state == null ? "" : state.run();
        for (final RunManifest run : runs) {
            if (run.runId().compareTo(done) > 0 && mergesOnly(run, state, done)) {
                done = run.runId();
            }
        }
        final String from = done;
        final List<RunManifest> missing =
                runs.stream().filter(run -> run.runId().compareTo(from) > 0).toList();
        if (missing.stream()
                        .allMatch(run -> run.files().isEmpty()
                                && run.superseded() == 0
                                && run.replaces().isEmpty())
                && !blind) {
            return false;
        }
        spark.sparkContext().setJobDescription("dpq encode: update the Iceberg table " + name);
        committing(newest, () -> {
            final Dataset<Row> later =
                    current.filter(col(CodeSchema.RUN).gt(from)).drop(CodeSchema.RUN);
            if (blind) {
                overwrite(rows);
            } else if (from.isEmpty()) {
                append(rows);
            } else if (missing.stream().anyMatch(run -> !run.replaces().isEmpty())) {
                overwrite(rows);
            } else if (missing.stream().allMatch(run -> run.superseded() == 0)) {
                append(later);
            } else {
                merge(later, table.supersededIds(spark, missing));
            }
        });
        return true;
    }

    private static boolean knows(final List<RunManifest> runs, final String run) {
        return run.isEmpty()
                || runs.stream()
                        .anyMatch(r -> r.runId().equals(run) || r.replaces().contains(run));
    }

    /** Whether a run only merged others, all of them in this table: it changes no row. */
    private static boolean mergesOnly(final RunManifest run, final @Nullable State state, final String done) {
        return state != null
                && run.encoded() == 0
                && !run.replaces().isEmpty()
                && run.modelId().equals(state.model())
                && run.replaces().stream().allMatch(replaced -> replaced.compareTo(done) <= 0);
    }

    private boolean exists() {
        return spark.catalog().tableExists(name);
    }

    /** What the newest snapshot of ours says, of those that the table is made of; maintenance makes others, and removes old ones. */
    private State state(final String root) {
        final Dataset<Row> history = spark.table(name + ".history")
                .filter(col("is_current_ancestor"))
                .select(col("snapshot_id").as("ancestor"));
        final Dataset<Row> snapshots = spark.table(name + ".snapshots");
        final List<Row> summaries = snapshots
                .join(history, snapshots.col("snapshot_id").equalTo(history.col("ancestor")), "left_semi")
                .select(
                        col("summary").getItem(RUN).as("run"),
                        col("summary").getItem(MODEL).as("model"))
                .filter(col("run").isNotNull())
                .orderBy(col("run").desc())
                .takeAsList(1);
        if (!summaries.isEmpty()) {
            return new State(summaries.get(0).getString(0), summaries.get(0).getString(1), false);
        }
        if (spark.table(name).isEmpty()) {
            return new State("", "", false);
        }
        if (!spark.sql("SHOW TBLPROPERTIES " + name)
                .filter(col("key").equalTo(SINK).and(col("value").equalTo(root)))
                .isEmpty()) {
            return new State("", "", true);
        }
        throw UserException.data(
                "The Iceberg table " + name + " holds rows of which no snapshot tells the run, so that this"
                        + " job cannot know which; set " + KEY + " to a table that does not exist.");
    }

    private void create(final Dataset<Row> rows, final String root) {
        final String columns = Arrays.stream(rows.schema().fields())
                .map(field -> field.toDDL())
                .collect(Collectors.joining(", "));
        spark.sql("CREATE NAMESPACE IF NOT EXISTS " + name.substring(0, Math.max(0, name.lastIndexOf('.'))));
        spark.sql("CREATE TABLE " + name + " (" + columns.replaceAll(" COMMENT '[^']*'", "")
                + ") USING iceberg TBLPROPERTIES ('write.parquet.compression-codec' = 'zstd', '" + SINK + "' = '"
                + root.replace("'", "\\'") + "')");
    }

    private void requireSameColumns(final Dataset<Row> rows) {
        final List<String> there = Arrays.asList(spark.table(name).columns());
        final List<String> here = Arrays.asList(rows.columns());
        if (!there.equals(here)) {
            throw UserException.data("The Iceberg table " + name + " has the columns " + there + " but the code table "
                    + here + "; set " + KEY + " to a table that does not exist, or encode.columns as they were.");
        }
    }

    private static void committing(final RunManifest newest, final Runnable commit) {
        CommitMetadata.withCommitProperties(
                Map.of(RUN, newest.runId(), MODEL, newest.modelId()),
                Executors.callable(commit),
                RuntimeException.class);
    }

    private void append(final Dataset<Row> rows) {
        try {
            rows.writeTo(name).append();
        } catch (NoSuchTableException e) {
            throw gone(e);
        }
    }

    private void overwrite(final Dataset<Row> rows) {
        try {
            rows.writeTo(name).overwrite(lit(true));
        } catch (NoSuchTableException e) {
            throw gone(e);
        }
    }

    private UserException gone(final AnalysisException e) {
        return UserException.data("The Iceberg table " + name + " was dropped meanwhile; run encode again.", e);
    }

    /** Rows written again take the place of those before, and superseded ids without a new row are dropped. */
    private void merge(final Dataset<Row> rows, final Dataset<Row> superseded) {
        Dataset<Row> dropped = superseded
                .join(
                        rows.select(col(CodeSchema.ID).as("kept")),
                        col(CodeSchema.ID).equalTo(col("kept")),
                        "left_anti")
                .select(CodeSchema.ID)
                .distinct();
        for (final var field : rows.schema().fields()) {
            if (!field.name().equals(CodeSchema.ID)) {
                dropped = dropped.withColumn(field.name(), lit(null).cast(field.dataType()));
            }
        }
        final String view = "dpq_changes";
        rows.withColumn(DROPPED, lit(false))
                .unionByName(dropped.withColumn(DROPPED, lit(true)))
                .createOrReplaceTempView(view);
        final String columns = String.join(", ", rows.columns());
        final String assigned =
                Arrays.stream(rows.columns()).map(name -> name + " = s." + name).collect(Collectors.joining(", "));
        final String values =
                Arrays.stream(rows.columns()).map(name -> "s." + name).collect(Collectors.joining(", "));
        try {
            spark.sql("MERGE INTO " + name + " t USING " + view + " s ON t.id = s.id"
                    + " WHEN MATCHED AND s." + DROPPED + " THEN DELETE"
                    + " WHEN MATCHED THEN UPDATE SET " + assigned
                    + " WHEN NOT MATCHED AND NOT s." + DROPPED + " THEN INSERT (" + columns + ") VALUES (" + values
                    + ")");
        } finally {
            spark.catalog().dropTempView(view);
        }
    }
}

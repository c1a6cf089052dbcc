package io.dpq.encode;

import io.dpq.codes.CodeRun;
import io.dpq.codes.CodeSchema.Extra;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.SparkSession;

/**
 * Merges the runs of a code table into one and drops the rows that no longer count: a table that grows by a run a night keeps
 * large files and a short list of manifests. Readers that follow the manifests see the same rows before, meanwhile and
 * afterwards. Stateless.
 */
public final class CompactJob implements Job {
    /** Stateless. */
    public CompactJob() {}

    @Override
    public String name() {
        return "compact";
    }

    @Override
    public String description() {
        return "Merge the runs of a code table into one, without the rows that changed or deleted images left.";
    }

    @Override
    public Class<?> mainClass() {
        return Compact.class;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        return List.of("Write the rows that count of the code table " + config.string("codes.path")
                + " as one run, in files of at most " + rowsPerFile(config) + " rows, then remove the runs before it.");
    }

    private static long rowsPerFile(final DpqConfig config) {
        return config.whole("encode.rows-per-file", 1, Integer.MAX_VALUE);
    }

    @Override
    public Outcome run(final JobContext context) {
        final SparkSession spark = context.spark();
        final String path = context.config().string("codes.path");
        final CodeTable table = new CodeTable(path, spark.sparkContext().hadoopConfiguration());
        final List<RunManifest> before = table.runs();
        final RunManifest newest = before.get(before.size() - 1);
        if (before.size() == 1 && newest.superseded() == 0) {
            context.out().println("Nothing to compact: " + path + " has one run, " + newest.runId() + ".");
            return Outcome.DONE;
        }
        final CodeRun.Identity identity =
                new CodeRun.Identity(newest.modelId(), newest.decodeVersion(), newest.levels(), newest.codewords());
        try (CodeRun run = table.begin(identity)) {
            final Set<Extra> lost = Extras.lost(table, table.completeRuns(), Extras.configured(context.config()));
            spark.sparkContext().setJobDescription("dpq compact: " + before.size() + " runs into " + run.id());
            // The configuration of the encoding runs, which says whose images the table holds.
            final RunManifest after = run.compact(spark, rowsPerFile(context.config()), newest.config());
            final long rows =
                    before.stream().mapToLong(m -> m.encoded() + m.refreshed()).sum();
            context.out()
                    .println("Run " + after.runId() + " of " + path + " replaces "
                            + after.replaces().size()
                            + " runs: " + after.refreshed() + " rows in "
                            + after.files().size() + " files, "
                            + (rows - after.refreshed()) + " rows dropped, " + after.quarantined()
                            + " images in quarantine."
                            + (lost.isEmpty()
                                    ? ""
                                    : " Not all of them had " + Extras.columns(lost) + ": they are gone."));
        }
        return Outcome.DONE;
    }
}

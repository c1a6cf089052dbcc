package io.dpq.eval;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.BuildInfo;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.quantizer.Codebooks;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Reports the retrieval quality of a model and its code table at every code length. Stateless. */
public final class EvaluateJob implements Job {
    /** Stateless. */
    public EvaluateJob() {}

    @Override
    public String name() {
        return "evaluate";
    }

    @Override
    public String description() {
        return "Report the mean average precision of every code length of a code table.";
    }

    @Override
    public Class<?> mainClass() {
        return Evaluate.class;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        final Settings settings = Settings.from(config);
        return List.of(
                "Embed the queries of " + settings.queries().path() + " ("
                        + DpqConfig.kebab(settings.queries().kind()) + ") with the model " + settings.modelPath() + ".",
                "Rank every complete run of the code table " + settings.codesPath()
                        + " for every query and code length, "
                        + (settings.r() == 0 ? "over all rows" : "cut at rank " + settings.r()) + ", ties "
                        + DpqConfig.kebab(settings.ties()) + ", in blocks of " + settings.blockRows() + " rows"
                        + (settings.randomBaseline() ? ", and random codes beside it." : "."),
                "Write " + ReportFiles.JSON + ", " + ReportFiles.CSV + " and " + ReportFiles.HTML + " to "
                        + settings.report() + ".");
    }

    @Override
    public Outcome run(final JobContext context) throws IOException {
        final Settings settings = Settings.from(context.config());
        final SparkSession spark = context.spark();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final Stopwatch stopwatch = new Stopwatch();
        ReportPublisher.prepare(settings.report(), hadoop);

        final ModelDirectory directory = ModelDirectory.open(settings.modelPath(), hadoop);
        final ModelManifest model = directory.manifest();
        Embedders.requireReadable(settings.modelPath(), model.image());
        settings.queries().requireFits(Embedders.takesVectors(model), settings.modelPath());
        final Codebooks codebooks = directory.codebooks();
        final CodeTable table = new CodeTable(settings.codesPath(), hadoop);
        final Dataset<Row> codes = table.read(spark, model.modelId(), codebooks.levels());
        final List<RunManifest> runs = table.runs();
        final long rows = runs.stream().mapToLong(RunManifest::encoded).sum();
        if (rows == 0) {
            throw UserException.data("The code table at " + settings.codesPath()
                    + " holds no rows; run encode on a lake of images first.");
        }
        stopwatch.lap("open");

        final QueryEmbedding.Result queries =
                QueryEmbedding.embed(spark.sparkContext(), Lake.open(spark, settings.queries()), settings, model);
        requireUsable(queries, settings);
        stopwatch.lap("embedQueries");

        final Evaluation.Result result =
                new Evaluation(codebooks, settings, stopwatch).run(spark, codes, rows, queries.queries());
        final Report report = new Report(
                Report.VERSION,
                Report.KIND,
                Instant.now().toString(),
                new Report.Model(
                        model.modelId(),
                        settings.modelPath(),
                        model.backbone(),
                        codebooks.dimensions(),
                        codebooks.levels(),
                        codebooks.codewords()),
                new Report.Codes(
                        settings.codesPath(),
                        runs.stream().map(RunManifest::runId).toList(),
                        result.rows()),
                new Report.Queries(
                        settings.queries().path(),
                        queries.queries().size(),
                        queries.undecodable(),
                        queries.queries().stream()
                                .filter(query -> query.labels().isEmpty())
                                .count(),
                        result.emptyQueries(),
                        result.relevantPairs()),
                Report.Conventions.of(result.r(), result.r() == result.rows(), settings.ties()),
                result.levels(),
                stopwatch.seconds(),
                versions(spark),
                new TreeMap<>(context.config().flat()));
        final Path published = ReportPublisher.publish(settings.report(), hadoop, ReportFiles.render(report));
        print(report, new Path(published, ReportFiles.HTML), context.out());
        return Outcome.DONE;
    }

    private static void requireUsable(final QueryEmbedding.Result queries, final Settings settings) {
        if (queries.queries().isEmpty()) {
            throw UserException.data("None of the " + queries.undecodable() + " query images of "
                    + settings.queries().path()
                    + " can be decoded; set evaluate.queries.path to a folder of JPEG or PNG images.");
        }
        if (queries.queries().stream().allMatch(query -> query.labels().isEmpty())) {
            throw UserException.data(
                    "None of the queries of " + settings.queries().path()
                            + " has a label; put them into one folder a class, or give evaluate.queries.list.");
        }
    }

    private static Map<String, String> versions(final SparkSession spark) {
        final BuildInfo build = new BuildInfo();
        final Map<String, String> versions = new TreeMap<>();
        versions.put("dpq", build.version());
        versions.put("revision", build.revision());
        versions.put("spark", spark.version());
        versions.put("java", Runtime.version().toString());
        return versions;
    }

    private static void print(final Report report, final Path html, final PrintStream out) {
        final Report.Conventions conventions = report.conventions();
        out.printf(
                Locale.ROOT,
                "mAP@%s of %d queries over %d rows, ties %s%n",
                conventions.wholeDatabase() ? "all" : conventions.r(),
                report.queries().count(),
                report.codes().rows(),
                conventions.ties());
        out.printf(Locale.ROOT, "%5s %5s %8s %8s%n", "level", "bits", "mAP", "random");
        for (final Report.Level level : report.levels()) {
            out.printf(
                    Locale.ROOT,
                    "%5d %5d %8.4f %8s%n",
                    level.level(),
                    level.bits(),
                    level.map(),
                    level.randomMap() == null ? "-" : String.format(Locale.ROOT, "%.4f", level.randomMap()));
        }
        out.println("Report: " + html);
    }
}

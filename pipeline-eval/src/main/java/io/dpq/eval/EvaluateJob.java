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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
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
    public boolean comparing() {
        return true;
    }

    @Override
    public List<String> plan(final DpqConfig config) {
        final Settings settings = Settings.from(config);
        final List<String> plan = new ArrayList<>();
        plan.add(
                switch (settings.querySource()) {
                    case LAKE ->
                        "Embed the queries of " + settings.queries().path() + " ("
                                + DpqConfig.kebab(settings.queries().kind()) + ") with the model "
                                + settings.modelPath() + ".";
                    case EMBEDDINGS ->
                        "Take the embeddings of " + settings.queries().path() + " as queries.";
                    case CODES ->
                        "Take "
                                + settings.queries()
                                        .list()
                                        .map(list -> "the rows that " + list + " names")
                                        .orElse("at most " + settings.queryRows() + " rows")
                                + " of the code table " + settings.queries().path() + " as queries.";
                });
        plan.add("Rank every complete run of the code table " + settings.codesPath()
                + " for every query and "
                + (settings.levels() == 0 ? "code length" : "code length up to level " + settings.levels()) + " by "
                + DpqConfig.kebab(settings.score()) + ", "
                + (settings.r() == 0 ? "over all rows" : "cut at rank " + settings.r()) + ", ties "
                + DpqConfig.kebab(settings.ties()) + ", in blocks of " + settings.blockRows() + " rows"
                + (settings.symmetric() ? ", also by quantized queries" : "")
                + (settings.randomBaseline() ? ", and random codes beside it." : "."));
        settings.expected()
                .ifPresent(expected -> plan.addAll(RetrievalPlan.of(
                                settings,
                                settings.levels() > 0
                                        ? settings.levels()
                                        : config.integer("quantization.levels", 1, 64),
                                config.integer("quantization.codewords", 2, 32768),
                                expected.rows(),
                                expected.queries())
                        .lines(settings.taskHeap())));
        plan.add("Rank the embeddings as well where the table has them"
                + (settings.baselines().isEmpty()
                        ? "."
                        : ", and learn " + settings.baselines() + " from " + settings.baselineSample() + " of them."));
        settings.compare()
                .ifPresent(path -> plan.add("Compare with the report " + path
                        + settings.maxDrop()
                                .map(drop ->
                                        " and end with code 4 where mAP of the last level falls by more than " + drop)
                                .orElse("")
                        + "."));
        plan.add("Write " + ReportFiles.JSON + ", " + ReportFiles.CSV + ", " + ReportFiles.QUERIES + " and "
                + ReportFiles.HTML + " to " + settings.report() + ".");
        return plan;
    }

    @Override
    public Outcome run(final JobContext context) throws IOException {
        final Settings settings = Settings.from(context.config());
        final SparkSession spark = context.spark();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final Stopwatch stopwatch = new Stopwatch();
        ReportPublisher.prepare(settings.report(), hadoop);
        // First of all, because the new report may take the place of the old one.
        final Optional<EarlierReport> earlier = settings.compare().map(path -> EarlierReport.read(path, hadoop));

        final ModelDirectory directory = ModelDirectory.open(settings.modelPath(), hadoop);
        final ModelManifest model = directory.manifest();
        Embedders.requireReadable(settings.modelPath(), model.image());
        if (settings.querySource() == QuerySource.LAKE) {
            settings.queries().requireFits(Embedders.takesVectors(model), settings.modelPath());
        }
        final Codebooks codebooks = asked(directory.codebooks(), settings);
        final SparkContext sc = spark.sparkContext();
        sc.setJobDescription("dpq evaluate: open " + settings.codesPath());
        final CodeTable table = new CodeTable(settings.codesPath(), hadoop);
        final List<RunManifest> runs = table.runs();
        final Dataset<Row> codes = table.read(spark, model.modelId(), codebooks.levels(), runs);
        final long rows = codes.count();
        if (rows == 0) {
            throw UserException.data("The code table at " + settings.codesPath()
                    + " holds no rows; run encode on a lake of images first.");
        }
        final Dataset<Row> embeddings = settings.ranksEmbeddings() && table.hasEmbeddings(runs)
                ? table.readEmbeddings(spark, model.modelId(), runs)
                : null;
        if (embeddings == null && !settings.baselines().isEmpty()) {
            throw UserException.data("The code table at " + settings.codesPath()
                    + " has no embeddings for evaluate.baselines to learn from; encode a new table with"
                    + " encode.columns.embedding=true, or set evaluate.baselines=[].");
        }
        if (!settings.baselines().isEmpty() && settings.baselineSample() < codebooks.codewords()) {
            throw UserException.usage("evaluate.baseline-sample is " + settings.baselineSample()
                    + " but baselines need at least as many embeddings as they have codewords, "
                    + codebooks.codewords() + "; raise it to thirty times that or more.");
        }
        stopwatch.lap("open");

        sc.setJobDescription("dpq evaluate: embed the queries");
        final QueryEmbedding.Result queries = switch (settings.querySource()) {
            case LAKE -> QueryEmbedding.embed(sc, Lake.open(spark, settings.queries()), settings, model);
            case EMBEDDINGS -> EmbeddedQueries.ofLake(spark, settings.queries(), model);
            case CODES -> EmbeddedQueries.ofTable(spark, settings, model);
        };
        requireUsable(queries, settings);
        final RetrievalPlan plan = RetrievalPlan.of(
                settings,
                codebooks.levels(),
                codebooks.codewords(),
                rows,
                queries.queries().size());
        plan.lines(settings.taskHeap()).forEach(context.out()::println);
        earlier.ifPresent(report -> report.requireComparable(
                queries.queries().stream().map(Query::id).toList(),
                IntStream.rangeClosed(1, codebooks.levels())
                        .mapToObj(codebooks::bits)
                        .toList(),
                plan,
                settings));
        stopwatch.lap("embedQueries");

        sc.setJobDescription(
                "dpq evaluate: rank " + rows + " rows for " + queries.queries().size() + " queries");
        final Evaluation.Result result =
                new Evaluation(spark, codebooks, settings, queries.queries(), stopwatch).run(codes, embeddings, rows);
        final List<QueryLines.Line> lines =
                QueryLines.of(queries.queries(), result.precisions(), result.relevantRows());
        final Report.Conventions conventions = Report.Conventions.of(
                result.measures().r(),
                result.measures().r() == result.rows(),
                settings.ties(),
                settings.score(),
                result.excluded());
        final Report.Comparison comparison = earlier.map(report -> report.with(
                        lines, result.levels(), conventions, result.rows(), settings.maxDrop(), settings.seed()))
                .orElse(null);
        stopwatch.lap("compare");
        sc.setJobDescription("dpq evaluate: illustrate the report");
        final Illustrations illustrations = new Illustrations(
                TrainingCurves.read(settings.modelPath(), hadoop),
                Illustrations.orNone(
                        "the map of the queries",
                        () -> QueryMap.of(codebooks, queries.queries()),
                        Illustrations.NONE.queries()),
                Illustrations.orNone(
                        "what queries find",
                        () -> Illustrations.found(
                                spark, settings, codebooks, codes, queries.queries(), result.relevantRows()),
                        List.of()));
        stopwatch.lap("illustrate");
        final Report report = new Report(
                Report.VERSION,
                Report.KIND,
                Instant.now().toString(),
                new Report.Model(
                        model.modelId(),
                        settings.modelPath(),
                        model.backbone(),
                        model.dimensions(),
                        model.levels(),
                        model.codewords()),
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
                conventions,
                result.levels(),
                stopwatch.seconds(),
                versions(spark),
                new TreeMap<>(context.config().flat()),
                result.measures().ranks(),
                result.embedding(),
                result.baselines(),
                LabelTable.of(lines),
                comparison);
        final Path published =
                ReportPublisher.publish(settings.report(), hadoop, ReportFiles.render(report, lines, illustrations));
        print(report, new Path(published, ReportFiles.HTML), context.out());
        return comparison == null || comparison.passed() ? Outcome.DONE : Outcome.OVER_BUDGET;
    }

    /** The levels that are to be reported. */
    private static Codebooks asked(final Codebooks codebooks, final Settings settings) {
        if (settings.levels() > codebooks.levels()) {
            throw UserException.usage("The model at " + settings.modelPath() + " has " + codebooks.levels()
                    + " levels; set evaluate.levels to no more, or to 0 for all.");
        }
        return settings.levels() == 0 ? codebooks : codebooks.prefix(settings.levels());
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
        if (report.embedding() != null) {
            out.printf(Locale.ROOT, "unquantized %8.4f%n", report.embedding().map());
        }
        for (final Report.Baseline baseline : report.baselines()) {
            out.printf(Locale.ROOT, "%5s %5d %8.4f%n", baseline.method(), baseline.bits(), baseline.map());
        }
        if (report.comparison() != null) {
            print(report.comparison(), out);
        }
        out.println("Report: " + html);
    }

    private static void print(final Report.Comparison comparison, final PrintStream out) {
        out.println("Against " + comparison.path() + ", over " + comparison.queries() + " queries:");
        for (final Report.Change change : comparison.levels()) {
            out.printf(
                    Locale.ROOT,
                    "%5d %5d %8.4f %+8.4f  95 %% [%+.4f, %+.4f]%n",
                    change.level(),
                    change.bits(),
                    change.after(),
                    change.difference(),
                    change.low(),
                    change.high());
        }
        comparison.caveats().forEach(out::println);
        if (!comparison.passed()) {
            out.println("Over the failure budget: mAP of the last level fell by more than the " + comparison.maxDrop()
                    + " that evaluate.gate.max-drop allows.");
        }
    }
}

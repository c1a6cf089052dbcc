package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dpq.codes.CodeRun;
import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeTable;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelDraft;
import io.dpq.model.ModelManifest;
import io.dpq.model.ModelPublisher;
import io.dpq.network.DpqNetwork;
import io.dpq.network.EncoderExport;
import io.dpq.network.NetworkSpec;
import io.dpq.network.NetworkSpec.OptimizerSpec;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import io.dpq.quantizer.LookupTables;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.ResidualKMeans;
import io.dpq.quantizer.Similarity;
import io.dpq.ranking.ApOracle;
import io.dpq.ranking.Score;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The whole job, under Kryo, on a small lake, an untrained network and codebooks learnt from its embeddings. */
class EvaluateJobTest {
    private static final int SIDE = 32;
    private static final int DIMENSIONS = 8;
    private static final int LEVELS = 2;
    private static final int CODEWORDS = 4;

    @TempDir
    private static Path folder;

    private static SparkSession spark;
    private static Configuration hadoop;
    private static ModelManifest model;
    private static Codebooks codebooks;
    private static List<Query> database;
    private static List<Query> queries;

    @BeforeAll
    static void prepare() throws Exception {
        spark = Sparks.kryo();
        hadoop = spark.sparkContext().hadoopConfiguration();
        new SampleLake(72, 24, 3).write(folder.resolve("lake"));
        final ComputationGraph graph = DpqNetwork.build(spec());
        final byte[] onnx = EncoderExport.toOnnx(graph);
        // Embeddings first, for codebooks that fit them; the same encoder is then published with those.
        publish(
                "draft",
                new Codebooks(LEVELS, CODEWORDS, DIMENSIONS, new float[LEVELS * CODEWORDS * DIMENSIONS]),
                onnx);
        final float[] vectors = vectors(embed("draft", "lake/train"));
        codebooks = ResidualKMeans.fit(vectors, vectors.length / DIMENSIONS, DIMENSIONS, LEVELS, CODEWORDS, 5, 1);
        model = publish("model", codebooks, onnx);
        database = embed("model", "lake/train");
        queries = embed("model", "lake/query");
        assertThat(database).hasSize(72);
        assertThat(queries).hasSize(24);
        encode("codes", model.modelId(), 0);
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static NetworkSpec spec() {
        return new NetworkSpec(
                2,
                NetworkSpec.Input.images(SIDE),
                new NetworkSpec.BackboneSpec(
                        NetworkSpec.Backbone.SIMPLE_CNN, 4, 8, Optional.empty(), true, Optional.empty(), 0),
                new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.TANH, DIMENSIONS),
                new NetworkSpec.QuantizationSpec(
                        LEVELS, CODEWORDS, Similarity.L2, 1, NetworkSpec.GradientMode.END_TO_END),
                new NetworkSpec.LossWeights(1, 0.1, 1, 1, 0.1),
                new float[][] {{1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0}},
                new OptimizerSpec(
                        OptimizerSpec.Kind.ADAM,
                        1e-3,
                        0.9,
                        0,
                        1,
                        1,
                        1,
                        1,
                        1e-3,
                        OptimizerSpec.Schedule.CONSTANT,
                        0,
                        1,
                        1),
                100,
                0,
                7,
                false);
    }

    private static ModelManifest publish(final String name, final Codebooks books, final byte[] onnx)
            throws IOException {
        return ModelPublisher.publish(
                folder.resolve(name).toString(),
                hadoop,
                new ModelDraft(
                        DIMENSIONS,
                        LEVELS,
                        CODEWORDS,
                        Similarity.L2,
                        List.of(),
                        new ImageContract(
                                ImageContract.VERSION,
                                ImageContract.Fit.STRETCH,
                                36,
                                SIDE,
                                List.of(127.5, 127.5, 127.5),
                                List.of(64.0, 64.0, 64.0),
                                1 << 20,
                                1 << 20),
                        "simple-cnn",
                        Map.of(),
                        Map.of()),
                Map.of(ModelDirectory.ENCODER, onnx, ModelDirectory.CODEBOOKS, CodebooksNpy.write(books)));
    }

    private static List<Query> embed(final String modelName, final String lake) {
        final DpqConfig config = config("model.path=" + folder.resolve(modelName), "evaluate.batch-size=16");
        final ModelManifest manifest = ModelDirectory.open(
                        folder.resolve(modelName).toString(), hadoop)
                .manifest();
        final Lake images = Lake.open(
                spark,
                new LakeSettings(
                        "test",
                        LakeSettings.Kind.DIRECTORY,
                        folder.resolve(lake).toString(),
                        Optional.empty()));
        return QueryEmbedding.embed(spark.sparkContext(), images, Settings.from(config), manifest)
                .queries();
    }

    private static float[] vectors(final List<Query> embedded) {
        final float[] vectors = new float[embedded.size() * DIMENSIONS];
        for (int i = 0; i < embedded.size(); i++) {
            System.arraycopy(embedded.get(i).embedding(), 0, vectors, i * DIMENSIONS, DIMENSIONS);
        }
        return vectors;
    }

    private static short[] databaseCodes() {
        final short[] codes = new short[database.size() * LEVELS];
        new ResidualEncoder(codebooks).encode(vectors(database), database.size(), codes);
        return codes;
    }

    /** A code table of the lake's training images, optionally without the first rows' labels. */
    private static void encode(final String table, final String modelId, final int unlabelled) {
        encode(table, modelId, unlabelled, false);
    }

    private static void encode(
            final String table, final String modelId, final int unlabelled, final boolean embeddings) {
        encode(table, modelId, unlabelled, embeddings, database.size(), 1000);
    }

    private static void encode(
            final String table,
            final String modelId,
            final int unlabelled,
            final boolean embeddings,
            final int count,
            final int rowsPerFile) {
        final short[] codes = databaseCodes();
        final List<Row> rows = new ArrayList<>();
        for (int row = 0; row < count; row++) {
            final int i = row % database.size();
            final List<Object> values = new ArrayList<>(java.util.Arrays.asList(
                    database.get(i).id() + (row < database.size() ? "" : "-" + row),
                    row < unlabelled ? null : database.get(i).labels().toArray(new String[0]),
                    (long) row,
                    codes[i * LEVELS],
                    codes[i * LEVELS + 1],
                    null,
                    null,
                    null,
                    null));
            if (embeddings) {
                values.add(database.get(i).embedding());
            }
            rows.add(RowFactory.create(values.toArray()));
        }
        final CodeRun run = new CodeTable(folder.resolve(table).toString(), hadoop)
                .begin(new CodeRun.Identity(modelId, ImageContract.VERSION, LEVELS, CODEWORDS));
        run.stage(spark.createDataFrame(
                rows, embeddings ? CodeSchema.stagedWithEmbeddings(LEVELS) : CodeSchema.staged(LEVELS)));
        run.publish(spark, rows.size(), 0, rowsPerFile, Map.of());
    }

    private static DpqConfig config(final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + folder.resolve("model"),
                "codes.path=" + folder.resolve("codes"),
                "evaluate.queries.path=" + folder.resolve("lake/query"),
                "evaluate.report=" + folder.resolve("report")));
        all.addAll(List.of(sets));
        return DpqConfig.load(null, all);
    }

    private static String run(final String... sets) throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        run(out, sets);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static Job.Outcome run(final ByteArrayOutputStream out, final String... sets) throws IOException {
        return new EvaluateJob()
                .run(new JobContext(spark, config(sets), new PrintStream(out, true, StandardCharsets.UTF_8)));
    }

    private static JsonNode report(final String name) throws IOException {
        final JsonNode report = new ObjectMapper()
                .readTree(folder.resolve(name).resolve("report.json").toFile());
        ReportSchema.requireFits(report);
        return report;
    }

    private static double oracle(final int levels, final int r) {
        final short[] codes = databaseCodes();
        double sum = 0;
        for (final Query query : queries) {
            final LookupTables tables = new LookupTables(codebooks, query.embedding());
            final Map<Double, int[]> groups = new TreeMap<>(Comparator.reverseOrder());
            for (int i = 0; i < database.size(); i++) {
                final int[] group =
                        groups.computeIfAbsent(tables.score(codes, i * LEVELS, levels) + 0.0, s -> new int[2]);
                group[0]++;
                group[1] += Collections.disjoint(database.get(i).labels(), query.labels()) ? 0 : 1;
            }
            sum += ApOracle.ofFormula(
                    groups.values().stream()
                            .map(group -> new ApOracle.Group(group[0], group[1]))
                            .toList(),
                    r);
        }
        return sum / queries.size();
    }

    @Test
    void reportsTheValuesByDefinition() throws IOException {
        final String printed = run();
        final JsonNode report = report("report");
        assertThat(report.path("model").path("id").asText()).isEqualTo(model.modelId());
        assertThat(report.path("queries").path("count").asInt()).isEqualTo(24);
        assertThat(report.path("queries").path("empty").asInt()).isZero();
        assertThat(report.path("queries").path("relevantPairs").asInt()).isEqualTo(24 * 6);
        assertThat(report.path("codes").path("rows").asInt()).isEqualTo(72);
        assertThat(report.path("codes").path("runs")).hasSize(1);
        assertThat(report.path("conventions").path("r").asInt()).isEqualTo(72);
        assertThat(report.path("conventions").path("wholeDatabase").asBoolean()).isTrue();
        for (int level = 1; level <= LEVELS; level++) {
            final JsonNode figures = report.path("levels").path(level - 1);
            assertThat(figures.path("bits").asInt()).isEqualTo(2 * level);
            assertThat(figures.path("map").asDouble()).isEqualTo(oracle(level, 72), within(1e-12));
            assertThat(figures.path("randomMap").asDouble()).isBetween(0.08, 0.25);
            assertThat(printed)
                    .contains(String.format(
                            java.util.Locale.ROOT, "%.4f", figures.path("map").asDouble()));
        }
        assertThat(report.path("levels")
                        .path(1)
                        .path("relativeQuantizationError")
                        .asDouble())
                .isLessThan(report.path("levels")
                        .path(0)
                        .path("relativeQuantizationError")
                        .asDouble());
        assertThat(printed).contains("mAP@all of 24 queries over 72 rows").contains("report.html");
        assertThat(folder.resolve("report/report.html")).exists();
        assertThat(folder.resolve("report/report.csv")).exists();
    }

    @Test
    void setsTheCodesAgainstTheEmbeddingsAndOtherQuantizers() throws IOException {
        encode("embedded", model.modelId(), 0, true);
        final String printed = run(
                "codes.path=" + folder.resolve("embedded"),
                "evaluate.baselines=[pq, opq, rq, itq]",
                "evaluate.baseline-sample=256",
                "evaluate.symmetric=true",
                "evaluate.thumbnails=2",
                "encode.lake.path=" + folder.resolve("lake/train"),
                "evaluate.report=" + folder.resolve("rivals"));
        final JsonNode report = report("rivals");
        double exact = 0;
        for (final Query query : queries) {
            final Map<Double, int[]> groups = new TreeMap<>(Comparator.reverseOrder());
            for (final Query row : database) {
                double inner = 0;
                for (int d = 0; d < DIMENSIONS; d++) {
                    inner += (double) query.embedding()[d] * row.embedding()[d];
                }
                final int[] group = groups.computeIfAbsent(inner + 0.0, s -> new int[2]);
                group[0]++;
                group[1] += Collections.disjoint(row.labels(), query.labels()) ? 0 : 1;
            }
            exact += ApOracle.ofFormula(
                            groups.values().stream()
                                    .map(group -> new ApOracle.Group(group[0], group[1]))
                                    .toList(),
                            72)
                    / queries.size();
        }
        assertThat(report.path("embedding").path("map").asDouble()).isEqualTo(exact, within(1e-12));
        final List<String> methods = new ArrayList<>();
        for (final JsonNode row : report.path("baselines")) {
            methods.add(row.path("method").asText() + row.path("bits").asInt());
            assertThat(row.path("map").asDouble()).isBetween(0.08, 1.0);
            final boolean binary = row.path("method").asText().equals("itq");
            assertThat(row.path("relativeQuantizationError").isNull()).isEqualTo(binary);
        }
        assertThat(methods).containsExactly("pq2", "pq4", "opq2", "opq4", "rq2", "rq4", "itq2", "itq4");
        assertThat(report.path("levels").path(1).path("symmetricMap").asDouble())
                .isBetween(0.08, 1.0);
        assertThat(printed).contains("unquantized").contains("itq");
        assertThat(folder.resolve("rivals/report.html"))
                .content()
                .contains("data:image/jpeg;base64,", "Baselines are learnt without labels", "principal axes");
        assertThat(Files.readAllLines(folder.resolve("rivals/queries.jsonl"))).hasSize(24);
    }

    @Test
    void embeddingsAreLeftAloneWhereTheyAreNotAskedFor() throws IOException {
        encode("unasked", model.modelId(), 0, true);
        run(
                "codes.path=" + folder.resolve("unasked"),
                "evaluate.embedding=false",
                "evaluate.report=" + folder.resolve("codes-alone"));
        assertThat(report("codes-alone").path("embedding").isNull()).isTrue();
    }

    @Test
    void baselinesNeedEmbeddings() {
        assertThatThrownBy(() -> run("evaluate.baselines=[pq]"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("encode.columns.embedding");
        assertThatThrownBy(() -> run("evaluate.baselines=[lsh]"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("pq, opq, rq, itq");
    }

    @Test
    void comparesWithAnEarlierReportAndGuardsTheLastLevel() throws IOException {
        final Path old = folder.resolve("old");
        run("evaluate.random-baseline=false", "evaluate.report=" + old);
        final String[] again = {
            "evaluate.random-baseline=false",
            "evaluate.compare=" + old,
            "evaluate.gate.max-drop=0.01",
            "evaluate.report=" + folder.resolve("new")
        };
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(run(out, again)).isEqualTo(Job.Outcome.DONE);
        final JsonNode same = report("new").path("comparison");
        assertThat(same.path("queries").asInt()).isEqualTo(24);
        assertThat(same.path("caveats")).isEmpty();
        for (final JsonNode change : same.path("levels")) {
            assertThat(change.path("difference").asDouble()).isZero();
            assertThat(change.path("low").asDouble()).isZero();
        }
        // What a gate cannot judge by is told before anything is ranked, and nothing is told where none judges.
        for (final String[] other : new String[][] {
            {"evaluate.r=5", "measures something else than the gate judges by: R was "},
            {"evaluate.ties=id", "Ties were ranked by the rule expected"}
        }) {
            assertThatThrownBy(() -> run(out, with(again, other[0])))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining(other[1])
                    .hasMessageContaining("set evaluate.compare to a report that was made as this one is");
        }
        run("evaluate.random-baseline=false", "evaluate.levels=1", "evaluate.report=" + folder.resolve("short"));
        final String toShort = "evaluate.compare=" + folder.resolve("short");
        assertThatThrownBy(() -> run(out, with(again, toShort)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("which the gate judges by; set evaluate.compare to one that has");
        assertThat(run(out, "evaluate.random-baseline=false", toShort, "evaluate.report=" + folder.resolve("long")))
                .isEqualTo(Job.Outcome.DONE);
        // What the old report would be, had every query been answered perfectly.
        final List<String> lines = new ArrayList<>();
        for (final String line : Files.readAllLines(old.resolve("queries.jsonl"))) {
            lines.add(line.replaceFirst("\"ap\":\\[.*]", "\"ap\":[1.0,1.0]"));
        }
        Files.deleteIfExists(old.resolve(".queries.jsonl.crc"));
        Files.write(old.resolve("queries.jsonl"), lines.subList(1, lines.size()));
        assertThatThrownBy(() -> run(out, again))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("are not those it was made of");
        final ObjectMapper json = new ObjectMapper();
        final JsonNode perfect = json.readTree(old.resolve("report.json").toFile());
        perfect.path("levels").forEach(level -> ((ObjectNode) level).put("map", 1.0));
        Files.deleteIfExists(old.resolve(".report.json.crc"));
        json.writeValue(old.resolve("report.json").toFile(), perfect);
        assertThat(run(out, again)).isEqualTo(Job.Outcome.OVER_BUDGET);
        final JsonNode worse = report("new").path("comparison");
        assertThat(worse.path("passed").asBoolean()).isFalse();
        assertThat(worse.path("queries").asInt()).isEqualTo(23);
        assertThat(worse.path("unmatched").asInt()).isEqualTo(1);
        assertThat(worse.path("caveats").path(0).asText()).startsWith("1 queries are in one of the reports alone");
        final JsonNode last = worse.path("levels").path(1);
        assertThat(last.path("before").asDouble()).isEqualTo(1);
        assertThat(last.path("difference").asDouble()).isNegative();
        assertThat(last.path("low").asDouble())
                .isLessThan(last.path("difference").asDouble());
        assertThat(last.path("high").asDouble())
                .isGreaterThan(last.path("difference").asDouble());
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Over the failure budget");
        assertThat(folder.resolve("new/report.html")).content().contains("Failed");
    }

    private static String[] with(final String[] some, final String more) {
        return Stream.concat(Arrays.stream(some), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void refusesWhatCannotBeComparedWith() {
        assertThatThrownBy(() -> run("evaluate.compare=" + folder.resolve("nowhere")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.compare");
        assertThatThrownBy(() -> run("evaluate.compare=" + folder.resolve("codes/_runs")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.compare");
        assertThatThrownBy(() -> new EvaluateJob().plan(config("evaluate.gate.max-drop=0.1")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("set evaluate.compare");
    }

    /** The very statement that the README shows, with a query as it says. */
    @Test
    void theSqlOfTheReadmeRuns() throws IOException {
        final Matcher shown = Pattern.compile("SELECT id, dpq_score\\(:query[^;]*", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../README.md")));
        assertThat(shown.find()).isTrue();
        DpqFunctions.register(spark, folder.resolve("model").toString());
        new CodeTable(folder.resolve("codes").toString(), hadoop)
                .read(spark, model.modelId(), LEVELS)
                .createOrReplaceTempView("codes");
        final List<Row> found = spark.sql(
                        shown.group().strip(),
                        Map.of("query", functions.lit(queries.get(0).embedding())))
                .collectAsList();
        final LookupTables tables = new LookupTables(codebooks, queries.get(0).embedding());
        final short[] codes = databaseCodes();
        final double[] best = java.util.stream.IntStream.range(0, database.size())
                .mapToDouble(i -> -tables.score(codes, i * LEVELS, 2))
                .sorted()
                .toArray();
        assertThat(found).hasSize(10);
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i).getDouble(1)).isEqualTo(-best[i]);
        }
    }

    @Test
    void sqlRanksAsTheEvaluationDoes() {
        DpqFunctions.register(spark, folder.resolve("model").toString());
        new CodeTable(folder.resolve("codes").toString(), hadoop)
                .read(spark, model.modelId(), LEVELS)
                .createOrReplaceTempView("codes");
        double sum = 0;
        for (final Query query : queries) {
            final List<String> values = new ArrayList<>();
            for (final float value : query.embedding()) {
                values.add("float('" + value + "')");
            }
            final List<Row> scored = spark.sql("select labels, dpq_score(array(" + String.join(",", values)
                            + "), array(level_1, level_2)) score from codes order by score desc")
                    .collectAsList();
            final Map<Double, int[]> groups = new TreeMap<>(Comparator.reverseOrder());
            for (final Row row : scored) {
                final int[] group = groups.computeIfAbsent(row.getDouble(1) + 0.0, s -> new int[2]);
                group[0]++;
                group[1] += Collections.disjoint(row.<String>getList(0), query.labels()) ? 0 : 1;
            }
            sum += ApOracle.ofFormula(
                    groups.values().stream()
                            .map(group -> new ApOracle.Group(group[0], group[1]))
                            .toList(),
                    72);
        }
        assertThat(sum / queries.size()).isEqualTo(oracle(2, 72), within(1e-12));
        final short[] codes = databaseCodes();
        final Row first = spark.sql(
                        "select dpq_decode(array(level_1)), dpq_distance(dpq_decode(array(level_1, level_2)),"
                                + " array(level_1, level_2)), dpq_score(null, array(level_1)) from codes order by id limit"
                                + " 1")
                .head();
        assertThat(first.<Float>getList(0).get(3)).isEqualTo(codebooks.value(0, codes[0], 3));
        assertThat(first.getDouble(1)).isZero();
        assertThat(first.isNullAt(2)).isTrue();
        assertThatThrownBy(() -> spark.sql("select dpq_decode(array(99))").collectAsList())
                .rootCause()
                .isInstanceOf(UserException.class)
                .hasMessageContaining("codewords 0 to 3");
    }

    @Test
    void cutsAtRAndLeavesTheBaselineOut() throws IOException {
        run(
                "evaluate.r=10",
                "evaluate.random-baseline=false",
                "evaluate.block-rows=20",
                "evaluate.report=" + folder.resolve("cut"));
        final JsonNode report = report("cut");
        assertThat(report.path("conventions").path("wholeDatabase").asBoolean()).isFalse();
        assertThat(report.path("conventions").path("r").asInt()).isEqualTo(10);
        for (int level = 1; level <= LEVELS; level++) {
            final JsonNode figures = report.path("levels").path(level - 1);
            assertThat(figures.path("map").asDouble()).isEqualTo(oracle(level, 10), within(1e-12));
            assertThat(figures.path("randomMap").isNull()).isTrue();
        }
    }

    @Test
    void countsWhatCannotBeAskedOrAnswered() throws IOException {
        final Path asked = folder.resolve("asked");
        Files.createDirectories(asked.resolve("unheard-of"));
        Files.createDirectories(asked.resolve("broken"));
        final Path image;
        try (var files = Files.walk(folder.resolve("lake/query"))) {
            image = files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
        final Path named = Files.createDirectories(
                asked.resolve(image.getParent().getFileName().toString()));
        Files.copy(image, named.resolve("a.jpg"));
        Files.copy(image, asked.resolve("unheard-of/b.jpg"));
        Files.write(asked.resolve("broken/c.jpg"), new byte[100]);
        run("evaluate.queries.path=" + asked, "evaluate.report=" + folder.resolve("counted"));
        final JsonNode counted = report("counted").path("queries");
        assertThat(counted.path("count").asInt()).isEqualTo(2);
        assertThat(counted.path("undecodable").asInt()).isEqualTo(1);
        assertThat(counted.path("empty").asInt()).isEqualTo(1);
    }

    @Test
    void refusesCodesOfAnotherModel() {
        encode("foreign", "0".repeat(64), 0);
        assertThatThrownBy(() -> run("codes.path=" + folder.resolve("foreign")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("codes of model 0000");
    }

    @Test
    void ranksByIdInSeveralBlocks() throws IOException {
        run(
                "evaluate.ties=id",
                "evaluate.random-baseline=false",
                "evaluate.block-rows=20",
                "evaluate.report=" + folder.resolve("by-id"));
        assertThat(report("by-id").path("levels").path(0).path("map").asDouble())
                .isBetween(0.05, 1.0);
    }

    @Test
    void aReportThatCannotBeWrittenIsRefusedFirst() throws IOException {
        Files.writeString(folder.resolve("file"), "no folder");
        for (final String path : List.of(folder + "/file", folder + "/file/report", "nosuchscheme://x/y")) {
            // Before anything is read: the table is missing too, and is not what is told.
            assertThatThrownBy(() -> run("evaluate.report=" + path, "codes.path=" + folder.resolve("nowhere")))
                    .as(path)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("evaluate.report");
        }
    }

    @Test
    void refusesAMissingTable() {
        assertThatThrownBy(() -> run("codes.path=" + folder.resolve("nowhere")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("run encode");
    }

    @Test
    void refusesQueriesThatAreNotThere() {
        assertThatThrownBy(() -> run("evaluate.queries.path=" + folder.resolve("nowhere")))
                .isInstanceOf(UserException.class);
    }

    @Test
    void refusesQueriesOfWhichNoneDecodes() throws IOException {
        final Path broken = Files.createDirectories(folder.resolve("all-broken/cat"));
        Files.write(broken.resolve("x.jpg"), new byte[100]);
        assertThatThrownBy(() -> run("evaluate.queries.path=" + broken.getParent()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("None of the 1 query images");
    }

    @Test
    void refusesAnEvaluationWithoutAnyRelevantPair() {
        encode("unlabelled", model.modelId(), database.size());
        assertThatThrownBy(() -> run("codes.path=" + folder.resolve("unlabelled")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("shares a label");
    }

    @Test
    void asksWithRowsOfATableThatHasEmbeddings() throws IOException {
        encode("askable", model.modelId(), 0, true);
        final String askable = folder.resolve("askable").toString();
        // What the rows are was embedded from the same images, so that asking with either is the same.
        run(
                "evaluate.queries.path=" + folder.resolve("lake/train"),
                "evaluate.exclude-self=true",
                "evaluate.report=" + folder.resolve("asked-by-images"));
        final String printed = run(
                "codes.path=" + askable,
                "evaluate.query-source=codes",
                "evaluate.queries.path=null",
                "evaluate.exclude-self=true",
                "evaluate.report=" + folder.resolve("asked-by-rows"));
        assertThat(printed).contains("of 72 queries over 72 rows");
        assertThat(Files.readAllLines(folder.resolve("asked-by-rows/queries.jsonl")))
                .isEqualTo(Files.readAllLines(folder.resolve("asked-by-images/queries.jsonl")));
        assertThat(report("asked-by-rows")
                        .path("conventions")
                        .path("excludedSelves")
                        .asInt())
                .isEqualTo(72);

        final Path list = folder.resolve("asked.txt");
        Files.write(
                list,
                List.of(database.get(0).id() + " other,names", database.get(5).id()));
        run(
                "evaluate.query-source=codes",
                "evaluate.queries.path=" + askable,
                "evaluate.queries.list=" + list,
                "evaluate.report=" + folder.resolve("asked-by-some"));
        assertThat(Files.readAllLines(folder.resolve("asked-by-some/queries.jsonl")))
                .hasSize(2)
                .anyMatch(line -> line.contains("\"labels\":[\"other\",\"names\"],\"relevantRows\":0"))
                .anyMatch(line -> line.contains(database.get(5).labels().get(0)));
        run(
                "evaluate.query-source=codes",
                "evaluate.query-rows=7",
                "evaluate.queries.path=" + askable,
                "evaluate.report=" + folder.resolve("asked-by-few"));
        assertThat(report("asked-by-few").path("queries").path("count").asInt()).isEqualTo(7);
        assertThatThrownBy(() -> run("evaluate.query-source=codes", "evaluate.queries.path=null"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("encode.columns.embedding=true");
    }

    @Test
    void asksWithEmbeddingsThatAreThereAlready() throws IOException {
        final StructType schema = new StructType()
                .add("id", DataTypes.StringType)
                .add("labels", DataTypes.createArrayType(DataTypes.StringType))
                .add("vector", DataTypes.createArrayType(DataTypes.FloatType));
        final List<Row> rows = new ArrayList<>();
        for (final Query query : queries) {
            rows.add(RowFactory.create(query.id(), query.labels().toArray(new String[0]), query.embedding()));
        }
        spark.createDataFrame(rows, schema)
                .write()
                .parquet(folder.resolve("vectors").toString());
        run("evaluate.report=" + folder.resolve("from-images"));
        final String[] given = {
            "evaluate.query-source=embeddings",
            "evaluate.queries.kind=vectors",
            "evaluate.queries.path=" + folder.resolve("vectors"),
            "evaluate.report=" + folder.resolve("from-vectors")
        };
        run(given);
        assertThat(Files.readAllLines(folder.resolve("from-vectors/queries.jsonl")))
                .isEqualTo(Files.readAllLines(folder.resolve("from-images/queries.jsonl")));

        spark.createDataFrame(List.of(RowFactory.create("short", new String[] {"x"}, new float[] {1, 2})), schema)
                .write()
                .mode("append")
                .parquet(folder.resolve("vectors").toString());
        assertThatThrownBy(() -> run(given))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("short")
                .hasMessageContaining("2 values and not 8");
        assertThatThrownBy(() -> run("evaluate.query-source=embeddings"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.queries.kind");
    }

    @Test
    void fewerLevelsReadFewerColumnsAndFindTheSame() throws IOException {
        run("evaluate.report=" + folder.resolve("all-levels"));
        run("evaluate.levels=1", "evaluate.report=" + folder.resolve("first-level"));
        final JsonNode one = report("first-level");
        assertThat(one.path("levels")).hasSize(1);
        assertThat(one.path("model").path("levels").asInt()).isEqualTo(LEVELS);
        assertThat(one.path("levels").path(0))
                .isEqualTo(report("all-levels").path("levels").path(0));
        assertThat(new CodeTable(folder.resolve("codes").toString(), hadoop)
                        .read(spark, model.modelId(), 1)
                        .queryExecution()
                        .executedPlan()
                        .toString())
                .contains("ReadSchema: struct<id:string,labels:array<string>,level_1:smallint>");
        assertThatThrownBy(() -> run("evaluate.levels=3"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("has 2 levels");
    }

    @Test
    void sevenAndTwoHundredPartitionsGiveTheSameReport() throws IOException {
        final List<JsonNode> reports = new ArrayList<>();
        for (final int rowsEach : new int[] {29, 1}) {
            // 200 rows in as many files as blocks.
            encode("in-" + rowsEach, model.modelId(), 3, true, 200, rowsEach);
            final String printed = run(
                    "codes.path=" + folder.resolve("in-" + rowsEach),
                    "evaluate.block-rows=" + rowsEach,
                    "evaluate.symmetric=true",
                    "evaluate.baselines=[pq, itq]",
                    "evaluate.baseline-sample=256",
                    "evaluate.report=" + folder.resolve("of-" + rowsEach));
            assertThat(printed).contains("200 rows are " + (rowsEach == 1 ? 200 : 7) + " blocks");
            reports.add(report("of-" + rowsEach));
        }
        for (final String figures :
                List.of("levels", "embedding", "baselines", "classes", "curveRanks", "conventions", "queries")) {
            assertThat(reports.get(0).path(figures)).as(figures).isNotEmpty();
            assertThat(reports.get(1).path(figures))
                    .as(figures)
                    .isEqualTo(reports.get(0).path(figures));
        }
        assertThat(Files.readAllLines(folder.resolve("of-1/queries.jsonl")))
                .isEqualTo(Files.readAllLines(folder.resolve("of-29/queries.jsonl")));
    }

    @ParameterizedTest
    @EnumSource(Score.class)
    void everyLevelHasEveryFigureByDefinition(final Score score) throws IOException {
        final String name = "by-" + DpqConfig.kebab(score);
        encode("codes-" + name, model.modelId(), 0, true);
        run(
                "codes.path=" + folder.resolve("codes-" + name),
                "evaluate.symmetric=true",
                "evaluate.score=" + DpqConfig.kebab(score),
                "evaluate.random-baseline=false",
                "evaluate.report=" + folder.resolve(name));
        final JsonNode report = report(name);
        final short[] codes = databaseCodes();
        final float[] asked = vectors(queries);
        final short[] askedCodes = new short[queries.size() * LEVELS];
        new ResidualEncoder(codebooks).encode(asked, queries.size(), askedCodes);
        for (int level = 1; level <= LEVELS; level++) {
            final JsonNode figures = report.path("levels").path(level - 1);
            final List<FigureOracle.Item> rows = coded(codes, level);
            requireFigures(figures, report, score, rows(asked), rows);
            final List<float[]> quantized = rows(Reconstruction.decode(codebooks, askedCodes, queries.size(), level));
            requireFigures(figures.path("symmetric"), report, score, quantized, rows);
            assertThat(figures.path("symmetricMap"))
                    .isEqualTo(figures.path("symmetric").path("map"));
            requireUse(figures, codes, level);
            double error = 0;
            double length = 0;
            for (int i = 0; i < asked.length; i++) {
                double left = asked[i];
                for (int l = 0; l < level; l++) {
                    left -= codebooks.value(l, askedCodes[i / DIMENSIONS * LEVELS + l], i % DIMENSIONS);
                }
                error += left * left;
                length += (double) asked[i] * asked[i];
            }
            assertThat(figures.path("quantizationError").asDouble()).isEqualTo(error / queries.size(), within(1e-12));
            assertThat(figures.path("relativeQuantizationError").asDouble()).isEqualTo(error / length, within(1e-12));
        }
        final List<FigureOracle.Item> exact = new ArrayList<>();
        database.forEach(row -> exact.add(new FigureOracle.Item(List.of(row.embedding()), true, row.labels())));
        requireFigures(report.path("embedding"), report, score, rows(asked), exact);
    }

    private static List<FigureOracle.Item> coded(final short[] codes, final int levels) {
        final List<FigureOracle.Item> items = new ArrayList<>();
        for (int row = 0; row < database.size(); row++) {
            final List<float[]> codewords = new ArrayList<>();
            for (int level = 0; level < levels; level++) {
                final float[] codeword = new float[DIMENSIONS];
                for (int d = 0; d < DIMENSIONS; d++) {
                    codeword[d] = codebooks.value(level, codes[row * LEVELS + level], d);
                }
                codewords.add(codeword);
            }
            items.add(new FigureOracle.Item(codewords, false, database.get(row).labels()));
        }
        return items;
    }

    private static List<float[]> rows(final float[] vectors) {
        final List<float[]> rows = new ArrayList<>();
        for (int from = 0; from < vectors.length; from += DIMENSIONS) {
            rows.add(java.util.Arrays.copyOfRange(vectors, from, from + DIMENSIONS));
        }
        return rows;
    }

    private static void requireFigures(
            final JsonNode actual,
            final JsonNode report,
            final Score score,
            final List<float[]> asked,
            final List<FigureOracle.Item> rows) {
        final List<Long> ranks = new ArrayList<>();
        report.path("curveRanks").forEach(rank -> ranks.add(rank.asLong()));
        final Report.Ranked expected = FigureOracle.of(queries, asked, rows, score, ranks);
        assertThat(actual.path("map").asDouble()).isEqualTo(expected.map(), within(1e-12));
        assertThat(actual.path("ndcg").asDouble()).isEqualTo(expected.ndcg(), within(1e-12));
        final JsonNode curves = actual.path("curves");
        requireClose(curves.path("precision"), expected.curves().precision());
        requireClose(curves.path("recall"), expected.curves().recall());
        requireClose(curves.path("precisionAtRecall"), expected.curves().precisionAtRecall());
    }

    private static void requireClose(final JsonNode actual, final List<Double> expected) {
        assertThat(actual).hasSize(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.path(i).asDouble()).as("%d of %s", i, actual).isEqualTo(expected.get(i), within(1e-12));
        }
    }

    private static void requireUse(final JsonNode figures, final short[] codes, final int level) {
        final int[] uses = new int[CODEWORDS];
        for (int row = 0; row < database.size(); row++) {
            uses[codes[row * LEVELS + level - 1]]++;
        }
        double entropy = 0;
        int dead = 0;
        for (final int count : uses) {
            final double share = (double) count / database.size();
            entropy -= count == 0 ? 0 : share * Math.log(share) / Math.log(2);
            dead += count == 0 ? 1 : 0;
        }
        assertThat(figures.path("entropyBits").asDouble()).isEqualTo(entropy, within(1e-12));
        assertThat(figures.path("deadCodewords").asInt()).isEqualTo(dead);
    }

    @Test
    void aNightOfAHundredMillionRowsIsPlannedBeforeThereIsATable() {
        final String[] night = {
            "evaluate.r=1000",
            "evaluate.expected.rows=100000000",
            "evaluate.expected.queries=10000",
            "evaluate.block-rows=1000000"
        };
        assertThat(String.join("\n", new EvaluateJob().plan(config(night))))
                .contains("100000000 rows are 100 blocks, 10000 queries are asked in", "each shuffles at most")
                .contains("A task ranks up to 1000000 rows a query and takes up to");
        night[0] = "evaluate.r=0";
        assertThatThrownBy(() -> new EvaluateJob().plan(config(night)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.r ");
    }

    @Test
    void blocksThatNoArrayHoldsAreRefused() {
        assertThatThrownBy(() -> new EvaluateJob().plan(config("evaluate.block-rows=20000000")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.block-rows")
                .hasMessageContaining("16000000");
    }

    @Test
    void planNamesWhatIsReadAndWritten() {
        assertThat(String.join(
                        "\n",
                        new EvaluateJob()
                                .plan(config(
                                        "evaluate.r=50",
                                        "evaluate.expected.rows=3000000",
                                        "evaluate.baselines=[itq, pq]",
                                        "evaluate.compare=/old",
                                        "evaluate.gate.max-drop=0.02"))))
                .contains(
                        folder.resolve("codes").toString(),
                        folder.resolve("report").toString(),
                        "cut at rank 50",
                        "3000000 rows are 3 blocks, 1000 queries are asked in 1 waves",
                        "[ITQ, PQ]",
                        "/old",
                        "by more than 0.02");
    }
}

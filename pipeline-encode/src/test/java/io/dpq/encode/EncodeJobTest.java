package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.image.HostileCorpus;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.job.JobMain;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import io.dpq.network.SharedModel;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;

/** The whole job, under Kryo: real images, a real model directory, real Spark, real Parquet. */
final class EncodeJobTest {
    private static final int READABLE = 40;
    private static final int LISTED = READABLE + SampleLake.DAMAGED;
    private static final String TOLERANT = "encode.max-quarantine-fraction=0.5";

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;
    private static ModelManifest model;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.kryo();
        model = TestModel.publish(shared.resolve("model").toString(), 1);
        new SampleLake(READABLE, 1, 5).write(shared.resolve("lake"));
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private DpqConfig config(final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + shared.resolve("model"),
                "codes.path=" + folder.resolve("codes"),
                "encode.lake.path=" + shared.resolve("lake/train"),
                "encode.batch-size=8"));
        all.addAll(List.of(sets));
        return DpqConfig.load(null, all);
    }

    private Job.Outcome encode(final String... sets) {
        return new EncodeJob()
                .run(new JobContext(spark, config(sets), new PrintStream(printed, true, StandardCharsets.UTF_8)));
    }

    private CodeTable table() {
        return new CodeTable(
                folder.resolve("codes").toString(), spark.sparkContext().hadoopConfiguration());
    }

    private RunManifest newest() {
        final List<RunManifest> runs = table().runs();
        return runs.get(runs.size() - 1);
    }

    private List<Row> rows(final Path codes) {
        return spark.read().parquet(codes.toString()).drop("run").orderBy("id").collectAsList();
    }

    @Test
    void everyImageIsEncodedOrAccountedFor() {
        assertThat(encode(TOLERANT)).isEqualTo(Job.Outcome.DONE);
        assertThat(table().hasEmbeddings(table().runs())).isFalse();

        final RunManifest run = newest();
        assertThat(run.modelId()).isEqualTo(model.modelId());
        assertThat(run.listed()).isEqualTo(LISTED);
        assertThat(run.encoded()).isEqualTo(READABLE);
        assertThat(run.quarantined()).isEqualTo(SampleLake.DAMAGED);
        assertThat(run.unchanged()).isZero();
        assertThat(run.config()).containsEntry("encode.batch-size", 8);

        final List<Row> codes = rows(folder.resolve("codes"));
        assertThat(codes).hasSize((int) run.encoded());
        final Set<List<Object>> distinct = new HashSet<>();
        for (final Row row : codes) {
            assertThat(row.<Object>getList(1))
                    .containsExactly(
                            row.getString(0).substring(0, row.getString(0).indexOf('/')));
            final List<Object> code = new ArrayList<>();
            for (int level = 1; level <= TestModel.LEVELS; level++) {
                final short value = row.getAs(CodeTable.column(level));
                assertThat(value).isBetween((short) 0, (short) (TestModel.CODEWORDS - 1));
                code.add(value);
            }
            distinct.add(code);
        }
        // A pipeline that mixes up its buffers would give all images one code.
        assertThat(distinct).hasSizeGreaterThan(5);

        final Dataset<Row> quarantine =
                spark.read().parquet(folder.resolve("codes/_quarantine").toString());
        assertThat(quarantine.count()).isEqualTo(run.quarantined());
        assertThat(quarantine
                        .filter("reason is null or detail is null or length is null")
                        .count())
                .isZero();
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("Run " + run.runId())
                .contains(LISTED + " listed = " + run.encoded() + " encoded + " + run.quarantined() + " quarantined");
    }

    @Test
    void contentHashIsSparksOwn() throws IOException {
        encode(TOLERANT);
        final Row row = rows(folder.resolve("codes")).get(0);
        final byte[] bytes = Files.readAllBytes(shared.resolve("lake/train").resolve(row.getString(0)));
        final StringBuilder hex = new StringBuilder();
        for (final byte b : bytes) {
            hex.append(String.format("%02x", b));
        }
        assertThat(row.<Long>getAs("content_hash"))
                .isEqualTo(spark.sql("select xxhash64(X'" + hex + "')").head().getLong(0));
    }

    @Test
    void codesDoNotDependOnThePartitioning() {
        final Dataset<Row> images = images();
        for (final Engine engine : Engine.values()) {
            List<Row> expected = null;
            // Also other neighbours in every batch, since repartition deals the images out.
            for (final int parts : new int[] {1, 3, 7}) {
                final EncodeTask task = task(engine);
                final Counters counters = task.counters();
                final List<Row> rows = new ArrayList<>(images.repartition(parts)
                        .toJavaRDD()
                        .mapPartitions(task)
                        .collect());
                rows.sort(Comparator.comparing(row -> row.getString(0)));
                assertThat(rows).hasSize(LISTED);
                assertThat(counters.decoded().sum())
                        .isEqualTo(counters.encoded().sum())
                        .isPositive();
                assertThat(counters.encoded().sum() + counters.quarantined().sum())
                        .isEqualTo(LISTED);
                if (expected == null) {
                    expected = rows;
                }
                assertThat(rows).isEqualTo(expected);
            }
        }
    }

    /** One network a task would exhaust the memory outside the heap. */
    @Test
    void allTasksOfAProcessShareOneModel() {
        final String path = shared.resolve("model").toString();
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final List<SharedModel> models = IntStream.range(0, 16)
                .parallel()
                .mapToObj(task -> Embedders.model(path, model.modelId(), Engine.ONNX, 3, hadoop))
                .toList();
        assertThat(models).allMatch(shared -> shared == models.get(0));
        assertThat(Embedders.model(path, model.modelId(), Engine.ONNX, 4, hadoop))
                .isNotSameAs(models.get(0));
    }

    @Test
    void keepsTheEmbeddingsWhereTheyAreAskedFor() {
        encode(TOLERANT, "encode.columns.embedding=true");
        assertThat(table().hasEmbeddings(table().runs())).isTrue();
        final ResidualEncoder quantizer = new ResidualEncoder(ModelDirectory.open(
                        shared.resolve("model").toString(), spark.sparkContext().hadoopConfiguration())
                .codebooks());
        for (final Row row : rows(folder.resolve("codes"))) {
            final List<Float> stored = row.getList(row.fieldIndex("embedding"));
            final float[] embedding = new float[stored.size()];
            for (int d = 0; d < embedding.length; d++) {
                embedding[d] = stored.get(d);
            }
            final short[] codes = new short[TestModel.LEVELS];
            quantizer.encode(embedding, 1, codes);
            for (int level = 1; level <= TestModel.LEVELS; level++) {
                assertThat(row.<Short>getAs(CodeTable.column(level))).isEqualTo(codes[level - 1]);
            }
        }
        assertThat(table().readEmbeddings(spark, model.modelId(), table().runs())
                        .columns())
                .containsExactly("id", "labels", "embedding");
        // Readers of codes alone see no difference.
        assertThat(table().read(spark, model.modelId(), 1).columns()).containsExactly("id", "labels", "level_1");
    }

    private Dataset<Row> images() {
        final Lake lake = Lake.open(spark, LakeSettings.from(config(), "encode.lake"));
        return lake.read(lake.listing(), Partitions.of(64L << 20), 256L << 20).cache();
    }

    private static EncodeTask task(final Engine engine) {
        final String path = shared.resolve("model").toString();
        final String modelId = model.modelId();
        final SerializableConfiguration hadoop =
                new SerializableConfiguration(spark.sparkContext().hadoopConfiguration());
        return new EncodeTask(
                () -> Embedders.model(path, modelId, engine, 1, hadoop.value()),
                8,
                2,
                Duration.ofMinutes(1),
                TestModel.LEVELS,
                Set.of(),
                Counters.register(spark.sparkContext(), LISTED));
    }

    @Test
    void aSecondRunEncodesOnlyWhatIsNew() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(3, lake);
        encode("encode.lake.path=" + folder.resolve("lake"));
        final RunManifest first = newest();
        assertThat(first.encoded()).isEqualTo(3);

        encode("encode.lake.path=" + folder.resolve("lake"));
        final RunManifest second = newest();
        assertThat(second.runId()).isNotEqualTo(first.runId());
        assertThat(second.encoded()).isZero();
        assertThat(second.unchanged()).isEqualTo(3);

        Files.writeString(lake.resolve("broken.jpg"), "no image");
        Files.copy(lake.resolve("0.jpg"), lake.resolve("another.jpg"));
        encode(TOLERANT, "encode.lake.path=" + folder.resolve("lake"));
        final RunManifest third = newest();
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("Nothing has changed: the table has all 3 images")
                .contains("5 images listed: 2 new, 3 unchanged.");
        assertThat(third.listed()).isEqualTo(5);
        assertThat(third.encoded()).isEqualTo(1);
        assertThat(third.quarantined()).isEqualTo(1);
        assertThat(third.unchanged()).isEqualTo(3);
        assertThat(table().read(spark, model.modelId(), 3).collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactlyInAnyOrder("things/0.jpg", "things/1.jpg", "things/2.jpg", "things/another.jpg");
    }

    @Test
    void anotherLakeIsNotMixedIntoATable() throws IOException {
        final Path one = Files.createDirectories(folder.resolve("one/things"));
        final Path two = Files.createDirectories(folder.resolve("two/things"));
        copy(1, one);
        copy(2, two);
        encode("encode.lake.path=" + one.getParent());
        // The same place, written otherwise.
        encode("encode.lake.path=file:" + one.getParent());

        assertThatThrownBy(() -> encode("encode.lake.path=" + two.getParent()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(one.getParent().toString())
                .hasMessageContaining(two.getParent().toString());
        assertThat(table().runs()).hasSize(2);
    }

    @Test
    void aFileTooLongIsNotReadButQuarantined() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("long/things"));
        copy(1, lake);
        try (RandomAccessFile stray =
                new RandomAccessFile(lake.resolve("stray.bin").toFile(), "rw")) {
            stray.setLength(8L << 30);
        }
        encode(TOLERANT, "encode.lake.path=" + lake.getParent());

        assertThat(newest().encoded()).isEqualTo(1);
        assertThat(newest().quarantineReasons()).isEqualTo(Map.of("TOO_MANY_BYTES", 1L));
        assertThat(spark.read()
                        .parquet(folder.resolve("codes/_quarantine").toString())
                        .head()
                        .<Long>getAs("length"))
                .isEqualTo(8L << 30);
    }

    private static void copy(final int count, final Path target) throws IOException {
        final List<Path> images = new ArrayList<>();
        try (var files = Files.walk(shared.resolve("lake/train"))) {
            files.filter(f -> f.toString().endsWith(".jpg")
                            && !f.getFileName().toString().startsWith("corrupt"))
                    .sorted()
                    .limit(count)
                    .forEach(images::add);
        }
        for (int i = 0; i < count; i++) {
            Files.copy(images.get(i), target.resolve(i + ".jpg"));
        }
    }

    @Test
    void tooManyBrokenImagesEndOverBudgetButPublished() {
        assertThat(encode("encode.max-quarantine-fraction=0.01")).isEqualTo(Job.Outcome.OVER_BUDGET);

        assertThat(newest().quarantined()).isPositive();
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("Over the failure budget");
    }

    @Test
    void imagesWithoutLabelsAreEncoded() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("flat"));
        copy(2, lake);
        encode("encode.lake.path=" + lake);

        assertThat(table().read(spark, model.modelId(), 1)
                        .filter("labels is null")
                        .count())
                .isEqualTo(2);
    }

    @Test
    void bothEnginesYieldTheSameCodes() {
        encode(TOLERANT);
        encode(TOLERANT, "encode.engine=dl4j", "codes.path=" + folder.resolve("codes-dl4j"));

        final List<Row> onnx = rows(folder.resolve("codes"));
        final List<Row> dl4j = rows(folder.resolve("codes-dl4j"));
        int same = 0;
        for (int i = 0; i < onnx.size(); i++) {
            assertThat(dl4j.get(i).getString(0)).isEqualTo(onnx.get(i).getString(0));
            same += dl4j.get(i).equals(onnx.get(i)) ? 1 : 0;
        }
        // Rounding may tip a near tie.
        assertThat(same).isGreaterThanOrEqualTo(onnx.size() - 2);
    }

    @Test
    void codesOfTwoModelsDoNotMix() throws IOException {
        encode(TOLERANT);
        final ModelManifest other = TestModel.publish(folder.resolve("other").toString(), 2);

        assertThatThrownBy(() -> encode(TOLERANT, "model.path=" + folder.resolve("other")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(model.modelId())
                .hasMessageContaining(other.modelId());
        assertThat(table().runs()).hasSize(1);
    }

    @Test
    void anotherModelsCodesReplaceTheTableWhenAskedTo() throws IOException {
        encode(TOLERANT);
        final List<Row> old = rows(folder.resolve("codes"));
        final ModelManifest other = TestModel.publish(folder.resolve("other").toString(), 2);
        final String[] again = {TOLERANT, "model.path=" + folder.resolve("other"), "encode.replace-model=true"};
        encode(again);

        assertThat(table().runs()).hasSize(1);
        assertThat(newest().modelId()).isEqualTo(other.modelId());
        assertThat(newest().encoded()).isEqualTo(READABLE);
        assertThat(newest().unchanged()).isZero();
        assertThat(table().read(spark, other.modelId(), 1).count()).isEqualTo(READABLE);
        // Plain readers of the folder see one model's codes, too.
        assertThat(rows(folder.resolve("codes"))).hasSameSizeAs(old).isNotEqualTo(old);
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("holds codes of another model");
        // And then it is a table like any other.
        encode(again);
        assertThat(table().runs()).hasSize(2);
        assertThat(newest().unchanged()).isEqualTo(LISTED);
    }

    @Test
    void anotherModelDoesNotReplaceATableByWhatIsLeftOfTheLake() throws IOException {
        encode(TOLERANT);
        final List<Row> old = rows(folder.resolve("codes"));
        TestModel.publish(folder.resolve("other").toString(), 2);
        final String[] again = {"model.path=" + folder.resolve("other"), "encode.replace-model=true"};
        final Path list = folder.resolve("half.txt");
        Files.writeString(
                list,
                old.stream()
                        .limit(old.size() / 2)
                        .map(row -> row.getString(0) + " thing\n")
                        .collect(Collectors.joining()));

        assertThatThrownBy(() -> encode(with(again, TOLERANT, "encode.lake.list=" + list)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("encode.max-deleted-fraction");
        assertThat(encode(with(again, "encode.max-quarantine-fraction=0"))).isEqualTo(Job.Outcome.OVER_BUDGET);
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("the old codes stay and nothing was published");
        assertThat(table().runs()).hasSize(1);
        assertThat(newest().modelId()).isEqualTo(model.modelId());
        assertThat(rows(folder.resolve("codes"))).isEqualTo(old);
    }

    private static String[] with(final String[] some, final String... more) {
        return Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new);
    }

    @Test
    void normsAndSizesAreKeptWhereTheyAreAskedFor() throws IOException {
        encode(TOLERANT, "encode.columns.norms=true", "encode.columns.size=true");
        final Codebooks codebooks = ModelDirectory.open(
                        shared.resolve("model").toString(), spark.sparkContext().hadoopConfiguration())
                .codebooks();
        for (final Row row : rows(folder.resolve("codes"))) {
            final short[] code = new short[TestModel.LEVELS];
            for (int level = 1; level <= code.length; level++) {
                code[level - 1] = row.<Short>getAs(CodeTable.column(level));
            }
            final float[] norms = Reconstruction.norms(codebooks, code, 1);
            for (int level = 1; level <= code.length; level++) {
                assertThat(row.<Float>getAs("norm_" + level)).isEqualTo(norms[level - 1]);
            }
            final BufferedImage image = ImageIO.read(
                    shared.resolve("lake/train").resolve(row.getString(0)).toFile());
            assertThat(row.<Integer>getAs("width")).isEqualTo(image.getWidth());
            assertThat(row.<Integer>getAs("height")).isEqualTo(image.getHeight());
        }
        assertThat(newest().metrics())
                .containsEntry("imagesEncoded", (long) READABLE)
                .containsEntry("imagesQuarantined", (long) SampleLake.DAMAGED)
                .hasEntrySatisfying("bytesRead", bytes -> assertThat(bytes).isPositive())
                .hasEntrySatisfying("decodeMillis", millis -> assertThat(millis).isPositive())
                .hasEntrySatisfying(
                        "networkMillis", millis -> assertThat(millis).isPositive());
        // Compaction keeps what all runs have.
        encode(TOLERANT, "encode.columns.norms=true", "encode.columns.size=true");
        new CompactJob().run(new JobContext(spark, config(), new PrintStream(printed, true, StandardCharsets.UTF_8)));
        assertThat(rows(folder.resolve("codes")).get(0).schema().fieldNames())
                .contains("norm_1", "norm_" + TestModel.LEVELS, "width", "height")
                .doesNotContain("embedding");
    }

    @Test
    void aRunWithOtherColumnsThanTheTableIsRefused() throws IOException {
        encode(TOLERANT, "encode.columns.embedding=true", "encode.columns.norms=true");
        final List<Row> before = rows(folder.resolve("codes"));
        assertThatThrownBy(() -> encode(TOLERANT, "encode.columns.norms=true", "encode.columns.size=true"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("has the columns of embedding, norms beside its codes")
                .hasMessageContaining("would write the columns of norms, size")
                .hasMessageContaining("set encode.columns.embedding=true and encode.columns.size=false, or codes.path");
        assertThat(rows(folder.resolve("codes"))).isEqualTo(before);
        assertThat(table().runs()).hasSize(1);
        // Whoever replaces all codes may choose anew.
        final ModelManifest other =
                TestModel.publish(folder.resolve("other-model").toString(), 2);
        encode(TOLERANT, "model.path=" + folder.resolve("other-model"), "encode.replace-model=true");
        assertThat(newest().modelId()).isEqualTo(other.modelId());
        assertThat(table().extras(table().runs())).isEmpty();
    }

    /** As earlier releases let runs differ. */
    @Test
    void compactionLosesNoColumnUnasked() throws IOException {
        encode(TOLERANT, "encode.columns.norms=true");
        encode(TOLERANT, "codes.path=" + folder.resolve("other"));
        final CodeTable other = new CodeTable(
                folder.resolve("other").toString(), spark.sparkContext().hadoopConfiguration());
        final String run = other.runs().get(0).runId();
        for (final String part : List.of("run=" + run, "_quarantine/run=" + run, "_runs")) {
            final Path to = Files.createDirectories(folder.resolve("codes").resolve(part));
            try (Stream<Path> files = Files.list(folder.resolve("other").resolve(part))) {
                for (final Path file : files.toList()) {
                    Files.copy(file, to.resolve(file.getFileName()));
                }
            }
        }
        assertThatThrownBy(() -> compact("encode.columns.norms=true"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("Not all runs of the code table")
                .hasMessageContaining("have the columns of norms")
                .hasMessageContaining("set encode.columns.norms=false to let them go");
        assertThat(table().runs()).hasSize(2);
        compact();
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("Not all of them had the columns of norms: they are gone.");
        assertThat(table().runs()).hasSize(1);
    }

    private void compact(final String... sets) {
        new CompactJob()
                .run(new JobContext(spark, config(sets), new PrintStream(printed, true, StandardCharsets.UTF_8)));
    }

    @Test
    void aLakeOfNothingIsTheUsersMistake() throws IOException {
        final Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> encode("encode.lake.path=" + empty)).isInstanceOf(UserException.class);
        assertThat(table().completeRuns()).isEmpty();
    }

    @Test
    void thePlanNamesWhatIsReadAndWritten() {
        assertThat(String.join("\n", new EncodeJob().plan(config())))
                .contains(shared.resolve("lake/train").toString())
                .contains(shared.resolve("model").toString())
                .contains(folder.resolve("codes").toString())
                .contains("Engine onnx");
    }

    @Test
    void theOptionTriesTheQuarantineAgainAndIsHandedOn() {
        final ByteArrayOutputStream plan = new ByteArrayOutputStream();
        final int code = JobMain.run(
                new EncodeJob(),
                List.of(
                        "--retry-failed",
                        "--dry-run",
                        "--set",
                        "seed=1",
                        "--set",
                        "model.path=m",
                        "--set",
                        "codes.path=c",
                        "--set",
                        "encode.lake.path=l"),
                new PrintStream(plan, true, StandardCharsets.UTF_8),
                System.err);
        assertThat(code).isZero();
        assertThat(plan.toString(StandardCharsets.UTF_8))
                .contains("quarantined images are tried again.")
                .contains("encode.lake.path=l --retry-failed");
    }

    private String[] nightly(final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "encode.lake.path=" + folder.resolve("lake"),
                "encode.max-quarantine-fraction=1",
                "encode.max-deleted-fraction=0.5"));
        all.addAll(List.of(sets));
        return all.toArray(String[]::new);
    }

    private Map<String, String> codesById() {
        final Map<String, String> codes = new TreeMap<>();
        table().read(spark, model.modelId(), TestModel.LEVELS)
                .collectAsList()
                .forEach(row ->
                        assertThat(codes.put(row.getString(0), row.toString())).isNull());
        return codes;
    }

    /** As time passes between two nights: the clock of the file system may tick in whole seconds. */
    private static void touch(final Path file) throws IOException {
        Files.setLastModifiedTime(
                file, FileTime.from(Files.getLastModifiedTime(file).toInstant().plusSeconds(60)));
    }

    @Test
    void whatChangedIsEncodedAgainAndWhatIsGoneIsDropped() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(5, lake);
        encode(nightly());
        final Map<String, String> first = codesById();

        // Other bytes of the same length would be told by the time; here both differ.
        Files.copy(lake.resolve("4.jpg"), lake.resolve("0.jpg"), StandardCopyOption.REPLACE_EXISTING);
        touch(lake.resolve("0.jpg"));
        Files.delete(lake.resolve("1.jpg"));
        touch(lake.resolve("2.jpg"));
        encode(nightly());
        final RunManifest run = newest();
        assertThat(List.of(run.listed(), run.encoded(), run.refreshed(), run.unchanged(), run.deleted()))
                .containsExactly(4L, 1L, 1L, 2L, 1L);
        final Map<String, String> second = codesById();
        assertThat(second).containsOnlyKeys("things/0.jpg", "things/2.jpg", "things/3.jpg", "things/4.jpg");
        assertThat(second.get("things/0.jpg"))
                .isEqualTo(first.get("things/4.jpg").replace("4.jpg", "0.jpg"));
        for (final String same : List.of("things/2.jpg", "things/3.jpg", "things/4.jpg")) {
            assertThat(second.get(same)).isEqualTo(first.get(same));
        }

        encode(nightly());
        assertThat(newest().unchanged()).isEqualTo(4);
        assertThat(newest().superseded()).isZero();

        new CompactJob().run(new JobContext(spark, config(), new PrintStream(printed, true, StandardCharsets.UTF_8)));
        assertThat(table().runs()).hasSize(1);
        assertThat(codesById()).isEqualTo(second);
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("replaces 3 runs: 4 rows in 1 files, 3 rows dropped, 0 images in quarantine");
        encode(nightly());
        assertThat(newest().unchanged()).isEqualTo(4);
    }

    @Test
    void sameLengthAndTimeAreNotReadAgain() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(2, lake);
        encode(nightly());
        // Same length, same time, other bytes: nothing but reading could tell, and reading is what a night must not do.
        final Path file = lake.resolve("0.jpg");
        final FileTime time = Files.getLastModifiedTime(file);
        Files.write(file, new byte[(int) Files.size(file)]);
        Files.setLastModifiedTime(file, time);
        encode(nightly());
        assertThat(newest().unchanged()).isEqualTo(2);
        touch(file);
        encode(nightly());
        assertThat(newest().quarantined()).isEqualTo(1);
        assertThat(codesById()).containsOnlyKeys("things/1.jpg");
    }

    @Test
    void quarantinedImagesAreRetriedWhenChangedOrAsked() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(1, lake);
        Files.writeString(lake.resolve("bad.jpg"), "no image");
        Files.writeString(lake.resolve("worse.jpg"), "no image");
        encode(nightly());
        assertThat(newest().quarantined()).isEqualTo(2);

        encode(nightly());
        assertThat(List.of(newest().quarantined(), newest().unchanged())).containsExactly(0L, 3L);

        // Two of two that were tried failed, as they did before: that is no alarm.
        assertThat(encode(nightly("encode.retry-failed=true", "encode.max-quarantine-fraction=0.05")))
                .isEqualTo(Job.Outcome.DONE);
        assertThat(List.of(newest().quarantined(), newest().quarantinedAgain(), newest().unchanged()))
                .containsExactly(2L, 2L, 1L);
        assertThat(newest().superseded()).isEqualTo(2);

        Files.copy(lake.resolve("0.jpg"), lake.resolve("bad.jpg"), StandardCopyOption.REPLACE_EXISTING);
        encode(nightly());
        assertThat(List.of(newest().encoded(), newest().quarantined(), newest().unchanged()))
                .containsExactly(1L, 0L, 2L);
        assertThat(codesById()).containsOnlyKeys("things/0.jpg", "things/bad.jpg");
        assertThat(table().state(spark, model.modelId())
                        .filter("reason is not null")
                        .count())
                .isEqualTo(1);
    }

    @Test
    void otherLabelsAreWrittenWithTheOldCode() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(2, lake);
        final Path list = folder.resolve("list.txt");
        Files.writeString(list, "things/0.jpg cat\nthings/1.jpg dog\n");
        encode(nightly("encode.lake.list=" + list));
        final Map<String, String> first = codesById();
        Files.writeString(list, "things/0.jpg cat\nthings/1.jpg dog,pet\n");
        encode(nightly("encode.lake.list=" + list));

        assertThat(List.of(newest().encoded(), newest().refreshed(), newest().unchanged()))
                .containsExactly(0L, 1L, 1L);
        assertThat(codesById().get("things/1.jpg"))
                .isEqualTo(first.get("things/1.jpg").replace("(dog)", "(dog, pet)"));
    }

    @Test
    void aLakeThatLostMuchIsRefused() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(4, lake);
        encode(nightly());
        Files.delete(lake.resolve("0.jpg"));
        Files.delete(lake.resolve("1.jpg"));
        Files.delete(lake.resolve("2.jpg"));

        assertThatThrownBy(() -> encode(nightly()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("3 of the 4 images")
                .hasMessageContaining("encode.max-deleted-fraction");
        assertThat(table().runs()).hasSize(1);
        assertThat(encode(nightly("encode.max-deleted-fraction=1"))).isEqualTo(Job.Outcome.DONE);
        assertThat(codesById()).containsOnlyKeys("things/3.jpg");
    }

    @Test
    void whereALakeKnowsNoTimesTheContentDecides() {
        final StructType listing = new StructType()
                .add("id", DataTypes.StringType)
                .add("labels", DataTypes.createArrayType(DataTypes.StringType))
                .add("length", DataTypes.LongType);
        final StructType state = listing.add("modified", DataTypes.LongType)
                .add("content_hash", DataTypes.LongType)
                .add("reason", DataTypes.StringType);
        final byte[] bytes = {1, 2, 3};
        final long hash = spark.sql("select xxhash64(X'010203')").head().getLong(0);
        final List<Row> listed = new ArrayList<>();
        final List<Row> known = new ArrayList<>();
        final List<Row> contents = new ArrayList<>();
        for (final String id :
                List.of("same", "other", "longer", "bad-same", "bad-other", "unread", "too-long", "locked", "grown")) {
            listed.add(RowFactory.create(id, null, id.equals("longer") ? 4L : 3L));
            final String reason = id.startsWith("bad")
                    ? "CORRUPT"
                    : id.equals("unread") ? "UNREADABLE" : id.equals("too-long") ? "TOO_MANY_BYTES" : null;
            known.add(RowFactory.create(
                    id, null, 3L, null, id.equals("unread") || id.equals("too-long") ? null : hash, reason));
            final boolean read = !id.equals("locked") && !id.equals("grown");
            contents.add(RowFactory.create(
                    id, read ? id.endsWith("other") ? new byte[] {9} : bytes : null, id.equals("grown") ? 101L : 3L));
        }
        final Dataset<Row> compared = new Changes(true, false)
                .compare(spark.createDataFrame(listed, listing), spark.createDataFrame(known, state));
        assertThat(compared.filter(Changes.isSuspect()).count()).isEqualTo(6);
        final Map<String, String> actions = new TreeMap<>();
        Changes.settle(
                        compared,
                        spark.createDataFrame(
                                contents,
                                new StructType()
                                        .add("id", DataTypes.StringType)
                                        .add("content", DataTypes.BinaryType)
                                        .add("length", DataTypes.LongType)),
                        100)
                .collectAsList()
                .forEach(row -> actions.put(row.getAs("id"), row.getAs("action")));
        assertThat(actions)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "same", "unchanged",
                        "other", "changed",
                        "longer", "changed",
                        "bad-same", "unchanged",
                        "bad-other", "retried",
                        "unread", "retried",
                        "too-long", "unchanged",
                        "locked", "unchanged",
                        "grown", "changed"));
    }

    /** All Parquet files of a folder of the table. */
    private List<ParquetMetadata> footers(final String below) throws IOException {
        final List<ParquetMetadata> footers = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder.resolve("codes").resolve(below))) {
            for (final Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(
                        new org.apache.hadoop.fs.Path(file.toUri()),
                        spark.sparkContext().hadoopConfiguration()))) {
                    footers.add(reader.getFooter());
                }
            }
        }
        return footers;
    }

    @Test
    void filesAreCompressedAndNameTheirModel() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(3, lake);
        Files.writeString(lake.resolve("bad.jpg"), "no image");
        encode(nightly());
        Files.delete(lake.resolve("0.jpg"));
        encode(nightly("encode.max-deleted-fraction=1"));

        assertThat(spark.read()
                        .parquet(folder.resolve("codes/_superseded").toString())
                        .select("id", "action")
                        .collectAsList())
                .containsExactly(RowFactory.create("things/0.jpg", "deleted"));
        for (final String below : List.of("run=" + table().runs().get(0).runId(), "_quarantine", "_superseded")) {
            assertThat(footers(below)).as(below).isNotEmpty().allSatisfy(footer -> {
                assertThat(footer.getFileMetaData().getKeyValueMetaData().values())
                        .anyMatch(value -> value.contains("\"dpq.model\":\"" + model.modelId())
                                && value.contains(
                                        "\"dpq.decode\":" + model.image().version()));
                assertThat(footer.getBlocks()).isNotEmpty();
                for (final BlockMetaData block : footer.getBlocks()) {
                    assertThat(block.getColumns())
                            .extracting(ColumnChunkMetaData::getCodec)
                            .containsOnly(CompressionCodecName.ZSTD);
                }
            });
        }
    }

    /** What Spark's UI shows comes from the same events. */
    @Test
    void sparksUiTellsWhatTheJobIsAtAndWhatItCounts() throws Exception {
        final Path lake = Files.createDirectories(folder.resolve("lake/things"));
        copy(3, lake);
        Files.writeString(lake.resolve("bad.jpg"), "no image");
        final Set<String> descriptions = ConcurrentHashMap.newKeySet();
        final Map<String, Object> counted = new ConcurrentHashMap<>();
        final SparkListener listener = new SparkListener() {
            @Override
            public void onJobStart(final SparkListenerJobStart start) {
                final String description = start.properties().getProperty("spark.job.description");
                if (description != null) {
                    descriptions.add(description);
                }
            }

            @Override
            public void onStageCompleted(final SparkListenerStageCompleted stage) {
                JavaConverters.mapAsJavaMap(stage.stageInfo().accumulables()).forEach((id, info) -> {
                    if (info.name().isDefined() && info.value().isDefined()) {
                        counted.put(info.name().get(), info.value().get());
                    }
                });
            }
        };
        spark.sparkContext().addSparkListener(listener);
        try {
            encode(nightly());
            spark.sparkContext().listenerBus().waitUntilEmpty();
        } finally {
            spark.sparkContext().removeSparkListener(listener);
        }
        final String run = newest().runId();
        assertThat(descriptions)
                .contains(
                        "dpq encode: list " + folder.resolve("lake"),
                        "dpq encode: 4 images into run " + run,
                        "dpq encode: publish run " + run);
        assertThat(counted)
                .containsEntry("dpq.encode.decoded", 3L)
                .containsEntry("dpq.encode.encoded", 3L)
                .containsEntry("dpq.encode.quarantined", 1L)
                .containsKeys("dpq.encode.bytes", "dpq.encode.decode-nanos", "dpq.encode.network-nanos");
        // Whatever the rate was.
        assertThat((String) counted.get("dpq.encode.progress"))
                .matches("4 of 4 images \\(100\\.0 %\\), [0-9.]+ images/s, 0 s left, 1 quarantined");
    }

    @Test
    void aHostileCorpusIsAccountedForToTheLastFile() throws IOException {
        final Path lake = Files.createDirectories(folder.resolve("lake/hostile"));
        final Map<String, byte[]> corpus = HostileCorpus.generate();
        for (final Map.Entry<String, byte[]> input : corpus.entrySet()) {
            Files.write(lake.resolve(input.getKey()), input.getValue());
        }
        assertThat(encode(nightly())).isEqualTo(Job.Outcome.DONE);

        final RunManifest run = newest();
        assertThat(run.listed()).isEqualTo(corpus.size());
        assertThat(run.encoded() + run.quarantined()).isEqualTo(corpus.size());
        assertThat(codesById()).hasSize((int) run.encoded());
        assertThat(run.quarantineReasons())
                .containsKeys("CORRUPT", "EMPTY", "TOO_MANY_PIXELS", "UNKNOWN_FORMAT")
                .doesNotContainKey("UNREADABLE");
        encode(nightly());
        assertThat(newest().unchanged()).isEqualTo(corpus.size());
    }
}

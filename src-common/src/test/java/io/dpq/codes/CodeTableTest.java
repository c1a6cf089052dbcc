package io.dpq.codes;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.dpq.config.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CodeTableTest {
    private static final String MODEL = "a".repeat(64);
    private static final CodeRun.Identity IDENTITY = new CodeRun.Identity(MODEL, 1, 4, 256);
    private static final String CRASHED = "20200101T000000.000Z-00c0ffee";
    private static SparkSession spark;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.hadoop.fs.inplace.impl", InPlaceFileSystem.class.getName())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private CodeTable table() {
        return new CodeTable(root(), hadoop());
    }

    private String root() {
        return folder.resolve("codes").toString();
    }

    private static Configuration hadoop() {
        return spark.sparkContext().hadoopConfiguration();
    }

    /** Images first … first + count − 1 with uniformly random codes; every image whose number divides by bad is refused. */
    private static Dataset<Row> staged(final long first, final long count, final long bad) {
        final Column refused = bad == 0 ? lit(false) : col("n").mod(bad).equalTo(0);
        final List<Column> columns = new ArrayList<>(List.of(
                concat(lit("image-"), col("n")).as("id"),
                when(col("n").mod(3).equalTo(0), lit(null))
                        .otherwise(array(lit("cat")))
                        .as("labels"),
                xxhash64(col("n")).as("content_hash")));
        for (int level = 1; level <= 4; level++) {
            columns.add(when(
                            refused.unary_$bang(),
                            pmod(xxhash64(col("n"), lit(level)), lit(256)).cast(DataTypes.ShortType))
                    .as("level_" + level));
        }
        columns.add(when(refused, lit("CORRUPT")).as("reason"));
        columns.add(when(refused, lit("cut off")).as("detail"));
        columns.add(when(refused, lit(7L)).as("length"));
        columns.add(lit(null).cast(DataTypes.LongType).as("modified"));
        return spark.range(first, first + count, 1, 3).toDF("n").select(columns.toArray(new Column[0]));
    }

    private RunManifest publish(final long first, final long count, final long bad, final long rowsPerFile) {
        final CodeRun run = table().begin(IDENTITY);
        run.stage(staged(first, count, bad));
        return run.publish(spark, count, 0, rowsPerFile, Map.of("seed", 1));
    }

    @Test
    void aRunBeginsAfterTheNewestWhateverTheClockSays() {
        final Instant now = Instant.parse("2026-03-01T00:00:00.500Z");
        assertThat(CodeRun.startAfter(List.of(), now)).isEqualTo(now);
        final RunManifest run = publish(1, 20, 2, 1000);
        final Instant late = Instant.parse("2200-01-01T00:00:00Z");
        assertThat(CodeRun.startAfter(List.of(run), late)).isEqualTo(late);
        // The newest run's time and a millisecond, not the year 2001.
        final Instant behind = CodeRun.startAfter(List.of(run), Instant.parse("2001-01-01T00:00:00Z"));
        assertThat(behind)
                .isBetween(
                        Instant.parse(run.startedAt()),
                        Instant.parse(run.startedAt()).plusMillis(1));
    }

    @Test
    void whatIsPublishedIsRead() {
        final RunManifest run = publish(1, 100, 10, 1000);

        assertThat(run.listed()).isEqualTo(100);
        assertThat(run.encoded()).isEqualTo(90);
        assertThat(run.quarantined()).isEqualTo(10);
        assertThat(run.quarantineReasons()).isEqualTo(Map.of("CORRUPT", 10L));
        assertThat(run.files()).hasSize(1).allMatch(f -> f.rows() == 90 && f.bytes() > 0);
        assertThat(table().runs()).containsExactly(run);

        final Dataset<Row> read = table().read(spark, MODEL, 2);
        assertThat(read.schema().fieldNames()).containsExactly("id", "labels", "level_1", "level_2");
        assertThat(read.orderBy("id").collectAsList())
                .isEqualTo(staged(1, 100, 10)
                        .filter("reason is null")
                        .select("id", "labels", "level_1", "level_2")
                        .orderBy("id")
                        .collectAsList());
    }

    @Test
    void plainSparkReadsTheFolder() {
        final RunManifest run = publish(1, 100, 10, 1000);

        final Dataset<Row> codes = spark.read().parquet(root());
        assertThat(codes.schema().names())
                .containsExactly(
                        "id",
                        "labels",
                        "content_hash",
                        "level_1",
                        "level_2",
                        "level_3",
                        "level_4",
                        "length",
                        "modified",
                        "run");
        assertThat(codes.schema().apply("level_4").dataType()).isEqualTo(DataTypes.ShortType);
        assertThat(codes.schema().apply("content_hash").dataType()).isEqualTo(DataTypes.LongType);
        assertThat(codes.schema().apply("level_4").metadata().getString("dpq.model"))
                .isEqualTo(MODEL);
        assertThat(codes.schema().apply("level_4").metadata().getLong("dpq.decode"))
                .isEqualTo(1);
        assertThat(codes.select("run").distinct().collectAsList())
                .extracting(r -> r.getString(0))
                .containsExactly(run.runId());
        assertThat(codes.count()).isEqualTo(90);

        final Dataset<Row> quarantine = spark.read().parquet(root() + "/_quarantine/run=" + run.runId());
        assertThat(quarantine.schema().names())
                .containsExactly("id", "reason", "detail", "length", "content_hash", "modified");
        assertThat(quarantine.filter("reason = 'CORRUPT' and length = 7").count())
                .isEqualTo(10);
    }

    @Test
    void aCodeTakesOneByteAndALevelAQuarter() throws IOException {
        final long rows = 1_000_000;
        final RunManifest run = publish(0, rows, 0, rows);

        final StructType levels = table().read(spark, MODEL, 4).schema();
        final Map<String, Long> bytes = new TreeMap<>();
        for (final RunManifest.DataFile file : run.files()) {
            try (ParquetFileReader reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(root(), file.path()), hadoop()))) {
                for (final BlockMetaData block : reader.getFooter().getBlocks()) {
                    assertThat(block.getTotalByteSize()).isLessThanOrEqualTo(64L << 20);
                    for (final ColumnChunkMetaData chunk : block.getColumns()) {
                        bytes.merge(chunk.getPath().toDotString(), chunk.getTotalSize(), Long::sum);
                        if (chunk.getPath().toDotString().startsWith("level_")) {
                            assertThat(chunk.getEncodings().stream().anyMatch(Encoding::usesDictionary))
                                    .isTrue();
                        }
                    }
                }
            }
        }
        assertThat(levels.fieldNames()).hasSize(6);
        final long all =
                Stream.of(1, 2, 3, 4).mapToLong(l -> bytes.get("level_" + l)).sum();
        assertThat(all).isLessThanOrEqualTo((long) (1.01 * 4 * rows));
        assertThat(bytes.get("level_1")).isLessThan(all / 3);
    }

    @Test
    void filesAreBounded() {
        final RunManifest run = publish(0, 1000, 0, 300);

        assertThat(run.files()).hasSizeGreaterThanOrEqualTo(4).allMatch(f -> f.rows() <= 300);
        assertThat(table().read(spark, MODEL, 1).count()).isEqualTo(1000);
    }

    @Test
    void runsAddUpAndSortByTime() {
        final RunManifest first = publish(0, 50, 0, 1000);
        final RunManifest second = publish(50, 50, 0, 1000);

        assertThat(table().runs()).extracting(RunManifest::runId).containsExactly(first.runId(), second.runId());
        assertThat(first.runId()).isLessThan(second.runId());
        assertThat(table().read(spark, MODEL, 4).select("id").distinct().count())
                .isEqualTo(100);
    }

    @Test
    void aRunThatFoundNothingNewIsRecorded() {
        publish(0, 50, 0, 1000);
        final CodeRun run = table().begin(IDENTITY);
        final RunManifest manifest = run.publish(spark, 50, 50, 1000, Map.of());

        assertThat(manifest.unchanged()).isEqualTo(50);
        assertThat(manifest.files()).isEmpty();
        assertThat(folder.resolve("codes/run=" + manifest.runId())).doesNotExist();
        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(50);
    }

    @Test
    void aTableOfNothingButQuarantineIsReadAsEmpty() {
        publish(0, 5, 1, 1000);

        assertThat(table().read(spark, MODEL, 4).count()).isZero();
    }

    @Test
    void whatACrashLeftIsInvisibleAndRemoved() throws IOException {
        final RunManifest run = publish(0, 50, 0, 1000);
        final Path codes = folder.resolve("codes");
        final Path data = codes.resolve(run.files().get(0).path());
        final Path unpublished = Files.createDirectories(codes.resolve("run=" + CRASHED));
        final Path quarantine = Files.createDirectories(codes.resolve("_quarantine/run=" + CRASHED));
        final Path staging = Files.createDirectories(codes.resolve("_tmp/" + CRASHED + "/staged"));
        final Path foreign = Files.createDirectories(codes.resolve("run=mine"));
        for (final Path target : List.of(unpublished, staging)) {
            Files.copy(data, target.resolve("part-0.parquet"));
        }

        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(50);

        final RunManifest next = publish(50, 50, 0, 1000);
        assertThat(unpublished).doesNotExist();
        assertThat(quarantine).doesNotExist();
        assertThat(staging).doesNotExist();
        assertThat(foreign).exists();
        assertThat(table().runs()).containsExactly(run, next);
        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(100);
        assertThat(codes.resolve("_tmp/" + next.runId())).doesNotExist();
    }

    @Test
    void aRunThatDoesNotReconcileIsNotPublished() {
        final CodeRun run = table().begin(IDENTITY);
        run.stage(staged(0, 99, 10));

        assertThatThrownBy(() -> run.publish(spark, 100, 0, 1000, Map.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("100 images listed, but 89 encoded, 0 refreshed, 10 quarantined and 0 unchanged");
        assertThat(folder.resolve("codes/run=" + run.id())).doesNotExist();
        assertThat(table().completeRuns()).isEmpty();
    }

    @Test
    void aSecondWriterIsRefusedUntilTheFirstIsDoneOrDead() throws Exception {
        final CodeRun first = table().begin(IDENTITY);
        first.stage(staged(0, 50, 0));
        assertThatThrownBy(() -> table().begin(IDENTITY))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("run " + first.id());
        first.publish(spark, 50, 0, 1000, Map.of());
        table().begin(IDENTITY).close();

        final CodeRun silent = table().begin(IDENTITY);
        // As if another process had held it, and ended.
        final Path lock = folder.resolve("codes/_tmp/_lock");
        final Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Files.delete(lock.resolveSibling("._lock.crc"));
        Files.writeString(lock, Files.readString(lock).replaceFirst("process \\d+", "process " + ended.pid()));
        final CodeRun next = table().begin(IDENTITY);
        // The heir's lock is not the silent run's to remove.
        silent.close();
        assertThatThrownBy(() -> table().begin(IDENTITY))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("run " + next.id());
    }

    @Test
    void aRunBesideWhichAnotherAppearedIsNotPublished() throws IOException {
        final CodeRun first = table().begin(IDENTITY);
        first.stage(staged(0, 50, 0));
        Files.delete(folder.resolve("codes/_tmp/_lock"));
        final RunManifest second = publish(0, 50, 0, 1000);

        assertThatThrownBy(() -> first.publish(spark, 50, 0, 1000, Map.of()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("run " + second.runId());
        assertThat(table().runs()).containsExactly(second);
        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(50);
    }

    @Test
    void aPathThatCannotBeATableIsTheUsersMistake() throws IOException {
        Files.writeString(folder.resolve("file"), "no folder");
        for (final String path : List.of(folder + "/file", folder + "/file/codes", "nosuchscheme://x/y")) {
            assertThatThrownBy(() -> new CodeTable(path, hadoop()).begin(IDENTITY))
                    .as(path)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("codes.path");
        }
    }

    @Test
    void codesOfAnotherModelAreRefused() {
        publish(0, 10, 0, 1000);
        final String other = "b".repeat(64);

        for (final Runnable use : List.<Runnable>of(
                () -> table().read(spark, other, 4),
                () -> table().requireModel(other),
                () -> table().begin(new CodeRun.Identity(other, 1, 4, 256)))) {
            assertThatThrownBy(use::run)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("holds codes of model " + MODEL)
                    .hasMessageContaining(other);
        }
    }

    @Test
    void aMissingTableNamesTheRemedy() {
        assertThatThrownBy(() -> table().read(spark, MODEL, 4))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("run encode");
        assertThat(table().completeRuns()).isEmpty();
    }

    @Test
    void levelsBeyondTheTableAreRefused() {
        publish(0, 10, 0, 1000);
        for (final int levels : new int[] {0, 5}) {
            assertThatThrownBy(() -> table().read(spark, MODEL, levels))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("levels 1 to 4");
        }
    }

    @Test
    void aChangedManifestIsRefused() throws IOException {
        final RunManifest run = publish(1, 50, 10, 1000);
        final Path manifest = folder.resolve("codes/_runs/" + run.runId() + ".json");
        final String text = Files.readString(manifest);
        final Map<String, String> changes = Map.of(
                "\"listed\" : 50", "\"listed\" : 51",
                "\"encoded\" : 45", "\"encoded\" : 44",
                "\"rows\" : 45", "\"rows\" : 46",
                "\"CORRUPT\" : 5", "\"CORRUPT\" : 4",
                "\"quarantined\" : 5,", "",
                "\"runId\" : \"2", "\"runId\" : \"3",
                "\"bytes\" : ", "\"bytes\" : 1",
                "part-", "past-",
                "\"formatVersion\" : 3", "\"formatVersion\" : 4",
                "\"modelId\" : \"aa", "\"modelId\" : \"ab");
        for (final Map.Entry<String, String> change : changes.entrySet()) {
            assertThat(text).contains(change.getKey());
            overwrite(manifest, text.replace(change.getKey(), change.getValue()));
            assertThatThrownBy(() -> table().read(spark, MODEL, 4))
                    .as("%s", change)
                    .isInstanceOf(UserException.class);
        }
        for (final int length : new int[] {0, 1, text.length() / 2, text.length() - 1}) {
            overwrite(manifest, text.substring(0, length));
            assertThatThrownBy(() -> table().runs()).as("cut to %s", length).isInstanceOf(UserException.class);
        }
        overwrite(manifest, text);
        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(45);
    }

    /** With its checksum, as whoever edits by Hadoop's tools would leave it: the manifest itself must be found wrong. */
    private static void overwrite(final Path file, final String text) throws IOException {
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aDataFileThatHasGoneIsNamed() throws IOException {
        final RunManifest run = publish(0, 10, 0, 1000);
        final Path data = folder.resolve("codes").resolve(run.files().get(0).path());
        Files.delete(data);

        assertThatThrownBy(() -> table().read(spark, MODEL, 4))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(data.getFileName().toString())
                .hasMessageContaining("has gone");
    }

    @Test
    void withoutAtomicRenameFilesAreWrittenInPlace() {
        final String root = "inplace://" + root();
        final CodeTable table = new CodeTable(root, hadoop());
        final CodeRun run = table.begin(IDENTITY);
        run.stage(staged(1, 100, 10));
        final RunManifest manifest = run.publish(spark, 100, 0, 1000, Map.of());

        assertThat(table.runs()).containsExactly(manifest);
        assertThat(table.read(spark, MODEL, 4).count()).isEqualTo(90);
        assertThat(folder.resolve("codes/_quarantine/run=" + manifest.runId())).exists();
        assertThat(folder.resolve("codes/_tmp/" + manifest.runId())).doesNotExist();
    }

    /** Plans what the given images (id, action) are to become, and stages rows of those that are encoded or refused. */
    private RunManifest publishPlanned(final Dataset<Row> staged, final long unchanged, final String... planned) {
        final List<Row> rows = new ArrayList<>();
        long listed = unchanged;
        for (final String words : planned) {
            final String[] word = words.split(" ");
            final boolean deleted = "deleted".equals(word[1]);
            rows.add(RowFactory.create(
                    word[0],
                    deleted ? null : new String[] {"new label"},
                    deleted ? null : 11L,
                    deleted ? null : 22L,
                    word[1]));
            listed += deleted ? 0 : 1;
        }
        final CodeRun run = table().begin(IDENTITY);
        run.plan(spark.createDataFrame(rows, CodeSchema.plan()));
        run.stage(staged.withColumn("length", lit(11L)).withColumn("modified", lit(22L)));
        return run.publish(spark, listed, unchanged, 1000, Map.of("seed", 1));
    }

    private List<String> visible(final int partitions) {
        return table().read(spark, MODEL, 4).repartition(partitions).collectAsList().stream()
                .map(Row::toString)
                .sorted()
                .toList();
    }

    private static String code(final long drawnFrom, final String id, final String labels) {
        final Row row = staged(drawnFrom, 1, 0).head();
        return "[" + id + "," + labels + "," + row.get(3) + "," + row.get(4) + "," + row.get(5) + "," + row.get(6)
                + "]";
    }

    private static Dataset<Row> renamed(final Dataset<Row> rows, final String... ids) {
        Column id = col("id");
        for (int i = 0; i < ids.length; i += 2) {
            id = when(col("id").equalTo(ids[i]), lit(ids[i + 1])).otherwise(id);
        }
        return rows.withColumn("id", id);
    }

    /** Four images; then one changes, one goes bad, one is deleted, one is relabelled. */
    private void fourThenOneOfEachKind() {
        publish(1, 4, 0, 1000);
        publishPlanned(
                renamed(staged(100, 2, 101), "image-100", "image-1", "image-101", "image-2"),
                0,
                "image-1 changed",
                "image-2 changed",
                "image-3 deleted",
                "image-4 refreshed");
    }

    @Test
    void readersSeeExactlyTheNewestRowOfEachImage() {
        fourThenOneOfEachKind();

        for (final int partitions : new int[] {1, 3, 16}) {
            assertThat(visible(partitions).toString().replace("ArraySeq", "WrappedArray"))
                    .isEqualTo(List.of(
                                    code(100, "image-1", "WrappedArray(cat)"),
                                    code(4, "image-4", "WrappedArray(new label)"))
                            .toString());
        }
        final RunManifest run = table().runs().get(1);
        assertThat(run.listed()).isEqualTo(3);
        assertThat(List.of(run.encoded(), run.refreshed(), run.quarantined(), run.unchanged(), run.deleted()))
                .containsExactly(1L, 1L, 1L, 0L, 1L);
        assertThat(run.superseded()).isEqualTo(4);
        // What the next run is told.
        assertThat(table().state(spark, MODEL).orderBy("id").collectAsList())
                .extracting(row -> row.getString(0), row -> row.get(3), row -> row.get(4), row -> row.get(5))
                .containsExactly(
                        tuple("image-1", 11L, 22L, null),
                        tuple("image-2", 11L, 22L, "CORRUPT"),
                        tuple("image-4", 11L, 22L, null));
        assertThat(table().state(spark, MODEL).filter("id = 'image-4'").head().<Long>getAs("content_hash"))
                .isEqualTo(staged(4, 1, 0).head().getLong(2));
    }

    @Test
    void plainSparkSeesTheSameBySql() {
        fourThenOneOfEachKind();
        spark.read().parquet(root()).createOrReplaceTempView("codes");
        spark.read().parquet(root() + "/_superseded").createOrReplaceTempView("superseded");

        assertThat(spark.sql("select id from codes c where not exists (select 1 from superseded s"
                                + " where s.id = c.id and s.run > c.run) order by id")
                        .collectAsList())
                .extracting(row -> row.getString(0))
                .containsExactly("image-1", "image-4");
    }

    @Test
    void aDeletedImageMayComeBack() {
        fourThenOneOfEachKind();
        publishPlanned(renamed(staged(200, 1, 0), "image-200", "image-3"), 3, "image-3 new");

        assertThat(visible(2)).hasSize(3).anyMatch(row -> row.contains("image-3"));
    }

    @Test
    void compactionKeepsWhatReadersSee() throws IOException {
        fourThenOneOfEachKind();
        final List<String> before = visible(1);
        final List<Row> state =
                table().state(spark, MODEL).drop("run").orderBy("id").collectAsList();
        final CodeRun run = table().begin(IDENTITY);
        final RunManifest compacted = run.compact(spark, 1000, Map.of("seed", 1));

        assertThat(table().runs()).containsExactly(compacted);
        assertThat(compacted.replaces()).hasSize(2);
        assertThat(visible(1)).isEqualTo(before);
        assertThat(table().state(spark, MODEL).drop("run").orderBy("id").collectAsList())
                .isEqualTo(state);
        try (Stream<Path> files = Files.walk(folder.resolve("codes"))) {
            assertThat(files.map(Path::toString).filter(name -> name.contains("run=")))
                    .allMatch(name -> name.contains(compacted.runId()));
        }
        publishPlanned(renamed(staged(300, 1, 0), "image-300", "image-9"), 3, "image-9 new");
        assertThat(visible(1)).hasSize(3);
    }

    @Test
    void whatACrashedCompactionReplacedIsInvisibleAndRemoved() throws IOException {
        fourThenOneOfEachKind();
        final Path codes = folder.resolve("codes");
        final Path kept = folder.resolve("kept");
        copyTree(codes, kept);
        table().begin(IDENTITY).compact(spark, 1000, Map.of());
        final List<String> after = visible(1);
        // As a crash after the manifest and before the removal leaves it.
        copyTree(kept, codes);

        assertThat(table().runs()).hasSize(1);
        assertThat(visible(1)).isEqualTo(after);
        table().begin(IDENTITY).close();
        try (Stream<Path> manifests = Files.list(codes.resolve("_runs"))) {
            assertThat(manifests.filter(file -> file.toString().endsWith(".json")))
                    .hasSize(1);
        }
        assertThat(visible(1)).isEqualTo(after);
    }

    private static void copyTree(final Path from, final Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (final Path source : all.toList()) {
                final Path target = to.resolve(from.relativize(source));
                if (Files.isDirectory(source)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    @Test
    void aTableOfTheFirstFormatIsRead() throws IOException {
        final RunManifest run = publish(1, 20, 10, 1000);
        final Path manifest = folder.resolve("codes/_runs/" + run.runId() + ".json");
        overwrite(
                manifest,
                Files.readString(manifest)
                        .replace("\"formatVersion\" : 3", "\"formatVersion\" : 1")
                        .replaceAll(
                                "  \"(refreshed|deleted|superseded|supersededFiles|replaces|metrics)\" : [^\n]*\n",
                                ""));
        assertThat(Files.readString(manifest)).doesNotContain("refreshed", "superseded", "replaces");

        assertThat(table().runs()).singleElement().satisfies(read -> {
            assertThat(read.refreshed()).isZero();
            assertThat(read.encoded()).isEqualTo(18);
        });
        assertThat(visible(1)).hasSize(18);
        assertThat(table().state(spark, MODEL).count()).isEqualTo(20);
    }

    @Test
    void stagedRowsComeBackAsTheyWere() {
        final Set<CodeSchema.Extra> extras = EnumSet.allOf(CodeSchema.Extra.class);
        final List<Row> rows = List.of(
                RowFactory.create(
                        "a/Ü.jpg",
                        new String[] {"cat", "pet"},
                        Long.MIN_VALUE,
                        (short) 0,
                        (short) 32767,
                        null,
                        null,
                        9L,
                        8L,
                        new float[] {1.5f, -0f},
                        1f,
                        2f,
                        640,
                        480),
                RowFactory.create(
                        "b", new String[0], 5L, (short) 1, (short) 2, null, null, 6L, null, new float[0], 0f, 0f, 1, 1),
                RowFactory.create(
                        "c", null, null, null, null, "CORRUPT", "cut off", 7L, 8L, null, null, null, null, null));
        final StructType schema = CodeSchema.staged(2, extras);
        final StagedWriter writer = new StagedWriter(
                new org.apache.hadoop.fs.Path(folder.resolve("staged").toString()), schema, hadoop());
        final List<StagedWriter.Written> written = writer.write(
                JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(rows, 2));

        assertThat(written)
                .hasSize(2)
                .allMatch(file -> StagedWriter.isWhole(stagedFile(file.name()), hadoop()))
                .extracting(StagedWriter.Written::encoded, StagedWriter.Written::refused)
                .containsExactlyInAnyOrder(tuple(1L, Map.of()), tuple(1L, Map.of("CORRUPT", 1L)));
        // As Spark would have written it, type by type.
        final Dataset<Row> read = spark.read().parquet(folder.resolve("staged").toString());
        assertThat(read.schema()).isEqualTo(schema.asNullable());
        assertThat(read.orderBy("id").collectAsList())
                .isEqualTo(spark.createDataFrame(rows, schema).orderBy("id").collectAsList());
    }

    private org.apache.hadoop.fs.Path stagedFile(final String name) {
        return new org.apache.hadoop.fs.Path(folder.resolve("staged").toString(), name);
    }

    @Test
    void onlyAFileThatIsWholeCountsAsFinished() throws IOException {
        final StructType schema = CodeSchema.staged(4);
        final StagedWriter writer = new StagedWriter(
                new org.apache.hadoop.fs.Path(folder.resolve("staged").toString()), schema, hadoop());
        final List<Row> rows = staged(1, 1000, 0).collectAsList();
        final String name = writer.write(0, rows.iterator()).next()._1()._1();
        assertThat(StagedWriter.isWhole(stagedFile(name), hadoop())).isTrue();

        final byte[] bytes = Files.readAllBytes(folder.resolve("staged").resolve(name));
        for (final int length : new int[] {0, 4, bytes.length / 2, bytes.length - 1}) {
            Files.write(folder.resolve("staged/part-cut.parquet"), Arrays.copyOf(bytes, length));
            assertThat(StagedWriter.isWhole(stagedFile("part-cut.parquet"), hadoop()))
                    .as("cut to %s", length)
                    .isFalse();
        }
        // A task that fails leaves no file, nor one that looks like the partition.
        Files.delete(folder.resolve("staged/part-cut.parquet"));
        final Iterator<Row> failing = Stream.concat(rows.stream(), Stream.of(1).map(x -> {
                    throw new IllegalStateException("lost");
                }))
                .map(Row.class::cast)
                .iterator();
        assertThatThrownBy(() -> writer.write(1, failing)).hasMessage("lost");
        try (Stream<Path> files = Files.list(folder.resolve("staged"))) {
            assertThat(files.filter(file -> !file.getFileName().toString().endsWith(".crc")))
                    .hasSize(1);
        }
    }

    @Test
    void aRunOfAnotherModelReplacesWhenItIsComplete() throws IOException {
        final RunManifest old = publish(1, 40, 10, 1000);
        final String other = "b".repeat(64);
        final CodeRun.Identity identity = new CodeRun.Identity(other, 1, 4, 256);
        assertThatThrownBy(() -> table().begin(identity)).isInstanceOf(UserException.class);

        final CodeRun run = table().begin(identity, new CodeRun.Beginning(false, true));
        run.stage(staged(1, 50, 10));
        // Until then the table is the old one.
        assertThat(table().read(spark, MODEL, 4).count()).isEqualTo(36);
        final RunManifest manifest = run.publish(spark, 50, 0, 1000, Map.of());

        assertThat(manifest.replaces()).containsExactly(old.runId());
        assertThat(table().runs()).containsExactly(manifest);
        assertThat(table().read(spark, other, 4).count()).isEqualTo(45);
        assertThatThrownBy(() -> table().read(spark, MODEL, 4)).isInstanceOf(UserException.class);
        assertThat(folder.resolve("codes/run=" + old.runId())).doesNotExist();
        assertThat(folder.resolve("codes/_runs/" + old.runId() + ".json")).doesNotExist();
    }

    @Test
    void filesFollowTheOrderOfIds() throws IOException {
        final RunManifest run = publish(1, 1000, 0, 300);
        final List<String[]> ranges = new ArrayList<>();
        for (final RunManifest.DataFile file : run.files()) {
            final List<String> ids =
                    spark.read().parquet(root() + "/" + file.path()).select("id").collectAsList().stream()
                            .map(row -> row.getString(0))
                            .toList();
            assertThat(ids).isSorted();
            ranges.add(new String[] {ids.get(0), ids.get(ids.size() - 1)});
        }
        ranges.sort(Comparator.comparing(range -> range[0]));
        for (int i = 1; i < ranges.size(); i++) {
            assertThat(ranges.get(i)[0]).isGreaterThan(ranges.get(i - 1)[1]);
        }
    }
}

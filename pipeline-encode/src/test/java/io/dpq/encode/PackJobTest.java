package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.lake.SampleLake;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole job: real images, real Spark, real Parquet. */
final class PackJobTest {
    private static final int IMAGES = 120;
    private static final String[] SMALL = {"pack.file-bytes=70KiB", "pack.row-group-bytes=32KiB"};

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.start();
        TestModel.publish(shared.resolve("model").toString(), 1);
        new SampleLake(IMAGES, 1, 5).write(shared.resolve("lake"));
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private DpqConfig config(final String... sets) {
        return DpqConfig.load(null, sets(sets));
    }

    private List<String> sets(final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + shared.resolve("model"),
                "encode.batch-size=8",
                "encode.max-quarantine-fraction=0.5",
                "pack.lake.path=" + shared.resolve("lake/train"),
                "pack.output=" + folder.resolve("packed")));
        all.addAll(List.of(SMALL));
        all.addAll(List.of(sets));
        return all;
    }

    private Job.Outcome pack(final String... sets) throws IOException {
        return new PackJob()
                .run(new JobContext(spark, config(sets), new PrintStream(printed, true, StandardCharsets.UTF_8)));
    }

    private String said() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    private static List<Row> rows(final LakeSettings.Kind kind, final Path path) {
        final Lake lake =
                Lake.open(spark, new LakeSettings("encode.lake", kind, path.toString(), java.util.Optional.empty()));
        return lake.read(lake.listing(), Partitions.of(1 << 20), 1 << 28)
                .orderBy("id")
                .collectAsList();
    }

    private List<Path> parts(final String name) throws IOException {
        try (var files = Files.list(folder.resolve(name))) {
            return files.filter(f -> f.getFileName().toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aPackedLakeIsTheSameLake() throws IOException {
        assertThat(pack()).isEqualTo(Job.Outcome.DONE);
        final List<Row> packed = rows(LakeSettings.Kind.PARQUET, folder.resolve("packed"));
        assertThat(packed)
                .hasSize(IMAGES + SampleLake.DAMAGED)
                .isEqualTo(rows(LakeSettings.Kind.DIRECTORY, shared.resolve("lake/train")));
        // Any reader of Parquet finds the columns.
        assertThat(spark.read()
                        .parquet(folder.resolve("packed").toString())
                        .schema()
                        .toDDL())
                .isEqualTo("id STRING,content BINARY,labels ARRAY<STRING>,length BIGINT,modified TIMESTAMP");
        assertThat(said()).contains("holds 127 images in " + parts("packed").size() + " files");
    }

    @Test
    void encodingThePackedLakeYieldsTheSameCodes() throws IOException {
        pack();
        final List<List<Row>> tables = new ArrayList<>();
        for (final String lake : List.of(
                "encode.lake.kind=directory encode.lake.path=" + shared.resolve("lake/train"),
                "encode.lake.kind=parquet encode.lake.path=" + folder.resolve("packed"))) {
            final Path codes = folder.resolve("codes" + tables.size());
            final List<String> sets = new ArrayList<>(List.of(lake.split(" ")));
            sets.add("codes.path=" + codes);
            new EncodeJob()
                    .run(new JobContext(
                            spark,
                            config(sets.toArray(String[]::new)),
                            new PrintStream(printed, true, StandardCharsets.UTF_8)));
            tables.add(spark.read()
                    .parquet(codes.toString())
                    .drop("run")
                    .orderBy("id")
                    .collectAsList());
        }
        assertThat(tables.get(0)).hasSize(IMAGES);
        assertThat(tables.get(1)).isEqualTo(tables.get(0));
    }

    @Test
    void packedAgainOnlyWhatIsNewIsEncoded() throws IOException {
        final Path lake = folder.resolve("lake/things");
        Files.createDirectories(lake);
        final List<Path> images;
        try (var found =
                Files.list(shared.resolve("lake/train/" + SampleLake.classes().get(0)))) {
            images = found.filter(file -> file.toString().endsWith(".jpg"))
                    .sorted()
                    .limit(4)
                    .toList();
        }
        for (int i = 0; i < 3; i++) {
            Files.copy(images.get(i), lake.resolve(i + ".jpg"));
        }
        final String[] sets = {
            "pack.lake.path=" + folder.resolve("lake"),
            "encode.lake.kind=parquet",
            "encode.lake.path=" + folder.resolve("packed"),
            "codes.path=" + folder.resolve("codes")
        };
        pack(sets);
        encode(sets);
        Files.copy(images.get(3), lake.resolve("3.jpg"));
        try (var files = Files.walk(folder.resolve("packed"))) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
        pack(sets);
        encode(sets);
        final List<RunManifest> runs = new CodeTable(folder.resolve("codes").toString(), new Configuration()).runs();
        assertThat(runs.get(1).encoded()).isEqualTo(1);
        assertThat(runs.get(1).unchanged()).isEqualTo(3);
        // Another picture of the same length under the old name is another lake to pack.
        final byte[] other = Files.readAllBytes(images.get(2));
        final Path changed = lake.resolve("2.jpg");
        other[other.length - 3] ^= 1;
        Files.write(changed, other);
        Files.setLastModifiedTime(changed, FileTime.fromMillis(1_000_000_000_000L));
        assertThatThrownBy(() -> pack(sets))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("this one as it was");
    }

    private void encode(final String... sets) throws IOException {
        new EncodeJob()
                .run(new JobContext(spark, config(sets), new PrintStream(printed, true, StandardCharsets.UTF_8)));
    }

    @Test
    void aRowGroupThatCannotBeReadIsQuarantinedUntilItCan() throws IOException {
        pack();
        final Path part = parts("packed").get(0);
        final byte[] whole = Files.readAllBytes(part);
        final BlockMetaData group;
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(part.toString()), new Configuration()))) {
            group = reader.getRowGroups().get(0);
        }
        final long content = group.getColumns().stream()
                .filter(column -> column.getPath().toDotString().equals("content"))
                .findFirst()
                .orElseThrow()
                .getFirstDataPageOffset();
        final byte[] damaged = whole.clone();
        Arrays.fill(damaged, (int) content, (int) content + 100, (byte) 0xFF);
        final FileTime time = Files.getLastModifiedTime(part);
        Files.write(part, damaged);
        Files.setLastModifiedTime(part, time);
        Files.deleteIfExists(part.resolveSibling("." + part.getFileName() + ".crc"));
        final String[] sets = {
            "encode.lake.kind=parquet",
            "encode.lake.path=" + folder.resolve("packed"),
            "codes.path=" + folder.resolve("codes")
        };
        encode(sets);
        final CodeTable table = new CodeTable(folder.resolve("codes").toString(), new Configuration());
        assertThat(group.getRowCount()).isBetween(2L, 60L);
        assertThat(table.runs().get(0).quarantineReasons()).containsEntry("UNREADABLE", group.getRowCount());
        final long encoded = table.runs().get(0).encoded();

        Files.write(part, whole);
        Files.setLastModifiedTime(part, time);
        encode(sets);
        assertThat(encoded + table.runs().get(1).encoded()).isEqualTo(IMAGES);
        assertThat(table.runs().get(1).quarantineReasons()).doesNotContainKey("UNREADABLE");
    }

    /** As when the executors that listed are lost in the middle of a night, and a file with them. */
    @Test
    void aLakeIsListedOnceANight() throws IOException {
        final Path lake = folder.resolve("lake");
        final List<Row> images = rows(LakeSettings.Kind.DIRECTORY, shared.resolve("lake/train")).stream()
                .filter(row -> !row.getString(0).contains("corrupt"))
                .limit(9)
                .toList();
        for (int file = 0; file < 3; file++) {
            spark.createDataFrame(
                            images.subList(3 * file, 3 * file + 3),
                            images.get(0).schema())
                    .select("id", "content", "labels")
                    .coalesce(1)
                    .write()
                    .parquet(lake.resolve("file" + file).toString());
        }
        final Path away = folder.resolve("away");
        for (final String late : List.of("file1", "file2")) {
            Files.createDirectories(away);
            Files.move(lake.resolve(late), away.resolve(late));
        }
        final List<String> sets = sets(
                "encode.lake.kind=parquet",
                "encode.lake.path=" + lake,
                "encode.max-quarantine-fraction=1",
                "codes.path=" + folder.resolve("codes"));
        final DpqConfig config = DpqConfig.load(null, sets);
        new EncodeJob().run(new JobContext(spark, config, new PrintStream(printed, true, StandardCharsets.UTF_8)));
        Files.move(away.resolve("file1"), lake.resolve("file1"));
        Files.move(away.resolve("file2"), lake.resolve("file2"));
        final PrintStream losing = new PrintStream(printed, true, StandardCharsets.UTF_8) {
            @Override
            public void println(final String line) {
                super.println(line);
                if (line.contains("images listed")) {
                    JavaSparkContext.fromSparkContext(spark.sparkContext())
                            .getPersistentRDDs()
                            .values()
                            .forEach(rdd -> rdd.unpersist(true));
                    assertThat(lake.resolve("file1")
                                    .toFile()
                                    .renameTo(away.resolve("file1").toFile()))
                            .isTrue();
                }
            }
        };
        new EncodeJob().run(new JobContext(spark, config, losing));
        final CodeTable table = new CodeTable(folder.resolve("codes").toString(), new Configuration());
        final RunManifest night = table.runs().get(1);
        assertThat(night.listed()).isEqualTo(9);
        assertThat(night.unchanged()).isEqualTo(3);
        assertThat(night.encoded()).isEqualTo(3);
        assertThat(night.quarantineReasons()).containsExactly(Map.entry("UNREADABLE", 3L));
    }

    @Test
    void twoJobsDoNotPackIntoOneFolder() throws Exception {
        final List<String> options = new ArrayList<>();
        for (final String set : sets()) {
            options.addAll(List.of("--set", set));
        }
        final Process first = new DriverProcess(folder, options)
                .job(Pack.class)
                .with("spark.hadoop.fs.file.impl", PausingFileSystem.class.getName())
                .with("spark.master", "local[1]")
                .pausingAt("create .*/_packed.packing/_part-00002.*")
                .startAndPause();
        try {
            // Of another lake: it would take the first one's files for leftovers.
            assertThatThrownBy(() -> pack("pack.file-bytes=2MiB"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("Another job, pack into ")
                    .hasMessageContaining("process " + first.pid() + " on ");
            assertThat(folder.resolve("_packed.packing/part-00001.parquet")).exists();
        } finally {
            DriverProcess.kill(first);
        }
        pack("pack.file-bytes=2MiB");
        assertThat(rows(LakeSettings.Kind.PARQUET, folder.resolve("packed"))).hasSize(IMAGES + SampleLake.DAMAGED);
        assertThat(folder.resolve("_packed.packing.lock")).doesNotExist();
    }

    @Test
    void filesAndRowGroupsAreOfEvenSize() throws IOException {
        pack();
        int groups = 0;
        for (final Path part : parts("packed")) {
            try (ParquetFileReader reader = ParquetFileReader.open(
                    HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(part.toString()), new Configuration()))) {
                final List<BlockMetaData> blocks = reader.getRowGroups();
                for (int i = 0; i < blocks.size() - 1; i++) {
                    // The writer counts its own buffers, too, which are a good part of so little.
                    assertThat(blocks.get(i).getTotalByteSize()).isBetween(8L << 10, 44L << 10);
                }
                groups += blocks.size();
            }
        }
        assertThat(groups).isGreaterThan(parts("packed").size());
        final List<Path> files = parts("packed");
        assertThat(files).hasSizeGreaterThan(3);
        for (final Path file : files.subList(0, files.size() - 1)) {
            assertThat(Files.size(file)).as(file.toString()).isBetween(35L << 10, 105L << 10);
        }
    }

    @Test
    void anotherAttemptGoesOnWhereOneStopped() throws IOException {
        pack("pack.output=" + folder.resolve("whole"));
        final List<Path> whole = parts("whole");
        assertThat(whole).hasSizeGreaterThan(3);
        final Matcher fingerprint = Pattern.compile("\"fingerprint\" : \"([0-9a-f]{16})\"")
                .matcher(Files.readString(folder.resolve("whole/_pack.json")));
        assertThat(fingerprint.find()).isTrue();
        // What a killed attempt leaves: some whole files and a broken one.
        final Path aside = Files.createDirectories(folder.resolve("_packed.packing"));
        Files.writeString(aside.resolve("_PACKING"), fingerprint.group(1));
        final FileTime old = FileTime.fromMillis(1_000_000_000_000L);
        for (final int part : new int[] {0, 2}) {
            final Path copy = aside.resolve(whole.get(part).getFileName());
            Files.copy(whole.get(part), copy);
            Files.setLastModifiedTime(copy, old);
        }
        Files.writeString(aside.resolve("_part-00001.parquet.0e5a"), "half");
        printed.reset();

        pack();

        assertThat(said()).contains("an earlier attempt wrote 2");
        assertThat(aside).doesNotExist();
        assertThat(rows(LakeSettings.Kind.PARQUET, folder.resolve("packed")))
                .isEqualTo(rows(LakeSettings.Kind.DIRECTORY, shared.resolve("lake/train")));
        for (int i = 0; i < whole.size(); i++) {
            final Path part = parts("packed").get(i);
            assertThat(Files.getLastModifiedTime(part).equals(old)).isEqualTo(i == 0 || i == 2);
            assertThat(part).hasSameBinaryContentAs(whole.get(i));
        }
        try (var files = Files.list(folder.resolve("packed"))) {
            assertThat(files.map(f -> f.getFileName().toString()).filter(f -> !f.endsWith("crc")))
                    .hasSize(whole.size() + 1)
                    .contains("_pack.json");
        }
    }

    /** While it writes, when all is written, and when the folder is about to appear. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "create .*/_packed.packing/_part-00002.*",
                "create .*/_packed.packing/_pack.json",
                "rename .*/packed"
            })
    void aKilledPackingIsGoneOnWith(final String operation) throws Exception {
        final List<String> options = new ArrayList<>();
        for (final String set : sets()) {
            options.addAll(List.of("--set", set));
        }
        DriverProcess.kill(new DriverProcess(folder, options)
                .job(Pack.class)
                .with("spark.hadoop.fs.file.impl", PausingFileSystem.class.getName())
                .with("spark.master", "local[1]")
                .pausingAt(operation)
                .startAndPause());
        assertThat(folder.resolve("packed")).doesNotExist();

        pack();
        assertThat(said())
                .contains("an earlier attempt wrote "
                        + (operation.contains("part-") ? 2 : parts("packed").size()));
        assertThat(rows(LakeSettings.Kind.PARQUET, folder.resolve("packed")))
                .isEqualTo(rows(LakeSettings.Kind.DIRECTORY, shared.resolve("lake/train")));
        assertThat(folder.resolve("_packed.packing")).doesNotExist();
    }

    @Test
    void whatAnotherLakeLeftIsNotUsed() throws IOException {
        final Path aside = Files.createDirectories(folder.resolve("_packed.packing"));
        Files.writeString(aside.resolve("_PACKING"), "0123456789abcdef");
        Files.writeString(aside.resolve("part-00000.parquet"), "of another lake");
        pack();
        assertThat(rows(LakeSettings.Kind.PARQUET, folder.resolve("packed"))).hasSize(IMAGES + SampleLake.DAMAGED);
    }

    @Test
    void packingAgainDoesNothingAndNothingIsOverwritten() throws IOException {
        pack();
        printed.reset();
        pack();
        assertThat(said()).contains("already");
        assertThatThrownBy(() -> pack("pack.file-bytes=2MiB"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds another lake");
        assertThatThrownBy(() -> pack("pack.output=" + shared.resolve("lake")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds something else");
        assertThatThrownBy(() -> pack("pack.lake.kind=vectors"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("pack.lake.kind");
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelManifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A driver JVM of its own is killed at a chosen moment of a run that adds, changes, deletes and refuses images; then the job
 * is run again. The table must be that of a run which nothing disturbed.
 */
final class ExactlyOnceTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;
    private static ModelManifest model;
    private static List<String> before;
    private static List<String> expected;

    @BeforeAll
    static void firstNight() throws IOException {
        spark = TestSpark.start();
        model = TestModel.publish(shared.resolve("model").toString(), 1);
        new SampleLake(12, 1, 5).write(shared.resolve("sample"));
        final List<Path> images = new ArrayList<>();
        try (Stream<Path> files = Files.walk(shared.resolve("sample/train"))) {
            files.filter(f -> f.toString().endsWith(".jpg")
                            && !f.getFileName().toString().startsWith("corrupt"))
                    .sorted()
                    .limit(9)
                    .forEach(images::add);
        }
        final Path lake = Files.createDirectories(shared.resolve("lake/things"));
        for (int i = 0; i < 5; i++) {
            Files.copy(images.get(i), lake.resolve(i + ".jpg"));
        }
        Files.writeString(lake.resolve("bad.jpg"), "no image");
        encode(shared.resolve("codes"));
        before = visible(shared.resolve("codes"));
        assertThat(before).hasSize(6);
        // The second night: three are new, one is another, one has gone.
        for (int i = 5; i < 8; i++) {
            Files.copy(images.get(i), lake.resolve(i + ".jpg"));
        }
        Files.copy(images.get(8), lake.resolve("1.jpg"), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(lake.resolve("worse.jpg"), "no image either");
        Files.delete(lake.resolve("0.jpg"));
        final Path undisturbed = shared.resolve("undisturbed");
        copyTable(undisturbed);
        encode(undisturbed);
        expected = visible(undisturbed);
        assertThat(expected).hasSize(9).doesNotContainAnyElementsOf(List.of(before.get(0), before.get(1)));
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private static void copyTable(final Path to) throws IOException {
        final Path from = shared.resolve("codes");
        try (Stream<Path> all = Files.walk(from)) {
            for (final Path source : all.toList()) {
                final Path target = to.resolve(from.relativize(source));
                if (Files.isDirectory(source)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(source, target);
                }
            }
        }
    }

    private static List<String> sets(final Path codes) {
        return List.of(
                "seed=1",
                "model.path=" + shared.resolve("model"),
                "codes.path=" + codes,
                "encode.lake.path=" + shared.resolve("lake"),
                "encode.batch-size=4",
                "encode.max-quarantine-fraction=1",
                "encode.max-deleted-fraction=0.5",
                // Several tasks even for a few images.
                "encode.partition-bytes=1KiB");
    }

    private static Job.Outcome encode(final Path codes) {
        return encode(codes, false, OutputStream.nullOutputStream());
    }

    private static Job.Outcome encode(
            final Path codes, final boolean resume, final OutputStream printed, final String... sets) {
        final List<String> all = new ArrayList<>(sets(codes));
        all.addAll(List.of(sets));
        return new EncodeJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(null, all),
                        new PrintStream(printed, true, StandardCharsets.UTF_8),
                        resume));
    }

    private static RunManifest newest(final Path codes) {
        final List<RunManifest> runs =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration()).runs();
        return runs.get(runs.size() - 1);
    }

    /** All that a reader can tell of the table: codes with their labels, and what was refused. */
    private static List<String> visible(final Path codes) {
        return visible(codes, model.modelId());
    }

    private static List<String> visible(final Path codes, final String modelId) {
        final CodeTable table =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration());
        final List<Row> rows = new ArrayList<>(table.state(spark, modelId)
                .drop("run")
                .join(table.read(spark, modelId, TestModel.LEVELS).drop("labels"), "id", "left")
                .collectAsList());
        return rows.stream().map(Row::toString).sorted().toList();
    }

    private DriverProcess driver(final Path codes, final String... options) {
        final List<String> all = new ArrayList<>();
        for (final String set : sets(codes)) {
            all.addAll(List.of("--set", set));
        }
        all.addAll(List.of(options));
        return new DriverProcess(folder, all)
                .with("spark.hadoop.fs.file.impl", PausingFileSystem.class.getName())
                .with("spark.master", "local[2]");
    }

    private Process pausedAt(final Path codes, final String operation, final String... options) throws Exception {
        return driver(codes, options).pausingAt(operation).startAndPause();
    }

    private static void kill(final Process process) throws InterruptedException {
        DriverProcess.kill(process);
    }

    @ParameterizedTest
    @CsvSource({
        "create .*/_tmp/2[^/]+/planned/.*, false",
        "create .*/staged/part-.*, false",
        "rename .*/codes/run=.*, false",
        "rename .*/codes/_runs/.*json, false",
        "delete .*/codes/_tmp/2[^/]+, true"
    })
    void nothingIsTwiceAndNothingIsLost(final String operation, final boolean published) throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        kill(pausedAt(codes, operation));

        assertThat(visible(codes)).isEqualTo(published ? expected : before);
        assertThat(encode(codes)).isEqualTo(Job.Outcome.DONE);
        assertThat(visible(codes)).isEqualTo(expected);
        assertRunsAlone(codes, published ? 3 : 2);
    }

    /** So many runs, and nothing that a plain reader would take for the rows of another. */
    private static void assertRunsAlone(final Path codes, final int count) throws IOException {
        assertThat(codes.resolve("_tmp")).isEmptyDirectory();
        final List<String> runs = names(codes.resolve("_runs")).stream()
                .filter(name -> name.endsWith(".json") && !name.startsWith("."))
                .map(name -> "run=" + name.replace(".json", ""))
                .toList();
        assertThat(runs).hasSize(count);
        for (final String below : List.of("", "_quarantine", "_superseded")) {
            assertThat(names(codes.resolve(below)).stream().filter(name -> name.startsWith("run=")))
                    .isSubsetOf(runs);
        }
    }

    private static List<String> names(final Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    /** Before the data, between data and manifest, before the old manifests are gone, and before their data. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "create .*/_tmp/2[^/]+/written/.*",
                "rename .*/codes/_runs/.*json",
                "delete .*/codes/_runs/.*json",
                "delete .*/codes/run=.*"
            })
    void aKilledCompactionLosesNothing(final String operation) throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        encode(codes);
        final Process process =
                driver(codes).job(Compact.class).pausingAt(operation).startAndPause();
        kill(process);

        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(compact(codes)).isEqualTo(Job.Outcome.DONE);
        assertThat(visible(codes)).isEqualTo(expected);
        // Where the killed one had published, the next job cleans up behind it.
        encode(codes);
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(newest(codes).unchanged()).isEqualTo(9);
        compact(codes);
        assertThat(visible(codes)).isEqualTo(expected);
        assertRunsAlone(codes, 1);
    }

    private static Job.Outcome compact(final Path codes) {
        return new CompactJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(null, sets(codes)),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)));
    }

    /** A killed run that was to replace another model's codes leaves these; a finished one leaves nothing of them. */
    @ParameterizedTest
    @CsvSource({
        "create .*/staged/part-.*, false",
        "rename .*/codes/run=.*, false",
        "rename .*/codes/_runs/.*json, false",
        "delete .*/codes/_runs/.*json, true",
        "delete .*/codes/run=.*, true"
    })
    void aKilledReplacementOfTheModelLeavesOneOrTheOther(final String operation, final boolean published)
            throws Exception {
        final ModelManifest other =
                TestModel.publish(folder.resolve("other-model").toString(), 2);
        final String[] sets = {"model.path=" + folder.resolve("other-model"), "encode.replace-model=true"};
        final Path undisturbed = folder.resolve("undisturbed");
        copyTable(undisturbed);
        encode(undisturbed, false, OutputStream.nullOutputStream(), sets);
        final List<String> replaced = visible(undisturbed, other.modelId());
        assertThat(replaced).hasSize(9);

        final Path codes = folder.resolve("codes");
        copyTable(codes);
        kill(pausedAt(codes, operation, "--set", sets[0], "--set", sets[1]));
        if (published) {
            assertThat(visible(codes, other.modelId())).isEqualTo(replaced);
        } else {
            assertThat(visible(codes)).isEqualTo(before);
        }

        encode(codes, false, OutputStream.nullOutputStream(), sets);
        assertThat(visible(codes, other.modelId())).isEqualTo(replaced);
        assertThat(newest(codes).modelId()).isEqualTo(other.modelId());
        assertRunsAlone(codes, published ? 2 : 1);
    }

    /** Rows in the partitions that crashed runs had finished. */
    private static long finishedRows(final Path codes) throws IOException {
        long rows = 0;
        try (Stream<Path> files = Files.walk(codes.resolve("_tmp"))) {
            for (final Path file : files.filter(f -> f.getFileName().toString().startsWith("part-")
                            && f.getParent().endsWith("staged"))
                    .toList()) {
                try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(
                        new org.apache.hadoop.fs.Path(file.toUri()),
                        spark.sparkContext().hadoopConfiguration()))) {
                    rows += reader.getRecordCount();
                } catch (RuntimeException e) {
                    // Cut off.
                    assertThat(e).hasMessageContaining("is not a Parquet file");
                }
            }
        }
        return rows;
    }

    private void killOnceAPartitionIsFinished(final Path codes, final String... options) throws Exception {
        final Process process = pausedAt(codes, "create .*/staged/part-0000[2-4]-.*", options);
        while (finishedRows(codes) == 0) {
            assertThat(process.isAlive()).isTrue();
            Thread.sleep(50);
        }
        kill(process);
    }

    @Test
    void resumingUsesWhatTheCrashedRunFinished() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        killOnceAPartitionIsFinished(codes);
        final long finished = finishedRows(codes);
        assertThat(finished).isBetween(1L, 4L);
        assertThat(visible(codes)).isEqualTo(before);

        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        assertThat(encode(codes, true, printed)).isEqualTo(Job.Outcome.DONE);
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains(finished + " images were encoded by a run that crashed and are not encoded again.");
        // Five images are new, changed or refused for the first time.
        assertThat(newest(codes).metrics())
                .containsEntry("imagesReused", finished)
                .satisfies(metrics -> assertThat(metrics.get("imagesEncoded") + metrics.get("imagesQuarantined"))
                        .isEqualTo(5 - finished));
        assertThat(codes.resolve("_tmp")).isEmptyDirectory();
    }

    /** Of such a lake the first night records no plan, image by image. */
    @Test
    void theFirstNightOfALakeThatIsReadAsAWholeIsResumed() throws Exception {
        final Path lake = folder.resolve("packed");
        spark.read()
                .format("binaryFile")
                .load(shared.resolve("lake/things").toString())
                .selectExpr(
                        "concat('things/', regexp_extract(path, '[^/]*$', 0)) as id",
                        "content",
                        "array('things') as labels")
                .repartition(4)
                .write()
                .parquet(lake.toString());
        final String[] sets = {"encode.lake.kind=parquet", "encode.lake.path=" + lake};
        final Path undisturbed = folder.resolve("undisturbed");
        encode(undisturbed, false, OutputStream.nullOutputStream(), sets);
        final Path codes = folder.resolve("codes");
        killOnceAPartitionIsFinished(codes, "--set", sets[0], "--set", sets[1]);
        final long finished = finishedRows(codes);

        encode(codes, true, OutputStream.nullOutputStream(), sets);
        assertThat(finished).isBetween(1L, 8L);
        assertThat(newest(codes).metrics()).containsEntry("imagesReused", finished);
        assertThat(newest(codes).listed()).isEqualTo(9);
        assertThat(visible(codes)).hasSize(9).isEqualTo(visible(undisturbed));
        // And the second night finds all as it was listed.
        encode(codes, false, OutputStream.nullOutputStream(), sets);
        assertThat(newest(codes).unchanged()).isEqualTo(9);
    }

    @Test
    void aResumedRunThatCrashesIsResumedToo() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        killOnceAPartitionIsFinished(codes);
        final long finished = finishedRows(codes);
        // After it has taken over what was finished, at its last step.
        kill(pausedAt(codes, "rename .*/codes/_runs/.*json", "--resume"));
        assertThat(finishedRows(codes)).isEqualTo(5);
        assertThat(visible(codes)).isEqualTo(before);

        assertThat(encode(codes, true, OutputStream.nullOutputStream())).isEqualTo(Job.Outcome.DONE);
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(finished).isPositive();
        assertThat(newest(codes).metrics()).containsEntry("imagesReused", 5L);
    }

    @Test
    void nothingIsReusedThatOtherSettingsMade() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        killOnceAPartitionIsFinished(codes);

        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        encode(codes, true, printed, "encode.batch-size=5");
        assertThat(printed.toString(StandardCharsets.UTF_8))
                .contains("No crashed run has left anything that can be used");
        assertThat(newest(codes).metrics()).containsEntry("imagesReused", 0L).containsEntry("imagesDecoded", 4L);
        assertThat(visible(codes)).isEqualTo(expected);
    }

    @Test
    void whatChangedSinceTheCrashIsEncodedAgain() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        killOnceAPartitionIsFinished(codes);
        final long finished = finishedRows(codes);
        final FileTime time = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));
        final Path lake = shared.resolve("lake/things");
        final Map<Path, FileTime> times = new HashMap<>();
        for (final String name : List.of("1.jpg", "5.jpg", "6.jpg", "7.jpg", "worse.jpg")) {
            times.put(lake.resolve(name), Files.getLastModifiedTime(lake.resolve(name)));
            Files.setLastModifiedTime(lake.resolve(name), time);
        }
        try {
            encode(codes, true, OutputStream.nullOutputStream());
        } finally {
            for (final Map.Entry<Path, FileTime> old : times.entrySet()) {
                Files.setLastModifiedTime(old.getKey(), old.getValue());
            }
        }
        assertThat(finished).isPositive();
        assertThat(newest(codes).metrics()).containsEntry("imagesReused", 0L);
        assertThat(visible(codes)).hasSize(9);
    }

    /** A driver of two executor JVMs, of which the first to write a certain partition hangs. */
    private DriverProcess onCluster(final TestCluster cluster, final Path codes) {
        final String options = String.join(" ", DriverProcess.flags())
                + " -Ddpq.test.pause=create.*/staged/part-00001-.* -Ddpq.test.paused=" + folder.resolve("paused");
        return driver(codes, "--set", "resources.cores-per-executor=1", "--set", "resources.executors=2")
                .with("spark.master", cluster.master())
                .with("spark.executor.extraClassPath", System.getProperty("java.class.path"))
                .with("spark.executor.extraJavaOptions", options)
                .with("spark.executor.memory", "900m");
    }

    private static void awaitSuccess(final DriverProcess driver, final Process process) throws Exception {
        if (!process.waitFor(4, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError("It did not end: " + Files.readString(driver.log()));
        }
        assertThat(process.exitValue()).as(Files.readString(driver.log())).isZero();
    }

    @Test
    void aSpeculativeAttemptCountsOnce() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        try (TestCluster cluster = TestCluster.start(folder)) {
            // The first attempt at a partition hangs until a second one has outrun it and it is told to end.
            final DriverProcess driver = onCluster(cluster, codes)
                    .with("spark.speculation", "true")
                    .with("spark.speculation.interval", "100ms")
                    .with("spark.speculation.quantile", "0.5")
                    .with("spark.speculation.minTaskRuntime", "1s");
            awaitSuccess(driver, driver.start());
        }
        assertThat(folder.resolve("paused")).exists();
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(newest(codes).metrics()).containsEntry("imagesDecoded", 4L).containsEntry("imagesQuarantined", 1L);
    }

    private ProcessHandle pausedExecutor(final Process driver) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            final long executor = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("paused."))
                    .map(name -> Long.valueOf(name.substring("paused.".length())))
                    .findFirst()
                    .orElseThrow();
            assertThat(executor).isNotEqualTo(driver.pid());
            return ProcessHandle.of(executor).orElseThrow();
        }
    }

    private static void signal(final String name, final ProcessHandle process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static List<Path> late(final Path codes) throws IOException {
        // It exists before: the run that was published has only emptied it.
        try (Stream<Path> files = Files.walk(codes.resolve("_tmp"))) {
            return files.filter(file -> file.getFileName().toString().contains("part-00001-"))
                    .toList();
        }
    }

    /** An executor that stood still while its driver was killed, and writes on when the next run has been published. */
    @Test
    void anExecutorThatOutlivesItsDriverSpoilsNothing() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        try (TestCluster cluster = TestCluster.start(folder)) {
            final DriverProcess driver = onCluster(cluster, codes);
            final Process process = driver.startAndPause();
            final ProcessHandle executor = pausedExecutor(process);
            // Its worker too, which would end it: this is a machine that the network has cut off.
            final ProcessHandle worker = executor.parent().orElseThrow();
            signal("STOP", worker);
            signal("STOP", executor);
            kill(process);
            assertThat(visible(codes)).isEqualTo(before);

            assertThat(encode(codes)).isEqualTo(Job.Outcome.DONE);
            assertThat(executor.isAlive()).isTrue();
            Files.delete(driver.paused());
            signal("CONT", executor);
            final long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
            while (late(codes).isEmpty()) {
                assertThat(System.nanoTime()).as("the executor writes on").isLessThan(end);
                Thread.sleep(50);
            }
        }
        assertThat(visible(codes)).isEqualTo(expected);
        encode(codes);
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(newest(codes).unchanged()).isEqualTo(9);
        // Whatever it wrote behind the run's back.
        assertThat(codes.resolve("_tmp")).isEmptyDirectory();
    }

    @Test
    void aKilledExecutorLosesNothing() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        try (TestCluster cluster = TestCluster.start(folder)) {
            final DriverProcess driver = onCluster(cluster, codes);
            final Process process = driver.startAndPause();
            assertThat(pausedExecutor(process).destroyForcibly()).isTrue();
            awaitSuccess(driver, process);
        }
        assertThat(visible(codes)).isEqualTo(expected);
        assertThat(newest(codes).metrics()).containsEntry("imagesDecoded", 4L).containsEntry("imagesQuarantined", 1L);
    }

    @Test
    void aSecondJobIsRefusedWhileTheFirstIsAtWork() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        final Process first = pausedAt(codes, "create .*/staged/part-.*");
        try {
            assertThatThrownBy(() -> encode(codes))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("Another encode, run ")
                    .hasMessageContaining("process " + first.pid() + " on ")
                    .hasMessageContaining("wait until it is done");
        } finally {
            kill(first);
        }
        assertThat(visible(codes)).isEqualTo(before);
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelManifest;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        return new EncodeJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(null, sets(codes)),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)));
    }

    /** All that a reader can tell of the table: codes with their labels, and what was refused. */
    private static List<String> visible(final Path codes) {
        final CodeTable table =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration());
        final List<Row> rows = new ArrayList<>(table.state(spark, model.modelId())
                .drop("run")
                .join(table.read(spark, model.modelId(), TestModel.LEVELS).drop("labels"), "id", "left")
                .collectAsList());
        return rows.stream().map(Row::toString).sorted().toList();
    }

    /** The job in a JVM of its own, stopped at the first operation on the disk that matches. */
    private Process startPausedAt(final Path codes, final String operation, final Path paused) throws IOException {
        final List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .forEach(command::add);
        command.addAll(List.of(
                "-Xmx1g",
                "-Dspark.ui.enabled=false",
                "-Dspark.driver.bindAddress=127.0.0.1",
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.sql.shuffle.partitions=2",
                "-Dspark.hadoop.fs.file.impl=" + PausingFileSystem.class.getName(),
                "-Ddpq.test.pause=" + operation,
                "-Ddpq.test.paused=" + paused,
                "-cp",
                System.getProperty("java.class.path"),
                Encode.class.getName()));
        for (final String set : sets(codes)) {
            command.add("--set");
            command.add(set);
        }
        command.add("--set");
        command.add("resources.master=\"local[2]\"");
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("child.log").toFile())
                .start();
    }

    private Process pausedAt(final Path codes, final String operation) throws Exception {
        final Path paused = folder.resolve("paused");
        final Process process = startPausedAt(codes, operation, paused);
        while (!Files.exists(paused)) {
            if (!process.isAlive()) {
                throw new AssertionError(
                        "The job ended without " + operation + ":\n" + Files.readString(folder.resolve("child.log")));
            }
            Thread.sleep(50);
        }
        return process;
    }

    private static void kill(final Process process) throws InterruptedException {
        // SIGKILL.
        process.destroyForcibly();
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "create .*/_tmp/2[^/]+/planned/.*, false",
        "rename .*/staged/_temporary/0/task_.*, false",
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
        // Nor is anything left that a plain reader would take for rows.
        assertThat(codes.resolve("_tmp")).isEmptyDirectory();
        try (Stream<Path> runs = Files.list(codes)) {
            assertThat(runs.filter(run -> run.getFileName().toString().startsWith("run=")))
                    .hasSize(2);
        }
    }

    @Test
    void aSecondJobIsRefusedWhileTheFirstIsAtWork() throws Exception {
        final Path codes = folder.resolve("codes");
        copyTable(codes);
        final Process first = pausedAt(codes, "rename .*/staged/_temporary/0/task_.*");
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

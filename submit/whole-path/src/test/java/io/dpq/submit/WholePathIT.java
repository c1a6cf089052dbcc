package io.dpq.submit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The three shaded jars by {@code submit/dpq} on a standalone cluster of a master and two worker JVMs, as a user runs them: the
 * way of the data from images to a report, then what the user sees after typical mistakes. Order matters, since each step
 * takes what the one before it left.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WholePathIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int IMAGES = 360;

    @TempDir
    private static Path work;

    private static Path project;
    private static String master;

    /** How a command ended. */
    private record Ended(int code, String out, String err) {}

    @BeforeAll
    static void startCluster() throws Exception {
        project = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(project.resolve("submit"))) {
            project = project.getParent();
        }
        expectSuccess(run("submit/dpq", "sample", "--out", work.resolve("lake").toString(), "--images", "" + IMAGES));
        final Ended started =
                run("submit/local-cluster", "start", "--workers", "2", "--memory", "3g", "--port", "17077");
        expectSuccess(started);
        master = started.out().substring(started.out().indexOf("spark://")).strip();
    }

    @AfterAll
    static void stopCluster() throws Exception {
        expectSuccess(run("submit/local-cluster", "stop"));
    }

    private static Ended run(final String... command) throws IOException, InterruptedException {
        final Path out = Files.createTempFile(work, "out", ".txt");
        final Path err = Files.createTempFile(work, "err", ".txt");
        final List<String> words = new ArrayList<>(List.of(command));
        words.set(0, project.resolve(command[0]).toString());
        final ProcessBuilder builder = new ProcessBuilder(words)
                .directory(work.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("DPQ_STATE", work.resolve("state").toString());
        builder.environment().put("DPQ_WORK", work.toString());
        // The Maven of this build may have set the first two; a user's shell has neither.
        List.of("SPARK_HOME", "SPARK_CONF_DIR", "OMP_NUM_THREADS", "JAVA_TOOL_OPTIONS")
                .forEach(builder.environment()::remove);
        final Process process = builder.start();
        if (!process.waitFor(8, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new AssertionError(words + " did not end: " + Files.readString(err));
        }
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private static Ended dpq(final String job, final String... options) throws Exception {
        final List<String> command = new ArrayList<>(List.of(
                "submit/dpq",
                job,
                "--config",
                project.resolve("conf/quickstart.conf").toString(),
                "--set",
                "backbone.width=8",
                "--set",
                "train.epochs=3",
                "--set",
                "train.semantic-epochs=2",
                "--set",
                "train.batch-size=16",
                "--set",
                "train.workers=2",
                "--set",
                "quantization.codewords=16",
                "--set",
                "resources.master=\"" + master + "\"",
                "--set",
                "resources.executors=2",
                "--set",
                "resources.cores-per-executor=1",
                "--set",
                "resources.tasks-per-executor=1",
                "--set",
                "resources.executor-heap=1GiB",
                "--set",
                "resources.executor-native=1GiB"));
        command.addAll(List.of(options));
        return run(command.toArray(String[]::new));
    }

    private static void expectSuccess(final Ended ended) {
        assertThat(ended.code()).as("%s%n%s", ended.out(), ended.err()).isZero();
    }

    /** One sentence, one line, the right code. */
    private static void expectMistake(final Ended ended, final int code, final String sentence) {
        assertThat(ended.code()).as("%s%n%s", ended.out(), ended.err()).isEqualTo(code);
        assertThat(ended.err().lines().filter(line -> line.startsWith("dpq: ")))
                .singleElement()
                .asString()
                .contains(sentence);
        assertThat(ended.err()).doesNotContain("\tat ");
    }

    @Test
    @Order(1)
    void trainsOnTwoWorkers() throws Exception {
        expectSuccess(dpq("train"));
        final JsonNode manifest =
                JSON.readTree(work.resolve("model/manifest.json").toFile());
        assertThat(manifest.path("levels").asInt()).isEqualTo(4);
        assertThat(manifest.path("labels").size()).isGreaterThanOrEqualTo(10);
        assertThat(manifest.path("files").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder("network.zip", "encoder.onnx", "codebooks.npy", "training.jsonl");
    }

    @Test
    @Order(2)
    void encodesAndAccountsForEveryFile() throws Exception {
        expectSuccess(dpq("encode"));
        final JsonNode run = manifestOfTheOnlyRun();
        final long files;
        final long corrupt;
        try (Stream<Path> lake = Files.walk(work.resolve("lake/train"))) {
            final List<Path> all = lake.filter(Files::isRegularFile).toList();
            files = all.size();
            corrupt = all.stream()
                    .filter(file -> file.getFileName().toString().startsWith("corrupt-"))
                    .count();
        }
        assertThat(corrupt).isEqualTo(7);
        assertThat(run.path("listed").asLong()).isEqualTo(files);
        assertThat(run.path("quarantined").asLong()).isEqualTo(corrupt);
        assertThat(run.path("encoded").asLong()).isEqualTo(files - corrupt);
    }

    private static JsonNode manifestOfTheOnlyRun() throws IOException {
        try (Stream<Path> runs = Files.list(work.resolve("codes/_runs"))) {
            final List<Path> manifests =
                    runs.filter(file -> file.toString().endsWith(".json")).toList();
            assertThat(manifests).hasSize(1);
            return JSON.readTree(manifests.get(0).toFile());
        }
    }

    @Test
    @Order(3)
    void reportsEveryCodeLength() throws Exception {
        final Ended ended = dpq("evaluate");
        expectSuccess(ended);
        final JsonNode report = JSON.readTree(work.resolve("report/report.json").toFile());
        assertThat(report.path("levels").size()).isEqualTo(4);
        for (final JsonNode level : report.path("levels")) {
            assertThat(level.path("map").asDouble())
                    .isGreaterThan(level.path("randomMap").asDouble());
        }
        assertThat(work.resolve("report/report.html")).isNotEmptyFile();
        assertThat(ended.out()).contains("report.html");
    }

    @Test
    @Order(4)
    void aDryRunOfEveryJobPrintsItsCommandAndTouchesNothing() throws Exception {
        for (final String job : List.of("train", "encode", "evaluate")) {
            final Ended ended = dpq(job, "--dry-run", "--set", "model.path=nowhere", "--set", "codes.path=nowhere");
            expectSuccess(ended);
            assertThat(ended.out()).contains("spark-submit --class io.dpq.").contains("--master " + master);
            assertThat(work.resolve("nowhere")).doesNotExist();
        }
    }

    @Test
    @Order(5)
    void anUnknownKeyIsRefusedWithTheNearestOne() throws Exception {
        for (final String job : List.of("train", "encode", "evaluate")) {
            expectMistake(dpq(job, "--set", "encode.batchsize=3"), 1, "did you mean 'encode.batch-size'?");
        }
    }

    @Test
    @Order(6)
    void aWrongPathIsNamed() throws Exception {
        final String nowhere = work.resolve("nowhere").toString();
        expectMistake(dpq("train", "--set", "train.lake.path=" + nowhere), 2, nowhere);
        expectMistake(dpq("encode", "--set", "encode.lake.path=" + nowhere), 2, nowhere);
        expectMistake(dpq("encode", "--set", "model.path=" + nowhere), 2, "There is no model at " + nowhere);
        expectMistake(dpq("evaluate", "--set", "codes.path=" + nowhere), 2, nowhere);
    }

    @Test
    @Order(7)
    void codesOfAnotherModelAreRefused() throws Exception {
        final Path other = work.resolve("other-model");
        expectSuccess(dpq("train", "--set", "model.path=" + other, "--set", "seed=2", "--set", "train.epochs=2"));
        expectMistake(dpq("evaluate", "--set", "model.path=" + other), 2, "holds codes of model");
        expectMistake(dpq("encode", "--set", "model.path=" + other), 2, "holds codes of model");
        assertThat(manifestOfTheOnlyRun()).isNotNull();
    }

    @Test
    @Order(8)
    void aFlippedByteOfTheModelIsRefused() throws Exception {
        final Path damaged = work.resolve("damaged-model");
        Files.createDirectories(damaged);
        for (final String name :
                List.of("manifest.json", "network.zip", "encoder.onnx", "codebooks.npy", "training.jsonl")) {
            Files.copy(work.resolve("model").resolve(name), damaged.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
        final Path encoder = damaged.resolve("encoder.onnx");
        final byte[] bytes = Files.readAllBytes(encoder);
        bytes[bytes.length / 2] ^= 1;
        Files.write(encoder, bytes);
        for (final String job : List.of("encode", "evaluate")) {
            expectMistake(
                    dpq(job, "--set", "model.path=" + damaged),
                    2,
                    "The file encoder.onnx of the model at " + damaged + " is not the one that was published");
        }
    }

    @Test
    @Order(9)
    void aSparkHomeOfTheUsersIsTaken() throws Exception {
        final Path home = project.resolve("submit/spark-home/target/spark");
        final ProcessBuilder builder = new ProcessBuilder(
                        project.resolve("submit/dpq").toString(), "train", "--help")
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("help.txt").toFile());
        builder.environment().put("SPARK_HOME", home.toString());
        builder.environment().remove("SPARK_CONF_DIR");
        assertThat(builder.start().waitFor()).isZero();
        assertThat(work.resolve("help.txt")).content().contains("Usage: dpq train");

        builder.environment().put("SPARK_HOME", work.toString());
        assertThat(builder.start().waitFor()).isEqualTo(1);
        assertThat(work.resolve("help.txt")).content().contains("is no Spark 3.5 for Scala 2.12");
    }

    @Test
    @Order(10)
    void theLauncherRefusesAnUnknownJob() throws Exception {
        final Ended ended = run("submit/dpq", "fly");
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err().getBytes(StandardCharsets.UTF_8)).isNotEmpty();
        assertThat(ended.err()).contains("'fly' is not a job");
    }
}

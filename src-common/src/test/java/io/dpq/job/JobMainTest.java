package io.dpq.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobMainTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /** A job whose body is given. */
    private record Fake(Body body) implements Job {
        interface Body {
            Outcome run(JobContext context) throws Exception;
        }

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public String description() {
            return "Does what a test says.";
        }

        @Override
        public List<String> plan(final DpqConfig config) {
            return List.of("model " + config.string("model.path"));
        }

        @Override
        public Outcome run(final JobContext context) throws Exception {
            return body.run(context);
        }

        @Override
        public Class<?> mainClass() {
            return Fake.class;
        }
    }

    private int run(final Fake.Body body, final String... args) {
        return JobMain.run(
                new Fake(body),
                List.of(args),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private int runComplete(final Fake.Body body) {
        return run(body, "--set", "seed=1", "--set", "model.path=m", "--set", "resources.master=\"local[1]\"");
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void exitCodesTellWhoseFaultItIs() {
        assertThat(runComplete(context -> Job.Outcome.DONE)).isZero();
        assertThat(runComplete(context -> Job.Outcome.OVER_BUDGET)).isEqualTo(4);
        assertThat(errors()).isEmpty();

        assertThat(runComplete(context -> {
                    throw UserException.data("The lake is empty; put images there.");
                }))
                .isEqualTo(2);
        assertThat(errors()).isEqualTo("dpq: The lake is empty; put images there.\n");
    }

    @Test
    void storageThatIsAwayIsNotTheUsersMistake() {
        assertThat(runComplete(context -> {
                    throw UserException.data(
                            "The lake x cannot be listed (refused); check encode.lake.path.",
                            new ConnectException("refused"));
                }))
                .isEqualTo(3);
        assertThat(errors())
                .isEqualTo(
                        "dpq: The lake x cannot be listed (refused); check encode.lake.path. Or the storage is away for a"
                                + " while: it is safe to run it again.\n");
    }

    @Test
    void anUnexpectedFailureSaysThatItIsSafeToRunAgain() {
        assertThat(runComplete(context -> {
                    throw new IllegalStateException("outer", new java.io.IOException("disk full"));
                }))
                .isEqualTo(3);
        assertThat(errors())
                .contains("IOException: disk full")
                .contains("safe to run it again")
                .hasLineCount(1);
    }

    @Test
    void anErrorIsOneSentenceToo() {
        assertThat(runComplete(context -> {
                    throw new OutOfMemoryError("Physical memory usage is too high");
                }))
                .isEqualTo(3);
        assertThat(errors())
                .contains("OutOfMemoryError: Physical memory usage is too high; raise resources.driver-heap")
                .hasLineCount(1);
    }

    @Test
    void nativeLimitsAreSetWhereSparkSubmitDidNot() {
        final String key = "org.bytedeco.javacpp.maxphysicalbytes";
        final String before = System.clearProperty(key);
        try {
            assertThat(runComplete(context -> {
                        // Heap 2 GiB, native 3 GiB and the JVM's own 768 MiB, from the defaults.
                        assertThat(System.getProperty(key)).isEqualTo("5888m");
                        return Job.Outcome.DONE;
                    }))
                    .isZero();
        } finally {
            System.setProperty(key, before);
        }
    }

    @Test
    void theMasterThatTheUserGivesSparkIsPlannedFor() {
        final ResourcePlan resources = ResourcePlan.from(DpqConfig.defaults());
        assertThat(SubmitCommand.master(resources, List.of())).isEqualTo("local[2,4]");
        assertThat(SubmitCommand.master(resources, List.of("--master=yarn"))).isEqualTo("yarn");
        assertThat(run(
                        context -> Job.Outcome.DONE,
                        "--set",
                        "seed=1",
                        "--set",
                        "model.path=m",
                        "--dry-run",
                        "--",
                        "--conf",
                        "spark.master=yarn"))
                .isEqualTo(1);
        assertThat(errors()).startsWith("dpq: Give the master as --master yarn");
    }

    @Test
    void aMistakeInsideATaskIsStillAMistake() {
        assertThat(runComplete(context -> {
                    context.spark().range(1).javaRDD().foreach(i -> {
                        throw UserException.data("This file is not an image; remove it.");
                    });
                    return Job.Outcome.DONE;
                }))
                .isEqualTo(2);
        assertThat(errors()).endsWith("dpq: This file is not an image; remove it.\n");
    }

    @Test
    void refusesWrongUsageBeforeSparkStarts() throws Exception {
        final Fake.Body never = context -> {
            throw new AssertionError("must not run");
        };
        assertThat(run(never, "--set", "train.epoch=1")).isEqualTo(1);
        assertThat(run(never, "--config", folder.resolve("none").toString())).isEqualTo(1);
        assertThat(run(never, "--unknown")).isEqualTo(1);
        assertThat(run(never)).isEqualTo(1);
        assertThat(errors().lines())
                .hasSize(4)
                .allMatch(line -> line.startsWith("dpq: "))
                .last()
                .asString()
                .startsWith("dpq: The key 'seed' must be set");
    }

    @Test
    void aDryRunTellsAllAndDoesNothing() throws Exception {
        final Path file = folder.resolve("my.conf");
        Files.writeString(file, "seed = 3, model.path = \"a b\", resources.executors = 2, resources.master = yarn");
        final int code = run(
                context -> {
                    throw new AssertionError("must not run");
                },
                "--config",
                file.toString(),
                "--dry-run");
        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("\"seed\" : 3")
                .contains("model a b")
                .contains("Memory and threads on yarn:")
                .contains("--class 'io.dpq.job.JobMainTest$Fake' --master yarn")
                .contains("--config " + file)
                .doesNotContain("--dry-run");
    }

    @Test
    void whatKeepsNoCheckpointsCannotBeResumed() {
        assertThat(run(context -> Job.Outcome.DONE, "--resume", "--set", "seed=1"))
                .isEqualTo(1);
        assertThat(errors()).contains("dpq: dpq fake keeps no checkpoints to resume from; leave --resume away.");
    }

    @Test
    void onlyAnEvaluationComparesReports() {
        for (final String[] option : new String[][] {{"--compare", "/old"}, {"--gate", "0.1"}}) {
            assertThat(run(context -> Job.Outcome.DONE, option[0], option[1], "--set", "seed=1"))
                    .isEqualTo(1);
            assertThat(errors())
                    .contains("dpq: dpq fake writes no reports to compare; leave --compare and --gate away.");
        }
    }

    @Test
    void onlyWhatKeepsAQuarantineTriesItAgain() {
        assertThat(run(context -> Job.Outcome.DONE, "--retry-failed", "--set", "seed=1"))
                .isEqualTo(1);
        assertThat(errors()).contains("dpq: dpq fake keeps no quarantine; leave --retry-failed away.");
    }

    @Test
    void helpAndVersionAreForPeople() {
        assertThat(run(context -> Job.Outcome.DONE, "--help")).isZero();
        assertThat(run(context -> Job.Outcome.DONE, "--version")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("Usage: dpq fake")
                .contains("--config=FILE")
                .contains("DPQ on Spark 0.1.0");
    }

    @Test
    void whatTheUserGivesSparkWins() {
        final List<String> command = SubmitCommand.arguments(
                DpqConfig.defaults(),
                "a.Main",
                "a.jar",
                List.of("--set", "seed=1"),
                List.of("--master", "yarn", "--conf", "spark.x=-Da=b"));
        assertThat(command).startsWith("--class", "a.Main", "--master", "yarn");
        assertThat(command).endsWith("--master", "yarn", "--conf", "spark.x=-Da=b", "a.jar", "--set", "seed=1");
        assertThat(SubmitCommand.quoted(List.of("a b", "it's", "x=1"))).isEqualTo("'a b' 'it'\\''s' x=1");
    }
}

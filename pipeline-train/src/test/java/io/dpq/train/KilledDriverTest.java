package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.ModelDirectory;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A driver process that is killed in the middle of an epoch, and another one that goes on. */
class KilledDriverTest {
    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void goesOnToTheUndisturbedModel() throws IOException, InterruptedException {
        final Path lake = directory.resolve("lake");
        TinyLake.write(lake, 8);
        final Path model = directory.resolve("model");
        final String[] sets = {
            "train.workers=1", "train.epochs=8", "train.semantic-epochs=4", "train.checkpoint.every-rounds=1"
        };
        final List<String> arguments = TrainRun.arguments(lake, model, sets);
        // The second round of an epoch of three, in the joint stage.
        final Path checkpoint = directory.resolve("model.checkpoints/checkpoint-000014/checkpoint.json");
        final Process driver = start(arguments, directory.resolve("killed.txt"));
        while (driver.isAlive() && !Files.exists(checkpoint)) {
            Thread.sleep(5);
        }
        driver.destroyForcibly().waitFor();
        assertThat(driver.exitValue())
                .as(Files.readString(directory.resolve("killed.txt")))
                .isEqualTo(137);
        assertThat(model).doesNotExist();

        arguments.add("--resume");
        final Process second = start(arguments, directory.resolve("resumed.txt"));
        assertThat(second.waitFor(200, TimeUnit.SECONDS)).isTrue();
        final String printed = Files.readString(directory.resolve("resumed.txt"));
        assertThat(second.exitValue()).as(printed).isZero();
        assertThat(printed).contains("going on from epoch ").doesNotContain("epoch 1/8");

        final Path undisturbed = directory.resolve("undisturbed");
        assertThat(TrainRun.run(TrainRun.arguments(lake, undisturbed, sets)).code())
                .isZero();
        for (final String file : List.of(ModelDirectory.NETWORK, ModelDirectory.ENCODER, ModelDirectory.CODEBOOKS)) {
            assertThat(model.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        assertThat(TrainRun.log(model.resolve(ModelDirectory.TRAINING_LOG)))
                .isEqualTo(TrainRun.log(undisturbed.resolve(ModelDirectory.TRAINING_LOG)))
                .hasSize(24);
    }

    private static Process start(final List<String> arguments, final Path printed) throws IOException {
        final List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        // This JVM's own flags: the modules that Spark opens, and the limits of native memory.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .replace(';', File.pathSeparatorChar),
                Train.class.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
    }
}

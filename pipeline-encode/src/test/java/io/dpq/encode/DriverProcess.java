package io.dpq.encode;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A job in a JVM of its own, which tests stop at a file operation and kill. */
final class DriverProcess {
    private final Path folder;
    private final List<String> jobOptions;
    private final List<String> jvmOptions = new ArrayList<>();
    private final Map<String, String> environment = new HashMap<>();
    private String pause = "";
    private Class<?> main = Encode.class;

    /**
     * Nothing is started yet.
     *
     * @param folder for the log and what else the process leaves
     */
    DriverProcess(final Path folder, final List<String> jobOptions) {
        this.folder = folder;
        this.jobOptions = List.copyOf(jobOptions);
    }

    /** A property of Spark. */
    DriverProcess with(final String property, final String value) {
        jvmOptions.add("-D" + property + "=" + value);
        return this;
    }

    /** Another job than to encode. */
    DriverProcess job(final Class<?> job) {
        main = job;
        return this;
    }

    DriverProcess environment(final String variable, final String value) {
        environment.put(variable, value);
        return this;
    }

    /** Where to stop, see {@link Pause}; needs a file system that does. */
    DriverProcess pausingAt(final String operation) {
        pause = operation;
        return this;
    }

    Path paused() {
        return folder.resolve("paused");
    }

    Path log() {
        return folder.resolve("child.log");
    }

    /** The flags that Spark needs of a JVM, as this one was given them, for a JVM that lives for seconds. */
    static List<String> flags() {
        final Stream<String> modules = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"));
        // The optimizing compiler would take most of such a life, and pay none of it back.
        return Stream.concat(Stream.of("-XX:TieredStopAtLevel=1"), modules).toList();
    }

    Process start() throws IOException {
        Files.deleteIfExists(paused());
        final List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(flags());
        command.addAll(List.of(
                "-Xmx1g",
                "-Dspark.ui.enabled=false",
                "-Dspark.driver.bindAddress=127.0.0.1",
                "-Dspark.driver.host=127.0.0.1",
                "-Dspark.sql.shuffle.partitions=2",
                "-Ddpq.test.pause=" + pause,
                "-Ddpq.test.paused=" + paused()));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(jobOptions);
        final ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log().toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    static String java() {
        return System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
    }

    /** Starts it and waits until it has stopped at the operation. */
    Process startAndPause() throws Exception {
        final Process process = start();
        while (!Files.exists(paused())) {
            if (!process.isAlive()) {
                throw new AssertionError("The job ended without " + pause + ":\n" + Files.readString(log()));
            }
            Thread.sleep(50);
        }
        return process;
    }

    /** SIGKILL. */
    static void kill(final Process process) throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(1, TimeUnit.MINUTES)) {
            throw new AssertionError("It was killed and lives.");
        }
    }
}

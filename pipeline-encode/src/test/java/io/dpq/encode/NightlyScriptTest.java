package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cron job as it is shipped, around a front door that does as it is told. */
class NightlyScriptTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void install() throws IOException {
        Path project = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(project.resolve("submit"))) {
            project = project.getParent();
        }
        Files.copy(project.resolve("submit/nightly.example"), folder.resolve("nightly"));
        executable(folder.resolve("nightly"));
        // Ends with the next of the codes it was given, then with 0.
        Files.writeString(
                folder.resolve("dpq"),
                "#!/usr/bin/env bash\necho \"$@\" >>" + folder + "/calls\ncode=$(head -n 1 " + folder
                        + "/codes 2>/dev/null)\nsed -i 1d " + folder
                        + "/codes 2>/dev/null\necho said $1\nexit ${code:-0}\n");
        executable(folder.resolve("dpq"));
    }

    private static void executable(final Path file) {
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /** On the day that it compacts the table, with an option that only the encoding takes. */
    @Test
    void compactingTakesTheOptionsThatItKnows() throws Exception {
        final ProcessBuilder builder = builder("--retry-failed", "--set", "a=b c");
        builder.environment()
                .put("DPQ_COMPACT_ON", "" + LocalDate.now().getDayOfWeek().getValue());
        assertThat(builder.start().waitFor()).isZero();
        assertThat(Files.readAllLines(folder.resolve("calls")))
                .containsExactly("encode --retry-failed --set a=b c --resume", "compact --set a=b c");
    }

    private Process start() throws IOException {
        return builder("--set", "a=b c").start();
    }

    private ProcessBuilder builder(final String... options) {
        final List<String> command =
                new ArrayList<>(List.of(folder.resolve("nightly").toString()));
        command.addAll(List.of(options));
        final ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("DPQ_LOGS", folder.resolve("logs").toString());
        builder.environment().put("DPQ_LOCK", folder.resolve("lock").toString());
        builder.environment().put("DPQ_RETRY_SECONDS", "0");
        return builder;
    }

    private int run(final String said) throws Exception {
        final Process process = start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains(said);
        return process.waitFor();
    }

    private List<String> encodes() throws IOException {
        return Files.readAllLines(folder.resolve("calls")).stream()
                .filter(call -> call.startsWith("encode"))
                .toList();
    }

    @Test
    void aGoodNightIsSilentAndLogged() throws Exception {
        assertThat(run("")).isZero();
        assertThat(encodes()).containsExactly("encode --set a=b c --resume");
        try (Stream<Path> logs = Files.list(folder.resolve("logs"))) {
            assertThat(logs.findFirst().orElseThrow())
                    .content()
                    .contains("said encode")
                    .contains("dpq encode ended with code 0");
        }
    }

    @Test
    void onlyFaultsOfTheClusterAreRetried() throws Exception {
        Files.writeString(folder.resolve("codes"), "3\n");
        assertThat(run("")).isZero();
        assertThat(encodes()).hasSize(2);
        Files.writeString(folder.resolve("codes"), "2\n");
        assertThat(run("ended with code 2")).isEqualTo(2);
        assertThat(encodes()).hasSize(3);
        Files.writeString(folder.resolve("codes"), "4\n");
        assertThat(run("ended with code 4")).isEqualTo(4);
    }

    @Test
    void aSecondNightDoesNotBeginBeforeTheFirstHasEnded() throws Exception {
        final Process holder = new ProcessBuilder(
                        "flock", "-o", folder.resolve("lock").toString(), "sh", "-c", "echo held; exec sleep 20")
                .start();
        try {
            assertThat(holder.getInputStream().read()).isEqualTo('h');
            assertThat(run("")).isEqualTo(75);
            assertThat(folder.resolve("calls")).doesNotExist();
        } finally {
            holder.destroyForcibly();
            holder.waitFor();
        }
    }
}

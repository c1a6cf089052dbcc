package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark's two sides, on a size that takes seconds: what is timed must be the same thing. */
class RetrievalBenchTest {
    private static String printedByOurs(final String... args) {
        final PrintStream out = System.out;
        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Sparks.local();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            assertThat(RetrievalBenchMain.run(args)).isZero();
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.startsWith("{\"packSeconds\""))
                .reduce((first, last) -> last)
                .orElseThrow();
    }

    private static String printedByNumPy(final Path data) throws IOException, InterruptedException {
        for (final String python : List.of("python3", "/usr/bin/python3")) {
            final Process process;
            try {
                process = new ProcessBuilder(python, "bench/compare_numpy.py", data.toString()).start();
            } catch (IOException e) {
                continue;
            }
            final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) {
                return out;
            }
        }
        return "";
    }

    @Test
    void bothSidesFindTheSame(@TempDir final Path data) throws Exception {
        final JsonNode ours = new ObjectMapper()
                .readTree(printedByOurs("--rows=900", "--queries=40", "--repetitions=2", data.toString()));
        assertThat(ours.path("map")).hasSize(4);
        assertThat(ours.path("seconds").asDouble()).isPositive();
        // Ten classes: random codes would find a tenth.
        assertThat(ours.path("map").path(3).asDouble()).isBetween(0.15, 1.0);
        final String numPy = printedByNumPy(data);
        Assumptions.assumeTrue(!numPy.isEmpty(), "python3 with NumPy is not installed, so there is no other side");
        for (int level = 0; level < 4; level++) {
            // NumPy ranks tied rows as they come, which tells in the first level most.
            assertThat(new ObjectMapper()
                            .readTree(numPy)
                            .path("map")
                            .path(level)
                            .asDouble())
                    .isEqualTo(ours.path("map").path(level).asDouble(), within(level == 0 ? 0.02 : 0.002));
        }
    }

    @Test
    void anotherSizeIsCutAndInBlocks(@TempDir final Path data) throws Exception {
        final JsonNode whole = new ObjectMapper()
                .readTree(printedByOurs("--rows=600", "--queries=5", "--r=50", "--repetitions=1", data.toString()));
        final JsonNode blocks = new ObjectMapper()
                .readTree(printedByOurs(
                        "--rows=600", "--queries=5", "--r=50", "--block-rows=100", "--repetitions=1", data.toString()));
        assertThat(blocks.path("map")).isEqualTo(whole.path("map"));
    }
}

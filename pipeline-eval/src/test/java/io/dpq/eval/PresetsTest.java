package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.config.DpqConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every preset that is shipped must be one that this job takes. */
class PresetsTest {
    @TempDir
    private Path temporary;

    private static Path folder() {
        Path project = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(project.resolve("conf"))) {
            project = project.getParent();
        }
        return project.resolve("conf");
    }

    static List<Path> presets() throws IOException {
        try (Stream<Path> files = Files.list(folder())) {
            return files.filter(file -> file.toString().endsWith(".conf"))
                    .filter(file -> !file.endsWith("spark-defaults.conf"))
                    .sorted()
                    .toList();
        }
    }

    /** Presets take their places from the environment; any places do for a plan. */
    private DpqConfig load(final Path preset) throws IOException {
        final Path filled = temporary.resolve("preset.conf");
        Files.writeString(filled, Files.readString(preset).replaceAll("\\$\\{(\\w+)}", "/some/$1"));
        return DpqConfig.load(filled, List.of());
    }

    @ParameterizedTest
    @MethodSource("presets")
    void theJobPlansWithIt(final Path preset) throws IOException {
        assertThat(new EvaluateJob().plan(load(preset))).isNotEmpty();
    }
}

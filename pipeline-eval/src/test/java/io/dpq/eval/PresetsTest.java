package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.config.Presets;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every preset that is shipped must be one that this job takes. */
class PresetsTest {
    @TempDir
    private Path temporary;

    @ParameterizedTest
    @MethodSource("io.dpq.config.Presets#all")
    void theJobPlansWithIt(final Path preset) throws IOException {
        assertThat(new EvaluateJob().plan(Presets.load(preset, temporary))).isNotEmpty();
    }
}

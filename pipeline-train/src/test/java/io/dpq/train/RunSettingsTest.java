package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunSettingsTest {
    private static RunSettings settings(final String... sets) {
        return RunSettings.from(DpqConfig.load(null, List.of(sets)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/models/m", "/models/m/", "/models/m/checkpoints", "/models", "/models/m.held-back/x"})
    void checkpointsLieApartFromModels(final String path) {
        assertThatThrownBy(() -> settings("model.path=/models/m", "train.checkpoint.path=" + path))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("train.checkpoint.path is " + path + ", but models go to /models/m");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/models/m/features", "/models", "/models/m.held-back"})
    void featuresLieApartFromModels(final String path) {
        assertThatThrownBy(() -> settings("model.path=/models/m", "train.feature-cache.path=" + path))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("train.feature-cache.path is " + path + ", but models go to /models/m");
    }

    @Test
    void besideTheModelTheyMayLie() {
        assertThat(settings("model.path=/models/m").checkpoint().path()).isEqualTo("/models/m.checkpoints");
        assertThat(settings("model.path=/models/m", "train.checkpoint.path=/models/m2")
                        .checkpoint()
                        .path())
                .isEqualTo("/models/m2");
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ProgressTest {
    @Test
    void aLineSaysHowFarHowFastAndWhatWasRefused() {
        assertThat(Progress.line(250, 1000, 3, 2.0))
                .isEqualTo("250 of 1000 images (25.0 %), 125.0 images/s, 6 s left, 3 quarantined");
        assertThat(Progress.line(250, 1000, 0, 100.0)).contains(" 5:00 min left,");
        assertThat(Progress.line(1, 2_000_001, 0, 0.01)).contains(" 5:33 h left,");
    }
}

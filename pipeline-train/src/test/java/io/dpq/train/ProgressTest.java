package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void printsEveryFewSecondsAndAtTheEndOfAnEpoch() {
        final AtomicLong clock = new AtomicLong();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final Progress progress =
                new Progress(new PrintStream(bytes, true, StandardCharsets.UTF_8), 10_000, clock::get);
        for (int second = 1; second <= 5; second++) {
            clock.set(second * SECOND);
            progress.round("round " + second, 100, 0.5, 1e-3, second == 5);
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "round 3  loss 0.5000  learning rate 0.00100  100 images/s  1:37 left",
                        "round 5  loss 0.5000  learning rate 0.00100  100 images/s  1:35 left");
        assertThat(progress.imagesPerSecond()).isEqualTo(100);
    }
}

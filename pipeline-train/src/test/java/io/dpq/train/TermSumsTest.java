package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class TermSumsTest {
    @Test
    void workersStandInTheirOrderWhicheverEndsFirstAndCountOnce() {
        final TermSums driver = new TermSums();
        for (final int partition : new int[] {2, 0, 1, 0}) {
            final TermSums worker = driver.copy();
            worker.reset();
            worker.add(Map.entry(partition, new double[] {partition + 0.5}));
            driver.merge(worker);
        }
        assertThat(driver.isZero()).isFalse();
        assertThat(driver.value().keySet()).containsExactly(0, 1, 2);
        assertThat(driver.value().get(2)).containsExactly(2.5);
        driver.reset();
        assertThat(driver.isZero()).isTrue();
    }
}

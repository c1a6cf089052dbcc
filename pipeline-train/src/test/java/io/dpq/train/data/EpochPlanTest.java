package io.dpq.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class EpochPlanTest {
    /** The mean of workers is unbiased only where this holds. */
    @Property(tries = 300)
    void everyWorkerTakesEquallyManyBatchesInEveryRound(
            @ForAll @IntRange(min = 1, max = 5) final int workers,
            @ForAll @IntRange(min = 1, max = 7) final int batch,
            @ForAll @IntRange(min = 1, max = 6) final int frequency,
            @ForAll @IntRange(min = 0, max = 300) final int more) {
        final EpochPlan plan = new EpochPlan(workers * batch + more, workers, batch, frequency);
        final int[] rows = new int[plan.partitions()];
        for (int slot = 0; slot < plan.slots(); slot++) {
            rows[plan.partition(slot)]++;
        }
        int batches = 0;
        for (int round = 0; round < plan.rounds(); round++) {
            assertThat(plan.batchesIn(round)).isBetween(1, frequency);
            for (int worker = 0; worker < workers; worker++) {
                assertThat(rows[round * workers + worker]).isEqualTo(plan.batchesIn(round) * batch);
            }
            batches += plan.batchesIn(round);
        }
        assertThat(batches).isEqualTo(plan.steps());
        assertThat(plan.rows() - plan.slots()).as("rows that sit out").isBetween(0, workers * batch - 1);
    }

    @Test
    void onlyTheLastRoundIsShorter() {
        final EpochPlan plan = new EpochPlan(100, 2, 4, 5);
        assertThat(plan.steps()).isEqualTo(12);
        assertThat(plan.rounds()).isEqualTo(3);
        assertThat(new int[] {plan.batchesIn(0), plan.batchesIn(1), plan.batchesIn(2)})
                .containsExactly(5, 5, 2);
    }

    @Test
    void aStepMustFit() {
        assertThatThrownBy(() -> new EpochPlan(7, 2, 4, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}

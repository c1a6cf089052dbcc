package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.ranking.Ties;
import org.junit.jupiter.api.Test;

class RetrievalPlanTest {
    private static final long GIB = 1L << 30;

    private static RetrievalPlan plan(final long rows, final long queries, final long r, final Ties ties) {
        return new RetrievalPlan(rows, queries, 4, 256, r, ties, 1_000_000);
    }

    @Test
    void tenThousandQueriesOverAHundredMillionCodes() {
        // Blocks hold 256, 65 536 and twice a million groups, of which 1 000 are kept: 100 · (256 + 3 · 1 000) a query.
        assertThat(plan(100_000_000, 10_000, 1000, Ties.EXPECTED).lines(GIB))
                .containsExactly(
                        "100000000 rows are 100 blocks, 10000 queries are asked in 66 waves, and each shuffles at most 1.9 GiB.",
                        "A task ranks up to 1000000 rows a query and takes up to 228 MiB of the 1024 MiB of heap that resources"
                                + " leave it.");
    }

    @Test
    void overAllRowsSuchARankingDoesNotFit() {
        assertThatThrownBy(() ->
                        plan(100_000_000, 10_000, 100_000_000, Ties.EXPECTED).lines(GIB))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("set evaluate.r");
    }

    @Test
    void oneBlockShufflesNothing() {
        assertThat(plan(54_000, 1000, 54_000, Ties.EXPECTED).lines(GIB))
                .containsExactly(
                        "54000 rows are 1 blocks, 1000 queries are asked in 1 waves, and nothing is shuffled.",
                        "A task ranks up to 54000 rows a query and takes up to 12 MiB of the 1024 MiB of heap that resources leave"
                                + " it.");
    }

    @Test
    void aBlockLargerThanTheHeapSaysWhatToLower() {
        assertThat(plan(54_000_000, 1000, 100, Ties.ID).lines(GIB / 8).get(1))
                .endsWith("; lower evaluate.block-rows to 559240 or raise resources.executor-heap.");
    }

    @Test
    void aMergeThatExceedsTheHeapIsRefused() {
        RetrievalPlan.requireRoom(2, 6_000_000, GIB);
        RetrievalPlan.requireRoom(1, 1_000_000_000, GIB);
        assertThatThrownBy(() -> RetrievalPlan.requireRoom(2, 9_000_000, GIB))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("evaluate.r ");
        assertThatThrownBy(() -> RetrievalPlan.requireRoom(2, GIB, 1L << 50)).isInstanceOf(UserException.class);
    }
}

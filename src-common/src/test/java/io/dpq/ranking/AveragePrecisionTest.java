package io.dpq.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.ranking.ApOracle.Group;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AveragePrecisionTest {
    private static final double EXACT = 1e-12;

    static Ranking ranking(final List<Group> groups) {
        final Ranking.Builder ranking = new Ranking.Builder(groups.size());
        for (int i = 0; i < groups.size(); i++) {
            ranking.add(-i, 0, groups.get(i).rows(), groups.get(i).relevant());
        }
        return ranking.build();
    }

    private static double ap(final long r, final Group... groups) {
        return AveragePrecision.of(ranking(List.of(groups)), r);
    }

    @Test
    void withoutTiesByHand() {
        final Group yes = new Group(1, 1);
        final Group no = new Group(1, 0);
        // Relevant at ranks 1, 3 and 4: (1/1 + 2/3 + 3/4) / 3.
        assertThat(ap(5, yes, no, yes, yes, no)).isEqualTo((1 + 2 / 3.0 + 3 / 4.0) / 3, within(EXACT));
        // Cut at 3, two are found, and two is the denominator.
        assertThat(ap(3, yes, no, yes, yes, no)).isEqualTo((1 + 2 / 3.0) / 2, within(EXACT));
        assertThat(ap(2, no, no, yes)).isZero();
    }

    @Test
    void tiesByHand() {
        // One relevant of two tied rows: first or second, equally likely.
        assertThat(ap(2, new Group(2, 1))).isEqualTo((1 + 0.5) / 2, within(EXACT));
        // Cut after one of them: found at rank 1 or not at all.
        assertThat(ap(1, new Group(2, 1))).isEqualTo(0.5, within(EXACT));
        // After a relevant row, two of three tied are relevant. Orders 110, 101, 011 at ranks 2 to 4.
        final double expected = ((1 + 2 / 2.0 + 3 / 3.0) + (1 + 2 / 2.0 + 3 / 4.0) + (1 + 2 / 3.0 + 3 / 4.0)) / 3 / 3;
        assertThat(ap(4, new Group(1, 1), new Group(3, 2))).isEqualTo(expected, within(EXACT));
        // Cut at rank 2: the row there is relevant in two of three orders.
        assertThat(ap(2, new Group(1, 1), new Group(3, 2))).isEqualTo((2 * (1 + 1) / 2.0 + 1) / 3, within(EXACT));
    }

    @Test
    void allTiedIsNearlyTheShareOfRelevantRows() {
        assertThat(ap(1_000_000, new Group(1_000_000, 100_000))).isBetween(0.1, 0.1001);
    }

    @Property(tries = 500)
    void isTheMeanOverEveryOrder(
            @ForAll("small") final List<Group> groups, @ForAll @IntRange(min = 1, max = 14) final int r) {
        assertThat(AveragePrecision.of(ranking(groups), r)).isEqualTo(ApOracle.ofEveryOrder(groups, r), within(EXACT));
    }

    @Property(tries = 200)
    void isTheFormulaWhereOrdersAreTooMany(
            @ForAll("large") final List<Group> groups, @ForAll @IntRange(min = 1, max = 700) final int r) {
        assertThat(AveragePrecision.of(ranking(groups), r)).isEqualTo(ApOracle.ofFormula(groups, r), within(EXACT));
    }

    @Property(tries = 200)
    void cuttingBeforeOrAfterTheCutRankChangesNothing(
            @ForAll("large") final List<Group> groups, @ForAll @IntRange(min = 1, max = 700) final int r) {
        final Ranking ranking = ranking(groups);
        assertThat(AveragePrecision.of(ranking.top(r), r)).isEqualTo(AveragePrecision.of(ranking, r));
    }

    @Provide
    Arbitrary<List<Group>> small() {
        return groups(4).list().ofMaxSize(3);
    }

    @Provide
    Arbitrary<List<Group>> large() {
        return Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(3, groups(3)), net.jqwik.api.Tuple.of(1, groups(120)))
                .list()
                .ofMaxSize(12);
    }

    private static Arbitrary<Group> groups(final int largest) {
        return Arbitraries.integers()
                .between(1, largest)
                .flatMap(rows -> Arbitraries.integers().between(0, rows).map(relevant -> new Group(rows, relevant)));
    }
}

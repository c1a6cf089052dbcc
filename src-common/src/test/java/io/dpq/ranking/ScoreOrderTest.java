package io.dpq.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ScoreOrderTest {
    @Property
    void isTheOrderOfAPlainSort(@ForAll("scores") final List<Double> given) {
        final double[] scores = given.stream().mapToDouble(Double::doubleValue).toArray();
        final int[] expected = IntStream.range(0, scores.length)
                .boxed()
                // Adding 0 makes −0 equal to 0, as numbers are.
                .sorted(Comparator.<Integer>comparingDouble(i -> -scores[i] + 0.0)
                        .thenComparingInt(i -> i))
                .mapToInt(i -> i)
                .toArray();
        assertThat(ScoreOrder.falling(scores, scores.length)).isEqualTo(expected);
    }

    @Property(tries = 100)
    void isTheOrderOfAPlainSortWhereScoresSpread(@ForAll final Random random) {
        final double[] scores =
                random.doubles(1000).map(x -> Math.floor(500 * x * x * x) / 7).toArray();
        // Most fall into one bucket when one stands far apart.
        scores[random.nextInt(1000)] = random.nextBoolean() ? 1e9 : -1;
        final int[] expected = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -scores[i]).thenComparingInt(i -> i))
                .mapToInt(i -> i)
                .toArray();
        assertThat(ScoreOrder.falling(scores, scores.length)).isEqualTo(expected);
    }

    @Property(tries = 60)
    void theFirstAreTheBeginningAndNoTieIsCut(@ForAll final Random random) {
        final int size = 8192 + random.nextInt(9000);
        // Spread evenly, with many ties, nearly all in one bucket, and all the same.
        final double[] scores = switch (random.nextInt(4)) {
            case 0 -> random.doubles(size).toArray();
            case 1 -> random.doubles(size).map(x -> Math.floor(50 * x)).toArray();
            case 2 -> random.doubles(size).map(x -> Math.pow(x, 40)).toArray();
            default -> new double[size];
        };
        final int wanted = random.nextInt(size + 10);
        final int[] all = ScoreOrder.falling(scores, size);
        final int[] first = ScoreOrder.first(scores, size, wanted);
        assertThat(first.length).isBetween(Math.min(wanted, size), size);
        assertThat(first).isEqualTo(Arrays.copyOf(all, first.length));
        if (first.length < size) {
            assertThat(scores[all[first.length]]).isLessThan(scores[all[first.length - 1]]);
        }
    }

    /** Few of many are found without putting many in order. */
    @Property(tries = 20)
    void theFirstFewAreFew(@ForAll final Random random) {
        final double[] scores = random.doubles(100_000).toArray();
        assertThat(ScoreOrder.first(scores, scores.length, 1000).length).isBetween(1000, 1200);
    }

    /** Many equal scores, neighbours that differ in the very last bits, both signs and both zeros. */
    @Provide
    Arbitrary<List<Double>> scores() {
        return Arbitraries.oneOf(
                        Arbitraries.of(0.0, -0.0, 1.0, -1.0, Double.MIN_VALUE, 1e300, -1e300),
                        Arbitraries.integers()
                                .between(0, 40)
                                .map(i -> Double.longBitsToDouble(Double.doubleToLongBits(3.5) + i)),
                        Arbitraries.integers()
                                .between(0, 40)
                                .map(i -> -Double.longBitsToDouble(Double.doubleToLongBits(3.5) + i)),
                        Arbitraries.doubles().between(-100, 100))
                .list()
                .ofMaxSize(300);
    }
}

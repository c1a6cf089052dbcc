package io.dpq.ranking;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
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

package io.dpq.quantizer;

import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.DomainContextBase;

/** Random quantizers and vectors of every awkward shape. Values are small multiples of 1/4, so that float sums are exact. */
final class Quantities extends DomainContextBase {
    /** Codebooks and some vectors to encode. */
    record Case(Codebooks codebooks, float[] vectors, int count, long seed) {
        @Override
        public String toString() {
            return codebooks + " × " + count + ", seed " + seed;
        }
    }

    @Provide
    Arbitrary<Case> cases() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 6),
                        Arbitraries.oneOf(
                                Arbitraries.integers().between(2, 9), Arbitraries.of(16, 17, 64, 255, 256, 257, 300)),
                        Arbitraries.of(1, 2, 3, 4, 5, 7, 8, 9, 13, 31),
                        Arbitraries.integers().between(1, 40),
                        Arbitraries.longs().between(0, 1_000_000))
                .as(Quantities::create);
    }

    private static Case create(
            final int levels, final int codewords, final int dimensions, final int count, final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final float[] values = grid(levels * codewords * dimensions, random);
        if (seed % 3 == 0) {
            // Equal codewords: the second half of every level repeats its first half.
            for (int level = 0; level < levels; level++) {
                for (int k = codewords / 2; k < codewords; k++) {
                    System.arraycopy(
                            values,
                            (level * codewords + k - codewords / 2) * dimensions,
                            values,
                            (level * codewords + k) * dimensions,
                            dimensions);
                }
            }
        }
        final float[] vectors = grid(count * dimensions, random);
        java.util.Arrays.fill(vectors, 0, dimensions, 0f);
        return new Case(new Codebooks(levels, codewords, dimensions, values), vectors, count, seed);
    }

    private static float[] grid(final int length, final SplittableRandom random) {
        final float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextInt(-8, 9) / 4f;
        }
        return values;
    }
}

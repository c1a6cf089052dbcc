package io.dpq.train.random;

import java.util.SplittableRandom;

/** Seeded permutations. */
public final class Permutation {
    private Permutation() {}

    /** A uniformly random permutation of 0…count−1 (Fisher and Yates). */
    public static int[] of(final int count, final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final int[] permutation = new int[count];
        for (int i = 0; i < count; i++) {
            final int j = random.nextInt(i + 1);
            permutation[i] = permutation[j];
            permutation[j] = i;
        }
        return permutation;
    }
}

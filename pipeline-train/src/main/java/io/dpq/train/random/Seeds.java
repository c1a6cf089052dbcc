package io.dpq.train.random;

/** Derives independent seeds from one, by the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
public final class Seeds {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private Seeds() {}

    /** A seed for the given coordinates: equal coordinates give equal seeds, others unrelated ones. */
    public static long mix(final long seed, final long... coordinates) {
        long state = finish(seed + GAMMA);
        for (final long coordinate : coordinates) {
            state = finish((state ^ finish(coordinate + GAMMA)) + GAMMA);
        }
        return state;
    }

    private static long finish(final long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}

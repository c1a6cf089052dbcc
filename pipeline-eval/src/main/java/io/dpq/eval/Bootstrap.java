package io.dpq.eval;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Paired bootstrap of a mean difference (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, percentile interval):
 * queries are drawn with replacement, each with its figures in both reports. Stateless.
 */
final class Bootstrap {
    /** Resamples: the ends of a 95 % interval then rest on 50 of them each. */
    static final int RESAMPLES = 2000;

    private static final double TAIL = 0.025;

    private Bootstrap() {}

    /**
     * The 95 % interval of the mean.
     *
     * @param differences after − before of each query, at least one
     * @param seed same seed, same interval
     * @return its low and its high end
     */
    static double[] interval(final double[] differences, final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final double[] means = new double[RESAMPLES];
        for (int i = 0; i < means.length; i++) {
            double sum = 0;
            for (int draw = 0; draw < differences.length; draw++) {
                sum += differences[random.nextInt(differences.length)];
            }
            means[i] = sum / differences.length;
        }
        Arrays.sort(means);
        final int tail = (int) (TAIL * RESAMPLES);
        return new double[] {means[tail], means[RESAMPLES - 1 - tail]};
    }
}

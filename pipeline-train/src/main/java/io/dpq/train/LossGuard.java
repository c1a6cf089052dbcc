package io.dpq.train;

import io.dpq.config.UserException;
import java.util.Locale;

/**
 * Watches the loss of a stage: stops a training whose loss is no number any more, or grows far beyond where its stage began.
 * Immutable.
 *
 * @param stage watched
 * @param rounds of it that were seen
 * @param start mean loss of its first rounds, up to {@link #FIRST}
 * @param smoothed mean of the latest rounds, each weighing half of the next
 */
record LossGuard(String stage, int rounds, double start, double smoothed) {
    /** Rounds that say where a stage begins. */
    static final int FIRST = 5;
    /** A loss that begins at nothing may grow; what is below this is no explosion. */
    private static final double FLOOR = 0.01;

    static LossGuard none() {
        return new LossGuard("", 0, 0, 0);
    }

    /**
     * The guard after a round.
     *
     * @param now stage of the round
     * @param loss of the round
     * @param growth times the start that is too much, 0 for any growth
     * @param where epoch, round and step in words
     * @throws UserException where the training is to stop
     */
    LossGuard after(final String now, final double loss, final double growth, final String where) {
        final String lower = remedy(now);
        if (!Double.isFinite(loss)) {
            throw UserException.usage("The loss is no longer a number in " + where + lower);
        }
        if (!stage.equals(now)) {
            return new LossGuard(now, 1, loss, loss);
        }
        final double recent = (smoothed + loss) / 2;
        if (growth > 0 && recent > growth * Math.max(FLOOR, start)) {
            throw UserException.usage(String.format(
                    Locale.ROOT,
                    "The loss has grown to %.4g in %s, more than train.max-loss-growth = %s times the %.4g that the %s"
                            + " stage began with%s",
                    recent,
                    where,
                    plain(growth),
                    start,
                    now,
                    lower));
        }
        final double first = rounds < FIRST ? (start * rounds + loss) / (rounds + 1) : start;
        return new LossGuard(now, rounds + 1, first, recent);
    }

    /** What to lower; a warm-up is over long before the joint stage. */
    private static String remedy(final String stage) {
        return "; lower train.optimizer.learning-rate"
                + (stage.equals(Stage.JOINT)
                        ? " or train.optimizer.codebook-learning-rate."
                        : ", or raise train.optimizer.warmup-steps.");
    }

    /**
     * This guard, where the weights that a round left are numbers.
     *
     * @param sum of all weights, which is finite only where each of them is
     * @param where epoch, round and step in words
     * @throws UserException where they are not
     */
    LossGuard requireNumber(final double sum, final String where) {
        if (!Double.isFinite(sum)) {
            throw UserException.usage("The weights are no longer numbers after " + where + remedy(stage));
        }
        return this;
    }

    private static String plain(final double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}

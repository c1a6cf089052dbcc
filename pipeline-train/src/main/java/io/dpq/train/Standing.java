package io.dpq.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a training has come, beside its parameters. Immutable; kept in checkpoints as JSON.
 *
 * @param epoch of the next round, from 0
 * @param round the next one, from 0
 * @param step batches each worker has taken
 * @param epochLoss sum of the losses of the epoch's batches so far
 * @param losses mean loss of each stage's last whole epoch
 * @param guard over the loss
 * @param best what was best of the joint stage, by its validation
 * @param sinceBest validations since then
 * @param last the latest validation
 * @param seconds spent training before this process
 */
record Standing(
        int epoch,
        int round,
        int step,
        double epochLoss,
        Map<String, Double> losses,
        LossGuard guard,
        @Nullable Best best,
        int sinceBest,
        @Nullable ValidationScores last,
        double seconds) {
    /**
     * The best network so far.
     *
     * @param epoch after which it was measured, from 1
     * @param scores of it
     */
    record Best(int epoch, ValidationScores scores) {}

    static Standing start() {
        return new Standing(0, 0, 0, 0, Map.of(), LossGuard.none(), null, 0, null, 0);
    }

    /** After a round of the given batches a worker. */
    Standing afterRound(final double loss, final int batches, final LossGuard now) {
        return new Standing(
                epoch,
                round + 1,
                step + batches,
                epochLoss + loss * batches,
                losses,
                now,
                best,
                sinceBest,
                last,
                seconds);
    }

    /** At the beginning of the next epoch. */
    Standing afterEpoch(final String stage, final int steps) {
        final Map<String, Double> all = new LinkedHashMap<>(losses);
        all.put(stage, epochLoss / steps);
        return new Standing(epoch + 1, 0, step, 0, all, guard, best, sinceBest, last, seconds);
    }

    /** With a validation of the semantic stage, which decides nothing. */
    Standing measured(final ValidationScores scores) {
        return new Standing(epoch, round, step, epochLoss, losses, guard, best, sinceBest, scores, seconds);
    }

    /** With a validation of the joint stage. */
    Standing judged(final ValidationScores scores) {
        return isBetter(scores)
                ? new Standing(
                        epoch, round, step, epochLoss, losses, guard, new Best(epoch, scores), 0, scores, seconds)
                : new Standing(epoch, round, step, epochLoss, losses, guard, best, sinceBest + 1, scores, seconds);
    }

    /** Whether a validation is better, by the whole code, than all before it. */
    boolean isBetter(final ValidationScores scores) {
        return best == null || scores.last() > best.scores().last();
    }

    /** With the time spent until now. */
    Standing after(final double spent) {
        return new Standing(epoch, round, step, epochLoss, losses, guard, best, sinceBest, last, spent);
    }

    /** Whether so many validations in a row brought nothing better; never where patience is 0. */
    boolean isOutOf(final int patience) {
        return patience > 0 && sinceBest >= patience;
    }

    /** In words, counted from 1. */
    String where() {
        return "epoch " + (epoch + 1) + ", round " + (round + 1);
    }
}

package io.dpq.train.data;

/**
 * How the rows of an epoch are dealt out: slot by slot into steps of one batch a worker, and steps into rounds. Every worker
 * takes equally many batches of equal size in every round, without which the plain mean of the workers would be biased. The
 * last round of an epoch takes the steps that are left; rows that do not fill a step sit out the epoch, others in each.
 *
 * @param rows rows that can be trained on
 * @param workers partitions of a round
 * @param batchSize rows of a batch
 * @param frequency steps of a round, but for the last
 */
public record EpochPlan(int rows, int workers, int batchSize, int frequency) {
    public EpochPlan {
        if (rows < (long) workers * batchSize || workers < 1 || batchSize < 1 || frequency < 1) {
            throw new IllegalArgumentException(
                    rows + " rows do not give " + workers + " workers a batch of " + batchSize + ".");
        }
    }

    /** Batches each worker takes in an epoch. */
    public int steps() {
        return rows / (workers * batchSize);
    }

    /** Rounds of an epoch. */
    public int rounds() {
        return (steps() + frequency - 1) / frequency;
    }

    /** Batches each worker takes in the given round. */
    public int batchesIn(final int round) {
        return Math.min(frequency, steps() - round * frequency);
    }

    /** Slots that are filled; a row that draws a later one sits out. */
    public int slots() {
        return steps() * workers * batchSize;
    }

    /** The partition a slot belongs to: round by round, and within a round worker by worker. */
    int partition(final int slot) {
        return partition(slot, workers, batchSize, frequency);
    }

    /** As {@link #partition(int)}, for a worker that holds the numbers but no plan. */
    static int partition(final int slot, final int workers, final int batchSize, final int frequency) {
        final int step = slot / (workers * batchSize);
        final int worker = slot / batchSize % workers;
        return step / frequency * workers + worker;
    }

    /** Partitions of an epoch. */
    int partitions() {
        return rounds() * workers;
    }
}

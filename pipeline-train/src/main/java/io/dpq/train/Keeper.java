package io.dpq.train;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes checkpoints, and the log for whoever follows, while a training runs. For one thread. */
final class Keeper {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);
    /** The log is written whole each time, so not after every one of many short rounds. */
    private static final long FOLLOW_NANOS = Duration.ofSeconds(5).toNanos();

    private final CheckpointStore store;
    private final TrainingLocks locks;
    private final int everyRounds;
    private final String run;
    private final String revision;
    private final Fingerprint fingerprint;
    private final Consumer<String> say;
    private long followed;

    /**
     * Of a training.
     *
     * @param locks of the folder, looked at before anything goes there
     * @param everyRounds rounds between two checkpoints, which the end of an epoch brings as well; 0 for none
     * @param run names the training
     * @param revision of the code
     * @param say takes a sentence where something cannot be written
     */
    Keeper(
            final CheckpointStore store,
            final TrainingLocks locks,
            final int everyRounds,
            final String run,
            final String revision,
            final Fingerprint fingerprint,
            final Consumer<String> say) {
        this.store = store;
        this.locks = locks;
        this.everyRounds = everyRounds;
        this.run = run;
        this.revision = revision;
        this.fingerprint = fingerprint;
        this.say = say;
        this.followed = System.nanoTime() - FOLLOW_NANOS;
    }

    /**
     * Keeps what is due after a round. A store that fails costs the training nothing but what it could have gone on from.
     *
     * @param rounds of the training so far
     * @param epochOver whether it was the last one of its epoch
     * @throws io.dpq.config.UserException where another training took the folder over
     */
    void afterRound(final TrainingState state, final long rounds, final boolean epochOver) {
        try {
            if (epochOver || System.nanoTime() - followed >= FOLLOW_NANOS) {
                store.follow(state.log().bytes());
                followed = System.nanoTime();
            }
            if (everyRounds > 0 && (epochOver || rounds % everyRounds == 0)) {
                locks.requireHeld();
                store.write(run, revision, fingerprint.parts(), state.standing(), state.files());
            }
        } catch (IOException e) {
            LOG.warn("No checkpoint at {}", store.path(), e);
            say.accept("warning: no checkpoint could be written at " + store.path() + " (" + e.getMessage()
                    + "); training goes on");
        }
    }
}

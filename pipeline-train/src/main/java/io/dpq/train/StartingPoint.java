package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.model.ModelDirectory;
import io.dpq.storage.Outage;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * Where a training begins.
 *
 * @param run names the training, whatever processes do it
 * @param checkpoint to go on from; none at the very beginning
 * @param finished how the training ended, where there is nothing left to do
 */
record StartingPoint(String run, Optional<Checkpoint> checkpoint, Optional<Job.Outcome> finished) {
    /** The provenance's key of {@link #run()}. */
    static final String RUN = "run";
    /** The provenance's key of {@link Fingerprint#hash()}. */
    static final String FINGERPRINT = "fingerprint";

    /**
     * Decides.
     *
     * @param resume whether the user wants to go on
     * @param revision of the code
     * @param say takes sentences on what is found and done
     * @throws UserException where the checkpoint is of another training
     */
    static StartingPoint find(
            final boolean resume,
            final CheckpointStore store,
            final Fingerprint fingerprint,
            final String revision,
            final String modelPath,
            final Configuration hadoop,
            final Consumer<String> say)
            throws IOException {
        final Optional<Checkpoint> newest = store.newest(say);
        if (resume && newest.isEmpty() && !store.isEmpty()) {
            store.requireReadable();
            throw UserException.data(
                    "None of the checkpoints at " + store.path()
                            + " is whole, so there is nothing to resume from; remove them, or leave --resume away, to begin anew.");
        }
        if (!resume) {
            newest.ifPresent(checkpoint -> say.accept("a checkpoint of an unfinished training ("
                    + checkpoint.manifest().standing().where() + ") lies at " + checkpoint.path()
                    + "; this training begins anew and replaces it, --resume would go on from it"));
            return anew();
        }
        if (newest.isEmpty()) {
            return withoutCheckpoint(store, fingerprint, modelPath, hadoop, say);
        }
        final CheckpointManifest manifest = newest.get().manifest();
        final Optional<Job.Outcome> finished = finished(RUN, manifest.run(), modelPath, hadoop, say);
        if (finished.isPresent()) {
            return new StartingPoint(manifest.run(), Optional.empty(), finished);
        }
        fingerprint.requireSame(manifest.fingerprint(), newest.get().path());
        if (!manifest.revision().equals(revision)) {
            say.accept("warning: the checkpoint was written by revision " + manifest.revision() + " and this is "
                    + revision + ", which may train differently");
        }
        say.accept("going on from " + manifest.standing().where() + " of the checkpoint "
                + newest.get().path());
        return new StartingPoint(manifest.run(), newest, Optional.empty());
    }

    private static StartingPoint withoutCheckpoint(
            final CheckpointStore store,
            final Fingerprint fingerprint,
            final String modelPath,
            final Configuration hadoop,
            final Consumer<String> say) {
        final Optional<Job.Outcome> finished = finished(FINGERPRINT, fingerprint.hash(), modelPath, hadoop, say);
        if (finished.isPresent()) {
            return new StartingPoint("", Optional.empty(), finished);
        }
        say.accept("there is no checkpoint at " + store.path() + " to resume from; training starts from the beginning");
        return anew();
    }

    private static StartingPoint anew() {
        return new StartingPoint(UUID.randomUUID().toString(), Optional.empty(), Optional.empty());
    }

    /** Looks for the training's model where it would be published, and where it would be held back. */
    private static Optional<Job.Outcome> finished(
            final String key,
            final String value,
            final String modelPath,
            final Configuration hadoop,
            final Consumer<String> say) {
        if (isOf(key, value, modelPath, hadoop)) {
            say.accept(
                    "this training is finished: its model is published at " + modelPath + "; there is nothing to do");
            return Optional.of(Job.Outcome.DONE);
        }
        final String heldBack = RunSettings.heldBack(modelPath);
        if (isOf(key, value, heldBack, hadoop)) {
            say.accept("this training is finished: its model was not fit to be published and lies at " + heldBack
                    + "; move it to " + modelPath
                    + " to publish it all the same, or leave --resume away to train anew");
            return Optional.of(Job.Outcome.OVER_BUDGET);
        }
        return Optional.empty();
    }

    private static boolean isOf(final String key, final String value, final String path, final Configuration hadoop) {
        try {
            return value.equals(
                    ModelDirectory.open(path, hadoop).manifest().provenance().get(key));
        } catch (UserException e) {
            // A training that is finished must not begin anew because its model was out of reach for a moment.
            if (Outage.of(e).isPresent()) {
                throw e;
            }
            // Whatever lies there, it is no model of this training that could be used.
            return false;
        }
    }
}

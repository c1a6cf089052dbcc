package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.model.ModelPublisher;
import io.dpq.storage.WriteLock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** What keeps a second training away from a model and its checkpoints while one is at work. Thread-safe. */
final class TrainingLocks implements AutoCloseable {
    private final String modelPath;
    private final List<WriteLock> locks;

    private TrainingLocks(final String modelPath, final List<WriteLock> locks) {
        this.modelPath = modelPath;
        this.locks = List.copyOf(locks);
    }

    /**
     * Takes them.
     *
     * @throws UserException where another training lives that has one of them
     */
    static TrainingLocks take(final TrainSettings settings, final Configuration hadoop) {
        final RunSettings.Checkpoint checkpoint = settings.run().checkpoint();
        final List<WriteLock> locks = new ArrayList<>();
        locks.add(ModelPublisher.lock(settings.modelPath(), hadoop));
        try {
            // Elsewhere they may be those of another model as well, which a training that keeps none would remove at
            // its end.
            if (!checkpoint.path().equals(RunSettings.checkpoints(settings.modelPath()))) {
                locks.add(ModelPublisher.lock(checkpoint.path(), hadoop));
            }
            return new TrainingLocks(settings.modelPath(), locks);
        } catch (RuntimeException e) {
            locks.forEach(WriteLock::close);
            throw e;
        }
    }

    /** Checks, before anything is kept or published, that no other training took this one for dead. */
    void requireHeld() throws IOException {
        for (final WriteLock lock : locks) {
            if (!lock.isHeld()) {
                throw UserException.data("Another training took over " + modelPath
                        + " while this one gave no sign of life, so nothing more is kept or published; see that only one is running,"
                        + " and give its command again with --resume.");
            }
        }
    }

    @Override
    public void close() {
        locks.forEach(WriteLock::close);
    }
}

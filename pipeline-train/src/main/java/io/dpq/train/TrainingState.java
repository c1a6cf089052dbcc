package io.dpq.train;

import io.dpq.model.ModelDirectory;
import io.dpq.network.NetworkZip;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;

/** All that changes while a network is trained, which is what a checkpoint holds. For one thread. */
final class TrainingState {
    private static final String AVERAGE = "average.bin";
    private static final String BEST = "best.zip";

    private final ComputationGraph graph;
    private final WeightAverage average;
    private final TrainingLog log;
    private Standing standing;
    private byte @Nullable [] best;

    private TrainingState(
            final ComputationGraph graph,
            final WeightAverage average,
            final TrainingLog log,
            final Standing standing,
            final byte @Nullable [] best) {
        this.graph = graph;
        this.average = average;
        this.log = log;
        this.standing = standing;
        this.best = best;
    }

    /** A new network that has not learnt anything. */
    static TrainingState begin(final ComputationGraph graph, final double averagingDecay) {
        return new TrainingState(graph, new WeightAverage(averagingDecay), new TrainingLog(), Standing.start(), null);
    }

    /** What a checkpoint kept. */
    static TrainingState restore(final Checkpoint checkpoint, final double averagingDecay) {
        final Map<String, byte[]> files = checkpoint.files();
        final Standing standing = checkpoint.manifest().standing();
        final ComputationGraph graph =
                NetworkZip.restore(Objects.requireNonNull(files.get(ModelDirectory.NETWORK)), true);
        // The schedules and Adam's bias correction count steps in the configuration.
        graph.getConfiguration().setIterationCount(standing.step());
        final byte @Nullable [] average = files.get(AVERAGE);
        return new TrainingState(
                graph,
                average == null ? new WeightAverage(averagingDecay) : WeightAverage.restore(averagingDecay, average),
                TrainingLog.restore(Objects.requireNonNull(files.get(ModelDirectory.TRAINING_LOG))),
                standing,
                files.get(BEST));
    }

    /** The files of a checkpoint. */
    Map<String, byte[]> files() {
        final Map<String, byte[]> files = new HashMap<>();
        files.put(ModelDirectory.NETWORK, NetworkZip.write(graph, true));
        files.put(ModelDirectory.TRAINING_LOG, log.bytes());
        average.bytes().ifPresent(bytes -> files.put(AVERAGE, bytes));
        if (best != null) {
            files.put(BEST, best);
        }
        return files;
    }

    /** The network that learns. */
    ComputationGraph graph() {
        return graph;
    }

    WeightAverage average() {
        return average;
    }

    TrainingLog log() {
        return log;
    }

    Standing standing() {
        return standing;
    }

    void standing(final Standing now) {
        standing = now;
    }

    /** The best network so far as network.zip, where one was kept. */
    byte @Nullable [] best() {
        return best;
    }

    void best(final byte[] network) {
        best = network;
    }
}

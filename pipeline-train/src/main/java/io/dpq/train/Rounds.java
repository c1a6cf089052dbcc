package io.dpq.train;

import io.dpq.train.averaging.DistributedTrainer;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Rounds of training under watch.
 *
 * @param trainer does them
 * @param meter is its observer
 * @param watchdog gives up those in which nothing happens
 */
record Rounds(DistributedTrainer trainer, RoundMeter meter, StallWatchdog watchdog) {
    /**
     * What a round tells.
     *
     * @param loss mean over all batches
     * @param terms of it by name, near its end
     */
    record Measured(double loss, Map<String, Double> terms) {}

    /** One round, as {@link DistributedTrainer#round} does it. */
    Measured train(
            final ComputationGraph graph,
            final int epoch,
            final JavaRDD<MultiDataSet> batches,
            final int batchesPerWorker,
            final String where) {
        final double loss = watchdog.watch(where, () -> trainer.round(graph, epoch, batches, batchesPerWorker));
        return new Measured(loss, meter.take());
    }
}

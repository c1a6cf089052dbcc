package io.dpq.train.averaging;

import io.dpq.network.OneDnnNotice;
import io.dpq.train.random.Seeds;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.WorkerConfiguration;
import org.deeplearning4j.spark.api.worker.NetBroadcastTuple;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingResult;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingWorker;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A worker that goes on counting where the last round ended, draws its dropout from the seed, and reports the mean loss of its
 * round instead of the loss of its last batch. Each Spark task deserialises its own.
 */
public final class MendedTrainingWorker extends ParameterAveragingTrainingWorker {
    private static final long serialVersionUID = 1L;

    private final int iteration;
    private final int epoch;
    private final long seed;
    private final RoundObserver observer;
    private double lossSum;
    private int batches;

    MendedTrainingWorker(
            final Broadcast<NetBroadcastTuple> start,
            final WorkerConfiguration configuration,
            final int iteration,
            final int epoch,
            final long seed,
            final RoundObserver observer) {
        super(start, true, configuration, null, null, null);
        this.iteration = iteration;
        this.epoch = epoch;
        this.seed = seed;
        this.observer = observer;
    }

    @Override
    public ComputationGraph getInitialModelGraph() {
        OneDnnNotice.give();
        final ComputationGraph graph = super.getInitialModelGraph();
        // Cloning the configuration dropped both counts; the updaters and schedules read them from there.
        graph.getConfiguration().setIterationCount(iteration);
        graph.getConfiguration().setEpochCount(epoch);
        return graph;
    }

    @Override
    public @Nullable ParameterAveragingTrainingResult processMinibatch(
            final MultiDataSet batch, final ComputationGraph graph, final boolean last) {
        Nd4j.getRandom().setSeed(Seeds.mix(seed, iteration + batches, TaskContext.getPartitionId()));
        // Weight decay shrinks weights beside the loss, yet Deeplearning4j adds half their squares to it, which would
        // hide the
        // loss and its growth.
        final double decay = graph.calcRegularizationScore(true);
        // Never told that a batch is the last, the parent returns no result, which would hold the last loss only.
        super.processMinibatch(batch, graph, false);
        lossSum += graph.score() - decay;
        batches++;
        observer.batch();
        if (!last) {
            return null;
        }
        final ParameterAveragingTrainingResult result = getFinalResult(graph);
        observer.round(graph, batch);
        return result;
    }

    @Override
    public ParameterAveragingTrainingResult getFinalResult(final ComputationGraph graph) {
        final ParameterAveragingTrainingResult result = super.getFinalResult(graph);
        return new ParameterAveragingTrainingResult(
                result.getParameters(), result.getUpdaterState(), lossSum / batches, null, null, null);
    }
}

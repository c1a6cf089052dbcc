package io.dpq.train.averaging;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.api.WorkerConfiguration;
import org.deeplearning4j.spark.api.worker.NetBroadcastTuple;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingResult;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingWorker;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Parameter averaging of exactly one round. What it mends of dl4j-spark 1.0.0-M2:
 *
 * <ul>
 *   <li>workers lose the iteration and epoch count, because cloning a configuration drops both, so Adam's bias correction and
 *       every schedule restart in every round: {@link MendedTrainingWorker} is told both;
 *   <li>updater state is not averaged unless asked for, although the documentation says so: it is asked for;
 *   <li>the direct approach counts and randomly splits its input, which would decode every image several times: the input
 *       here is one round already, and is read once;
 *   <li>results are added up as they come, so that no two trainings of three workers or more are alike: {@link WorkerSum} has
 *       an order;
 *   <li>the parameters broadcast for a round are never released: they are, when the round ends.
 * </ul>
 */
public final class MendedTrainingMaster extends ParameterAveragingTrainingMaster {
    private static final long serialVersionUID = 1L;

    private final long seed;
    private final RoundObserver observer;
    private transient @Nullable Broadcast<NetBroadcastTuple> sent;

    MendedTrainingMaster(
            final int workers,
            final int batchSize,
            final int batchesPerWorker,
            final long seed,
            final RoundObserver observer) {
        super(new Builder(workers, batchSize)
                .batchSizePerWorker(batchSize)
                .averagingFrequency(batchesPerWorker)
                .workerPrefetchNumBatches(0)
                .saveUpdater(true)
                .repartionData(Repartition.Never)
                .storageLevel(null)
                .rddTrainingApproach(RDDTrainingApproach.Direct)
                .rngSeed(seed));
        this.seed = seed;
        this.observer = observer;
    }

    @Override
    public void executeTrainingMDS(final SparkComputationGraph graph, final JavaRDD<MultiDataSet> round) {
        try {
            doIteration(graph, round, 1, 1);
        } finally {
            if (sent != null) {
                sent.destroy();
                sent = null;
            }
        }
    }

    @Override
    protected void processResults(
            final SparkDl4jMultiLayer none,
            final SparkComputationGraph graph,
            final JavaRDD<ParameterAveragingTrainingResult> results,
            final int split,
            final int splits) {
        final WorkerSum sum = WorkerSum.of(results.map(
                result -> new WorkerSum(result.getParameters(), result.getUpdaterState(), result.getScore())));
        final ComputationGraph network = graph.getNetwork();
        network.setParams(sum.meanParameters());
        final INDArray updaterState = sum.meanUpdaterState();
        if (updaterState != null) {
            network.getUpdater().setStateViewArray(updaterState);
        }
        graph.setScore(sum.meanScore());
        final ComputationGraphConfiguration configuration = network.getConfiguration();
        configuration.setIterationCount(configuration.getIterationCount() + averagingFrequency);
    }

    @Override
    public ParameterAveragingTrainingWorker getWorkerInstance(final SparkComputationGraph graph) {
        final ComputationGraph network = graph.getNetwork();
        final ComputationGraphConfiguration configuration = network.getConfiguration();
        final Broadcast<NetBroadcastTuple> tuple = graph.getSparkContext()
                .broadcast(new StartOfRound(
                        configuration, network.params(), network.getUpdater().getStateViewArray()));
        sent = tuple;
        return new MendedTrainingWorker(
                tuple,
                new WorkerConfiguration(true, batchSizePerWorker, batchSizePerWorker, averagingFrequency, 0, false),
                configuration.getIterationCount(),
                configuration.getEpochCount(),
                seed,
                observer);
    }
}

package io.dpq.train.averaging;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Synchronous parameter averaging by dl4j-spark, with its defects mended in {@link MendedTrainingMaster}. */
public final class ParameterAveraging implements DistributedTrainer {
    private final JavaSparkContext spark;
    private final int batchSize;
    private final long seed;
    private final RoundObserver observer;

    /**
     * For one training.
     *
     * @param batchSize images of every batch
     * @param seed of dropout on the workers
     * @param observer is told what the workers do
     * @throws io.dpq.config.UserException where Spark's serializer cannot carry arrays
     */
    public ParameterAveraging(
            final JavaSparkContext spark, final int batchSize, final long seed, final RoundObserver observer) {
        SerializerPreflight.check(spark.getConf());
        this.spark = spark;
        this.batchSize = batchSize;
        this.seed = seed;
        this.observer = observer;
    }

    @Override
    public double round(
            final ComputationGraph graph,
            final int epoch,
            final JavaRDD<MultiDataSet> batches,
            final int batchesPerWorker) {
        graph.getConfiguration().setEpochCount(epoch);
        final MendedTrainingMaster master =
                new MendedTrainingMaster(batches.getNumPartitions(), batchSize, batchesPerWorker, seed, observer);
        final SparkComputationGraph distributed = new SparkComputationGraph(spark, graph, master);
        // Not fitMultiDataSet: it would count every round as an epoch.
        master.executeTrainingMDS(distributed, batches);
        return distributed.getScore();
    }
}

package io.dpq.train.averaging;

import org.apache.spark.api.java.JavaRDD;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Trains one graph on several Spark workers. This is the whole of what the training job knows of distribution: upstream has
 * dropped Spark, so whatever replaces it need only offer this.
 */
public interface DistributedTrainer {
    /**
     * One round: every worker starts from the graph as it is, takes its batches, and the graph becomes the plain mean of the
     * workers' parameters and updater states. The mean is not weighted by examples, so it is unbiased only because every
     * worker takes equally many batches of equal size.
     *
     * @param graph changed in place; its iteration count advances by {@code batchesPerWorker}
     * @param epoch the epoch that epoch-based schedules see, counted from 0
     * @param batches one partition a worker, each of exactly {@code batchesPerWorker} batches; read once and lazily
     * @param batchesPerWorker at least 1
     * @return the mean loss over all batches of all workers
     */
    double round(ComputationGraph graph, int epoch, JavaRDD<MultiDataSet> batches, int batchesPerWorker);
}

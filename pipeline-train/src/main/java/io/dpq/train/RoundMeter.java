package io.dpq.train;

import io.dpq.network.LossTerms;
import io.dpq.train.averaging.RoundObserver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.LongAccumulator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Counts batches while they are done, and measures the terms of the loss at the end of a round, on a part of its last batch. */
final class RoundMeter implements RoundObserver {
    /** The accumulator whose growth is a sign of life. */
    static final String BATCHES = "dpq training batches";

    private static final long serialVersionUID = 1L;
    /** Images that the terms are measured on, a worker; more would cost time that is better spent on training. */
    private static final int SAMPLE = 128;

    private static final List<String> TERMS = List.of("margin", "classification", "soft", "hard", "match", "retrieval");

    private final LongAccumulator batches;
    private final TermSums sums;

    RoundMeter(final JavaSparkContext spark) {
        this.batches = spark.sc().longAccumulator(BATCHES);
        this.sums = new TermSums();
        // Without a name, which would show it on Spark's page as an array's address.
        spark.sc().register(sums);
    }

    @Override
    public void batch() {
        batches.add(1);
    }

    @Override
    public void round(final ComputationGraph graph, final org.nd4j.linalg.dataset.api.MultiDataSet batch) {
        final LossTerms terms = LossTerms.of(graph, first(batch));
        sums.add(Map.entry(TaskContext.getPartitionId(), new double[] {
            terms.margin(), terms.classification(), terms.soft(), terms.hard(), terms.match(), terms.retrieval()
        }));
    }

    private static MultiDataSet first(final org.nd4j.linalg.dataset.api.MultiDataSet batch) {
        return new MultiDataSet(first(batch.getFeatures()), first(batch.getLabels()));
    }

    private static INDArray[] first(final INDArray[] arrays) {
        final INDArray[] parts = new INDArray[arrays.length];
        for (int i = 0; i < arrays.length; i++) {
            parts[i] = arrays[i]
                    .get(NDArrayIndex.interval(0, Math.min(SAMPLE, arrays[i].size(0))))
                    .dup();
        }
        return parts;
    }

    /** The terms of the round that has just ended, the mean over its workers, on the driver; forgets them. */
    Map<String, Double> take() {
        final Map<Integer, double[]> workers = sums.value();
        sums.reset();
        final Map<String, Double> terms = new LinkedHashMap<>();
        for (int term = 0; term < TERMS.size() && !workers.isEmpty(); term++) {
            double sum = 0;
            for (final double[] worker : workers.values()) {
                sum += worker[term];
            }
            terms.put(TERMS.get(term), sum / workers.size());
        }
        return terms;
    }
}

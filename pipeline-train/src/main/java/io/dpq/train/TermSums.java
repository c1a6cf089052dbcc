package io.dpq.train;

import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.util.AccumulatorV2;

/**
 * The loss terms that each worker of a round measured, by the number of its partition: a worker that is tried again counts once,
 * and the order of the sums, which decides on their last bits, is not that in which workers end.
 */
final class TermSums extends AccumulatorV2<Map.Entry<Integer, double[]>, Map<Integer, double[]>> {
    private static final long serialVersionUID = 2L;

    private final TreeMap<Integer, double[]> terms = new TreeMap<>();

    @Override
    public boolean isZero() {
        return terms.isEmpty();
    }

    @Override
    public TermSums copy() {
        final TermSums copy = new TermSums();
        copy.merge(this);
        return copy;
    }

    @Override
    public void reset() {
        terms.clear();
    }

    @Override
    public void add(final Map.Entry<Integer, double[]> ofWorker) {
        terms.put(ofWorker.getKey(), ofWorker.getValue());
    }

    @Override
    public void merge(final AccumulatorV2<Map.Entry<Integer, double[]>, Map<Integer, double[]>> other) {
        terms.putAll(other.value());
    }

    /** By partition, ascending. */
    @Override
    public Map<Integer, double[]> value() {
        return new TreeMap<>(terms);
    }
}

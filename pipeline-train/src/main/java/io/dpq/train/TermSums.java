package io.dpq.train;

import java.util.Arrays;
import org.apache.spark.util.AccumulatorV2;

/** Sums of loss terms and, behind them, how many were added. One thread adds to each copy. */
final class TermSums extends AccumulatorV2<double[], double[]> {
    /** Terms; the count stands behind them. */
    static final int TERMS = 5;

    private static final long serialVersionUID = 1L;

    private final double[] sums = new double[TERMS + 1];

    @Override
    public boolean isZero() {
        return sums[TERMS] == 0;
    }

    @Override
    public TermSums copy() {
        final TermSums copy = new TermSums();
        copy.merge(this);
        return copy;
    }

    @Override
    public void reset() {
        Arrays.fill(sums, 0);
    }

    @Override
    public void add(final double[] terms) {
        for (int i = 0; i < TERMS; i++) {
            sums[i] += terms[i];
        }
        sums[TERMS]++;
    }

    @Override
    public void merge(final AccumulatorV2<double[], double[]> other) {
        final double[] more = other.value();
        for (int i = 0; i < sums.length; i++) {
            sums[i] += more[i];
        }
    }

    @Override
    public double[] value() {
        return sums.clone();
    }
}

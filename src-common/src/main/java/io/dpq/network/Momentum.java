package io.dpq.network;

import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Gradient descent with classical momentum, v = m·v + g and a step of rate·v, as the authors of arXiv 1906.06698 train;
 * Deeplearning4j itself has only Nesterov's form. Immutable.
 *
 * @param rate over the steps
 * @param momentum m, 0…1
 */
record Momentum(
        @JsonProperty("rate") ISchedule rate,
        @JsonProperty("momentum") double momentum) implements IUpdater {
    @JsonCreator
    Momentum {}

    @Override
    public long stateSize(final long parameters) {
        return parameters;
    }

    @Override
    public MomentumUpdater instantiate(final INDArray view, final boolean initialize) {
        final INDArray flat = view.reshape(view.length());
        if (initialize) {
            flat.assign(0);
        }
        return new MomentumUpdater(this, flat);
    }

    @Override
    public MomentumUpdater instantiate(final Map<String, INDArray> state, final boolean initialize) {
        final MomentumUpdater updater =
                new MomentumUpdater(this, Objects.requireNonNull(state.get(MomentumUpdater.VELOCITY)));
        updater.setState(state, initialize);
        return updater;
    }

    @Override
    public double getLearningRate(final int iteration, final int epoch) {
        return rate.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    /** Rates are part of the network's specification; nothing changes them afterwards. */
    @Override
    public void setLrAndSchedule(final double constant, final ISchedule schedule) {
        throw new UnsupportedOperationException("The rate of this updater is fixed.");
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public IUpdater clone() {
        return this;
    }
}

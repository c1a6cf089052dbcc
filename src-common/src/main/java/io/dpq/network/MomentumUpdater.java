package io.dpq.network;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** {@link Momentum} at work on one block of parameters. For one thread. */
final class MomentumUpdater implements GradientUpdater<Momentum> {
    static final String VELOCITY = "V";

    private final Momentum config;
    private INDArray velocity;

    MomentumUpdater(final Momentum config, final INDArray velocity) {
        this.config = config;
        this.velocity = velocity;
    }

    @Override
    public Momentum getConfig() {
        return config;
    }

    @Override
    public void setState(final Map<String, INDArray> state, final boolean initialize) {
        final INDArray given = state.get(VELOCITY);
        if (given == null || state.size() != 1) {
            throw new IllegalArgumentException("Momentum keeps " + VELOCITY + " alone, not " + state.keySet() + ".");
        }
        velocity = initialize ? given.assign(0) : given;
    }

    @Override
    public Map<String, INDArray> getState() {
        return Map.of(VELOCITY, velocity);
    }

    @Override
    public void setStateViewArray(
            final INDArray view, final long[] gradientShape, final char gradientOrder, final boolean initialize) {
        velocity = view.reshape(gradientOrder, gradientShape);
        if (initialize) {
            velocity.assign(0);
        }
    }

    @Override
    public void applyUpdater(final INDArray gradient, final int iteration, final int epoch) {
        final INDArray flat = gradient.reshape(velocity.shape());
        velocity.muli(config.momentum()).addi(flat);
        flat.assign(velocity).muli(config.getLearningRate(iteration, epoch));
    }
}

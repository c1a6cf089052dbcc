package io.dpq.network;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A learning rate over the steps of one worker: a linear warm-up from {@code base / warmupSteps}, then the shape.
 *
 * @param shape after the warm-up
 * @param base the rate at full height
 * @param totalSteps steps after which the cosine is at zero
 * @param warmupSteps steps of the warm-up, 0 for none
 * @param decay factor of the step shape
 * @param decaySteps steps between two decays
 */
record RateSchedule(
        @JsonProperty("shape") NetworkSpec.OptimizerSpec.Schedule shape,
        @JsonProperty("base") double base,
        @JsonProperty("totalSteps") int totalSteps,
        @JsonProperty("warmupSteps") int warmupSteps,
        @JsonProperty("decay") double decay,
        @JsonProperty("decaySteps") int decaySteps)
        implements ISchedule {
    @JsonCreator
    RateSchedule {}

    static RateSchedule of(final NetworkSpec spec, final double base) {
        final NetworkSpec.OptimizerSpec optimizer = spec.optimizer();
        return new RateSchedule(
                optimizer.schedule(),
                base,
                spec.totalSteps(),
                optimizer.warmupSteps(),
                optimizer.decay(),
                optimizer.decaySteps());
    }

    @Override
    public double valueAt(final int iteration, final int epoch) {
        if (iteration < warmupSteps) {
            return base * (iteration + 1) / warmupSteps;
        }
        return switch (shape) {
            case CONSTANT -> base;
            case COSINE -> {
                final double length = Math.max(1, totalSteps - warmupSteps);
                final double progress = Math.min(1.0, (iteration - warmupSteps) / length);
                yield base * 0.5 * (1.0 + Math.cos(Math.PI * progress));
            }
            case STEP -> base * Math.pow(decay, Math.floorDiv(iteration, Math.max(1, decaySteps)));
        };
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public ISchedule clone() {
        return this;
    }
}

package io.dpq.network;

import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A rate for what learns only in the joint stage: zero before it. Without a gradient nothing would be learnt then, but weight
 * decay, which goes by the rate, would shrink what has not begun.
 *
 * @param rate as scheduled
 * @param jointStart the iteration, from 0, of the first joint step
 */
record LateSchedule(
        @JsonProperty("rate") RateSchedule rate,
        @JsonProperty("jointStart") int jointStart) implements ISchedule {
    @JsonCreator
    LateSchedule {}

    @Override
    public double valueAt(final int iteration, final int epoch) {
        return iteration < jointStart ? 0 : rate.valueAt(iteration, epoch);
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public ISchedule clone() {
        return this;
    }
}

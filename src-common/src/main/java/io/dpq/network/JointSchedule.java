package io.dpq.network;

import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A rate for Adam (arXiv 1412.6980) on what learns only in the joint stage: codebooks and the heads of quantized prefixes. Their
 * moments stay zero until then, yet Adam corrects its bias by the network's count of steps, which runs from the beginning; the
 * first joint steps would be three to seven times too long. Before the joint stage the rate is zero, as in {@link LateSchedule}.
 * From the first joint step on, the rate is therefore multiplied by
 * c(k) / c(t), with k and t the steps counted from the joint stage and from the beginning and
 * c(n) = sqrt(1 - b2^n) / (1 - b1^n), which puts Adam's correction in order exactly.
 *
 * @param rate as scheduled
 * @param jointStart the iteration, from 0, of the first joint step
 */
record JointSchedule(
        @JsonProperty("rate") RateSchedule rate,
        @JsonProperty("jointStart") int jointStart) implements ISchedule {
    @JsonCreator
    JointSchedule {}

    @Override
    public double valueAt(final int iteration, final int epoch) {
        return iteration < jointStart
                ? 0
                : rate.valueAt(iteration, epoch) * (correction(iteration - jointStart + 1) / correction(iteration + 1));
    }

    private static double correction(final int steps) {
        return Math.sqrt(1 - Math.pow(Adam.DEFAULT_ADAM_BETA2_VAR_DECAY, steps))
                / (1 - Math.pow(Adam.DEFAULT_ADAM_BETA1_MEAN_DECAY, steps));
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public ISchedule clone() {
        return this;
    }
}

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.UserException;
import org.junit.jupiter.api.Test;

class LossGuardTest {
    private static LossGuard after(final LossGuard guard, final String stage, final double... losses) {
        LossGuard now = guard;
        for (final double loss : losses) {
            now = now.after(stage, loss, 10, "round 7");
        }
        return now;
    }

    @Test
    void whatIsNoNumberStopsTheTraining() {
        for (final double loss : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> LossGuard.none().after(Stage.SEMANTIC, loss, 0, "epoch 2"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no longer a number in epoch 2; lower train.optimizer.learning-rate");
        }
        assertThat(LossGuard.none().after(Stage.SEMANTIC, 1e30, 10, "round 1").start())
                .isEqualTo(1e30);
    }

    @Test
    void weightsThatAreNoNumbersStopTheTraining() {
        final LossGuard guard = after(LossGuard.none(), Stage.JOINT, 1);
        assertThat(guard.requireNumber(-3, "round 1")).isSameAs(guard);
        assertThatThrownBy(() -> guard.requireNumber(Double.NaN, "epoch 2, round 3 (step 8)"))
                .isInstanceOf(UserException.class)
                .hasMessage("The weights are no longer numbers after epoch 2, round 3 (step 8); lower"
                        + " train.optimizer.learning-rate or train.optimizer.codebook-learning-rate.");
    }

    @Test
    void aLossThatExplodesStopsTheTraining() {
        final LossGuard calm = after(LossGuard.none(), Stage.JOINT, 2, 1, 3, 2, 2, 1, 1, 1);
        assertThat(calm.start()).isEqualTo(2, within(1e-12));
        // One wild round is not enough, and is forgotten.
        after(calm, Stage.JOINT, 38, 1, 1, 1, 1, 30, 1);
        assertThatThrownBy(() -> after(calm, Stage.JOINT, 30, 30))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("The loss has grown to 22.78 in round 7")
                .hasMessageContaining("train.max-loss-growth = 10 times the 2.000 that the joint stage began with")
                .hasMessageContaining("codebook-learning-rate");
    }

    @Test
    void everyStageBeginsAnew() {
        final LossGuard semantic = after(LossGuard.none(), Stage.SEMANTIC, 0.1, 0.1);
        assertThat(after(semantic, Stage.JOINT, 50).start()).isEqualTo(50);
        assertThat(semantic.after(Stage.SEMANTIC, 1e9, 0, "round 3").smoothed()).isGreaterThan(1e8);
        // Next to nothing may grow to little.
        after(LossGuard.none(), Stage.JOINT, 0, 0, 0.09, 0.09, 0.09);
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GatedActivationTest {
    private static final double STEP = 1e-6;
    private static final double[] PLACES = {-1000, -30, -3, -0.5, 0, 0.7, 4, 19, 21, 30, 33, 35, 50, 300};

    private static double value(final double steepness, final double x) {
        return x / (1 + Math.exp(-steepness * x));
    }

    /** Deeplearning4j's own slope is no number at 30 and 50, which ended a training on CIFAR-10 in its first epoch. */
    @ParameterizedTest
    @ValueSource(doubles = {GatedActivation.SWISH, GatedActivation.GELU})
    void outliersHaveAValueAndASlope(final double steepness) {
        for (final DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
            final INDArray in = Nd4j.create(PLACES, new long[] {1, PLACES.length}, type);
            final INDArray twice = Nd4j.ones(type, in.shape()).mul(2);

            final INDArray out = new GatedActivation(steepness).getActivation(in.dup(), true);
            final INDArray slope =
                    new GatedActivation(steepness).backprop(in, twice).getFirst();

            assertThat(slope.dataType()).isEqualTo(type);
            for (int i = 0; i < PLACES.length; i++) {
                final double at = PLACES[i];
                assertThat(out.getDouble(i)).isCloseTo(value(steepness, at), within(1e-4));
                assertThat(slope.getDouble(i))
                        .isCloseTo((value(steepness, at + STEP) - value(steepness, at - STEP)) / STEP, within(1e-5));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {GatedActivation.SWISH, GatedActivation.GELU})
    void itIsTheSameWhenItIsReadAgain(final double steepness) throws Exception {
        final GatedActivation written = new GatedActivation(steepness);

        final String json = NeuralNetConfiguration.mapper().writeValueAsString(written);

        assertThat(NeuralNetConfiguration.mapper().readValue(json, IActivation.class))
                .isEqualTo(written)
                .hasToString(written.toString());
        assertThat(written).isNotEqualTo(new GatedActivation(3 - steepness));
    }
}

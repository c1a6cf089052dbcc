package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class PlaneNormalizationTest {
    /** A convolution on either side, so that what flows in and out of the normalisation is a network's own. */
    private static ComputationGraph graph(
            final BatchNormalization normalisation,
            final boolean rectified,
            final DataType type,
            final int height,
            final int width) {
        final boolean alone = !(normalisation instanceof PlaneNormalization);
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .updater(new NoOp())
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.convolutional(height, width, 3))
                .addLayer("conv", GradientTest.convolution(), "in")
                .addLayer("bn", normalisation, "conv")
                .addLayer("relu", new ActivationLayer(rectified && alone ? Activation.RELU : Activation.IDENTITY), "bn")
                .addLayer("after", GradientTest.convolution(), "relu")
                .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "after")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(new ClassificationLoss(1, false, 0))
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "pooled")
                .setOutputs("out")
                .build());
        graph.init();
        final float[] values = Specs.gaussian(1, (int) graph.numParams(), 9)[0];
        graph.params()
                .assign(Nd4j.createFromArray(values).reshape(graph.params().shape()));
        return graph;
    }

    private static void differentiate(
            final ComputationGraph graph, final int examples, final int height, final int width, final float offset) {
        final INDArray labels = Nd4j.zeros(graph.params().dataType(), examples, 3);
        for (int n = 0; n < examples; n++) {
            labels.putScalar(n, n % 3, 1);
        }
        graph.setInputs(Nd4j.createFromArray(Specs.gaussian(1, examples * 3 * height * width, 5)[0])
                .addi(offset)
                .castTo(graph.params().dataType())
                .reshape(examples, 3, height, width));
        graph.setLabels(labels);
        graph.computeGradientAndScore();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3, 3, 0, false",
        "5, 4, 4, 0, true",
        "4, 7, 5, 0, true",
        "3, 8, 8, 30, false",
        "6, 1, 2, 0, true",
        "6, 1, 1, 0, true"
    })
    void trainingIsThatOfTheGeneralLayer(
            final int examples, final int height, final int width, final float offset, final boolean rectified) {
        final ComputationGraph fast =
                graph(new PlaneNormalization(rectified), rectified, DataType.FLOAT, height, width);
        // In double precision the library computes, by its general operations.
        final ComputationGraph exact = graph(new BatchNormalization(), rectified, DataType.DOUBLE, height, width);

        differentiate(fast, examples, height, width, offset);
        differentiate(exact, examples, height, width, offset);

        assertThat(fast.score()).isCloseTo(exact.score(), within(1e-4));
        final Map<String, INDArray> expected = exact.gradient().gradientForVariable();
        fast.gradient().gradientForVariable().forEach((name, gradient) -> {
            final double[] actual = gradient.dup('c').data().asDouble();
            final double[] wanted = expected.get(name).dup('c').data().asDouble();
            final double largest = expected.get(name).amaxNumber().doubleValue();
            for (int i = 0; i < actual.length; i++) {
                assertThat(actual[i]).as("%s %d", name, i).isCloseTo(wanted[i], within(2e-3 * Math.max(0.01, largest)));
            }
        });
        assertThat(expected.get("bn_gamma").amaxNumber().doubleValue()).isGreaterThan(1e-3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void evaluationIsThatOfTheGeneralLayer(final boolean rectified) {
        final INDArray images = Nd4j.createFromArray(Specs.images(4, 8, 2)).reshape(4, 3, 8, 8);
        final ComputationGraph fast = graph(new PlaneNormalization(rectified), rectified, DataType.FLOAT, 8, 8);
        final ComputationGraph general = graph(new BatchNormalization(), rectified, DataType.FLOAT, 8, 8);
        differentiate(fast, 4, 8, 8, 0);

        assertThat(fast.outputSingle(images)).isEqualTo(general.outputSingle(images));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void inDoublePrecisionTheLibraryComputes(final boolean rectified) {
        final ComputationGraph ours = graph(new PlaneNormalization(rectified), rectified, DataType.DOUBLE, 4, 3);
        final ComputationGraph general = graph(new BatchNormalization(), rectified, DataType.DOUBLE, 4, 3);
        differentiate(ours, 5, 4, 3, 0);
        differentiate(general, 5, 4, 3, 0);

        assertThat(ours.getFlattenedGradients().equalsWithEps(general.getFlattenedGradients(), 1e-9))
                .isTrue();
    }

    @Test
    void aGraphWithItSurvivesItsZipFile() {
        final ComputationGraph graph = graph(new PlaneNormalization(true), true, DataType.FLOAT, 8, 8);
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        differentiate(graph, 4, 8, 8, 0);
        differentiate(restored, 4, 8, 8, 0);

        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());
        assertThat(restored.getFlattenedGradients()).isEqualTo(graph.getFlattenedGradients());
    }
}

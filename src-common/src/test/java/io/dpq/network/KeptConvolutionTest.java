package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class KeptConvolutionTest {
    private static ConvolutionLayer convolution(final boolean kept, final Activation activation, final boolean bias) {
        final ConvolutionLayer.Builder builder = new ConvolutionLayer.Builder(3, 3)
                .nOut(5)
                .dropOut(0.8)
                .hasBias(bias)
                .activation(activation);
        return kept ? new KeptConvolution(builder) : builder.build();
    }

    private static ComputationGraph graph(
            final boolean kept, final Activation activation, final boolean bias, final DataType type) {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(type)
                .updater(new Sgd(0.1))
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.convolutional(9, 8, 3))
                .addLayer("conv1", convolution(kept, activation, bias), "in")
                .addLayer("conv2", convolution(kept, activation, bias), "conv1")
                .addLayer("pooled", new GlobalPoolingLayer(PoolingType.AVG), "conv2")
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
        return graph;
    }

    private static void step(final ComputationGraph graph, final int seed) {
        final DataType type = graph.params().dataType();
        final INDArray labels = Nd4j.eye(3).castTo(type);
        Nd4j.getRandom().setSeed(7);
        graph.fit(
                new INDArray[] {
                    Nd4j.createFromArray(Specs.gaussian(1, 3 * 3 * 9 * 8, seed)[0])
                            .castTo(type)
                            .reshape(3, 3, 9, 8)
                },
                new INDArray[] {labels});
    }

    @ParameterizedTest
    @CsvSource({
        "RELU, true, FLOAT",
        "IDENTITY, false, FLOAT",
        "TANH, true, FLOAT",
        "LEAKYRELU, true, FLOAT",
        "RELU, true, DOUBLE"
    })
    void trainingIsThatOfTheOrdinaryLayerToTheLastBit(
            final Activation activation, final boolean bias, final DataType type) {
        final ComputationGraph kept = graph(true, activation, bias, type);
        final ComputationGraph ordinary = graph(false, activation, bias, type);
        final INDArray before = ordinary.params().dup();
        for (int step = 0; step < 5; step++) {
            step(kept, step);
            step(ordinary, step);
        }
        assertThat(kept.params()).isEqualTo(ordinary.params());
        assertThat(kept.params()).isNotEqualTo(before);
    }

    @Test
    void theWayBackDoesNotConvolveAgain() {
        assertThat(gradientAfterTheWeightsTurned(true)).isEqualTo(gradientOfUntouchedWeights());
        assertThat(gradientAfterTheWeightsTurned(false)).isNotEqualTo(gradientOfUntouchedWeights());
    }

    private static INDArray gradientAfterTheWeightsTurned(final boolean kept) {
        return gradient(graph(kept, Activation.RELU, true, DataType.FLOAT), true);
    }

    private static INDArray gradientOfUntouchedWeights() {
        return gradient(graph(false, Activation.RELU, true, DataType.FLOAT), false);
    }

    /** Of a single layer's weights; weights of the other sign between the ways would open the rectifier elsewhere. */
    private static INDArray gradient(final ComputationGraph graph, final boolean turn) {
        graph.initGradientsView();
        final org.deeplearning4j.nn.api.Layer layer = graph.getLayer("conv1");
        Nd4j.getRandom().setSeed(7);
        layer.setInput(
                Nd4j.createFromArray(Specs.gaussian(1, 3 * 3 * 9 * 8, 5)[0]).reshape(3, 3, 9, 8),
                LayerWorkspaceMgr.noWorkspaces());
        final INDArray out = layer.activate(true, LayerWorkspaceMgr.noWorkspaces());
        if (turn) {
            layer.getParam(ConvolutionParamInitializer.WEIGHT_KEY).negi();
        }
        return layer.backpropGradient(Nd4j.onesLike(out), LayerWorkspaceMgr.noWorkspaces())
                .getFirst()
                .getGradientFor(ConvolutionParamInitializer.WEIGHT_KEY)
                .dup();
    }

    @Test
    void aGraphWithItSurvivesItsZipFile() {
        final ComputationGraph graph = graph(true, Activation.RELU, true, DataType.FLOAT);
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        step(graph, 1);
        step(restored, 1);

        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());
        assertThat(restored.getLayer("conv1")).isInstanceOf(KeptConvolutionLayer.class);
        assertThat(restored.params()).isEqualTo(graph.params());
    }
}

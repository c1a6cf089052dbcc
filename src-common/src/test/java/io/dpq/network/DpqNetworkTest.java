package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Codebooks;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

class DpqNetworkTest {
    private final NetworkSpec spec = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);

    /** Three classes of brightness, which any network that learns at all tells apart. */
    private static MultiDataSet easyBatch(final NetworkSpec spec) {
        final int count = 24;
        final float[] images = Specs.images(count, spec.input().size(), 3);
        final int[][] labels = new int[count][1];
        final int pixels = images.length / count;
        for (int i = 0; i < images.length; i++) {
            labels[i / pixels][0] = i / pixels % 3;
            images[i] = images[i] * 0.1f + (i / pixels % 3 - 1) * (i / (pixels / 3) % 3 == 0 ? 1 : -1);
        }
        return Specs.batch(images, labels, spec);
    }

    @Test
    void trainingLowersTheLossAndTellsClassesApart() {
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = easyBatch(spec);
        graph.fit(batch);
        final double before = graph.score();
        for (int i = 0; i < 100; i++) {
            graph.fit(batch);
        }

        assertThat(graph.score()).isLessThan(before / 2);
        final INDArray predicted = graph.output(batch.getFeatures(0))[0].argMax(1);
        assertThat(predicted.toIntVector())
                .containsExactly(batch.getLabels(0).argMax(1).toIntVector());
    }

    @Test
    void twoBuildsOfOneSeedTrainAlike() {
        final INDArray[] parameters = new INDArray[2];
        for (int run = 0; run < 2; run++) {
            final ComputationGraph graph = DpqNetwork.build(spec);
            graph.fit(easyBatch(spec));
            graph.fit(easyBatch(spec));
            parameters[run] = graph.params().dup();
        }

        assertThat(parameters[0]).isEqualTo(parameters[1]);
    }

    @Test
    void embeddingsAreWithinTheRangeOfTanh() {
        final INDArray embedding =
                DpqNetwork.embed(DpqNetwork.build(spec), easyBatch(spec).getFeatures(0));

        assertThat(embedding.shape()).containsExactly(24, 6);
        assertThat(embedding.amaxNumber().doubleValue()).isPositive().isLessThanOrEqualTo(1);
    }

    @Test
    void codebooksAreReplacedAndReadBack() {
        final ComputationGraph graph = DpqNetwork.build(spec);
        final Codebooks wanted = new Codebooks(2, 4, 6, Specs.gaussian(1, 48, 9)[0]);

        DpqNetwork.setCodebooks(graph, wanted);

        assertThat(DpqNetwork.codebooks(graph)).isEqualTo(wanted);
        assertThat(DpqNetwork.codebooks(graph.clone())).isEqualTo(wanted);
        assertThatThrownBy(() -> DpqNetwork.setCodebooks(graph, wanted.prefix(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("do not fit");
    }

    @Test
    void statesHoldWhatResidualQuantizationDefines() {
        final ComputationGraph graph = DpqNetwork.build(spec);
        final float[] values = Specs.gaussian(1, 48, 9)[0];
        DpqNetwork.setCodebooks(graph, new Codebooks(2, 4, 6, values));

        final Map<String, INDArray> activations =
                graph.feedForward(new INDArray[] {easyBatch(spec).getFeatures(0)}, false);

        final double[][] x = activations.get(DpqNetwork.EMBEDDING).toDoubleMatrix();
        final double[][] state = activations.get("level_2").toDoubleMatrix();
        for (int n = 0; n < x.length; n++) {
            final double[] residual = x[n].clone();
            final double[] hard = new double[6];
            for (int level = 0; level < 2; level++) {
                int best = 0;
                double least = Double.POSITIVE_INFINITY;
                for (int k = 0; k < 4; k++) {
                    double distance = 0;
                    for (int d = 0; d < 6; d++) {
                        final double difference = residual[d] - values[(level * 4 + k) * 6 + d];
                        distance += difference * difference;
                    }
                    if (distance < least) {
                        least = distance;
                        best = k;
                    }
                }
                for (int d = 0; d < 6; d++) {
                    residual[d] -= values[(level * 4 + best) * 6 + d];
                    hard[d] += values[(level * 4 + best) * 6 + d];
                }
            }
            for (int d = 0; d < 6; d++) {
                assertThat(state[n][d]).isCloseTo(residual[d], within(1e-5));
                assertThat(state[n][6 + d]).isCloseTo(hard[d], within(1e-5));
            }
        }
    }

    @Test
    void lossWeightsAreSwitchedAndTravelWithCopies() throws IOException {
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = easyBatch(spec);
        final double joint = graph.score(batch, false);

        DpqNetwork.setLossWeights(graph, spec.loss().semanticOnly());

        final double semantic = graph.score(batch, false);
        assertThat(semantic).isLessThan(joint * 0.999);
        assertThat(graph.clone().score(batch, false)).isCloseTo(semantic, within(1e-5));
        final ComputationGraph fromJson = new ComputationGraph(
                ComputationGraphConfiguration.fromJson(graph.getConfiguration().toJson()));
        fromJson.init(graph.params().dup(), false);
        assertThat(fromJson.score(batch, false)).isCloseTo(semantic, within(1e-5));
        DpqNetwork.setLossWeights(graph, spec.loss());
        assertThat(graph.score(batch, false)).isCloseTo(joint, within(1e-5));
    }

    @Test
    void semanticStageLeavesCodebooksAlone() {
        final ComputationGraph graph = DpqNetwork.build(spec);
        DpqNetwork.setLossWeights(graph, spec.loss().semanticOnly());
        final Codebooks before = DpqNetwork.codebooks(graph);
        final INDArray weights =
                graph.getLayer(DpqNetwork.EMBEDDING).getParam("W").dup();

        graph.fit(easyBatch(spec));

        assertThat(DpqNetwork.codebooks(graph)).isEqualTo(before);
        assertThat(graph.getLayer(DpqNetwork.EMBEDDING).getParam("W")).isNotEqualTo(weights);
    }

    @Test
    void aTrainedGraphSurvivesItsZipFileAndGoesOnAlike() throws IOException {
        final ComputationGraph graph = DpqNetwork.build(spec);
        graph.fit(easyBatch(spec));
        final ByteArrayOutputStream zip = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, zip, true);

        final ComputationGraph restored =
                ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(zip.toByteArray()), true);

        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());
        assertThat(restored.params()).isEqualTo(graph.params());
        graph.fit(easyBatch(spec));
        restored.fit(easyBatch(spec));
        assertThat(restored.params()).isEqualTo(graph.params());
    }

    @Test
    void aConfigurationSurvivesJavaSerialization() throws IOException, ClassNotFoundException {
        final ComputationGraphConfiguration configuration =
                DpqNetwork.build(spec).getConfiguration();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(configuration);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(in.readObject()).isEqualTo(configuration);
        }
    }
}

package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

class AirbenchTest {
    private static final int SIDE = 16;
    private static final int[][] LABELS = {{0}, {1}, {2}, {1}};
    private static final double STEP = 1e-6;

    private static MultiDataSet batch(final NetworkSpec spec) {
        return Specs.batch(Specs.images(LABELS.length, SIDE, 3), LABELS, spec);
    }

    @Test
    void gradientsAreThoseOfTheScore() {
        final NetworkSpec spec = Specs.of(NetworkSpec.Backbone.AIRBENCH, SIDE, 6);
        final ComputationGraph graph =
                new ComputationGraph(DpqNetwork.configuration(spec, DataType.DOUBLE, new ArrayList<>()));
        graph.init();
        final MultiDataSet floats = batch(spec);
        final INDArray[] labels = new INDArray[floats.getLabels().length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = floats.getLabels(i).castTo(DataType.DOUBLE);
        }
        final INDArray[] images = {floats.getFeatures(0).castTo(DataType.DOUBLE)};
        graph.setInputs(images);
        graph.setLabels(labels);
        graph.computeGradientAndScore();
        final Map<String, INDArray> gradients = graph.gradient().gradientForVariable();

        for (final String name :
                new String[] {"stage1_conv1_W", "stage2_conv1_W", "stage3_conv2_W", "stage1_conv2_bn_gamma"}) {
            // Where it is steepest, so that no gradient of zero agrees with everything.
            final INDArray gradient = gradients.get(name).dup('c').ravel();
            final long at = Transforms.abs(gradient).argMax().getLong(0);
            final double analytic = gradient.getDouble(at) / LABELS.length;
            assertThat(Math.abs(analytic)).as(name).isGreaterThan(1e-3);
            final double above = score(graph, name, at, STEP, images, labels);
            final double below = score(graph, name, at, -STEP, images, labels);
            assertThat(analytic).as(name).isCloseTo((above - below) / (2 * STEP), within(1e-5));
        }
    }

    /** In training mode, in which batch normalisation sees the batch. */
    private static double score(
            final ComputationGraph graph,
            final String name,
            final long at,
            final double step,
            final INDArray[] images,
            final INDArray[] labels) {
        final INDArray values = graph.getParam(name);
        final INDArray flat = values.dup('c').ravel();
        final INDArray before = values.dup();
        flat.putScalar(at, flat.getDouble(at) + step);
        values.assign(flat.reshape('c', values.shape()));
        graph.setInputs(images);
        graph.setLabels(labels);
        final double score = graph.score(new MultiDataSet(images, labels), true);
        values.assign(before);
        return score;
    }

    @Test
    void filtersThatWhitenStayAsTheyWereSet() {
        final NetworkSpec spec = Specs.of(NetworkSpec.Backbone.AIRBENCH, SIDE, 6);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final float[][] filters = Specs.gaussian(DpqNetwork.PATCH_VALUES, DpqNetwork.PATCH_VALUES, 4);
        DpqNetwork.setWhitening(graph, filters);
        final INDArray learnt = graph.getParam("stage1_conv1_W").dup();

        graph.fit(batch(spec));

        assertThat(graph.getParam("stage1_conv1_W")).isNotEqualTo(learnt);
        final INDArray kept = graph.getParam(DpqNetwork.WHITENING + "_W");
        assertThat(kept.shape()).containsExactly(24, 3, 2, 2);
        for (int f = 0; f < filters.length; f++) {
            // A patch's values are in the order of channel, row and column, which is that of the filters.
            assertThat(kept.slice(f).dup('c').data().asFloat()).isEqualTo(filters[f]);
            assertThat(kept.slice(f + filters.length).neg()).isEqualTo(kept.slice(f));
        }
        final INDArray image = Nd4j.createFromArray(Specs.images(1, SIDE, 8)).reshape('c', 1, 3, SIDE, SIDE);
        double expected = 0;
        for (int value = 0; value < DpqNetwork.PATCH_VALUES; value++) {
            expected += filters[5][value] * image.getDouble(0, value / 4, 7 + value / 2 % 2, 3 + value % 2);
        }
        final INDArray seen = graph.feedForward(new INDArray[] {image}, false).get("whitened");
        assertThat(seen.getDouble(0, 5, 7, 3)).isCloseTo(gelu(expected), within(1e-4));
        assertThat(seen.getDouble(0, 17, 7, 3)).isCloseTo(gelu(-expected), within(1e-4));
    }

    /** By the sigmoid (arXiv 1606.08415, section 2). */
    private static double gelu(final double x) {
        return x / (1 + Math.exp(-1.702 * x));
    }
}

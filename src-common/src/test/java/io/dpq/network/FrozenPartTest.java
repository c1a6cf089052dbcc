package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.OnnxEmbedder;
import java.util.Objects;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** A network trained whole and the same network trained behind its frozen part must come to the same. */
class FrozenPartTest {
    private static final int SIDE = 47;
    private static final int VALUES = 3 * SIDE * SIDE;
    private static final int[][] LABELS = {{0}, {1}, {2}};

    private static NetworkSpec spec(final NetworkSpec.Backbone backbone, final String frozenUpTo) {
        return Specs.with(
                Specs.of(backbone, SIDE, 6),
                Specs.backbone(backbone, Optional.empty(), Optional.ofNullable(frozenUpTo), true, 0));
    }

    /** What the frozen part yields, as the network itself computes it: no rounding may tell the two trainings apart. */
    private static INDArray features(final ComputationGraph whole, final FrozenPart part, final float[] images) {
        final INDArray tensors = Nd4j.createFromArray(images).reshape('c', images.length / VALUES, 3, SIDE, SIDE);
        return Objects.requireNonNull(
                whole.feedForward(new INDArray[] {tensors}, false).get(part.layer()));
    }

    private static double difference(final INDArray one, final INDArray other) {
        return one.sub(other).amaxNumber().doubleValue();
    }

    @ParameterizedTest
    @CsvSource({
        "SQUEEZENET, fire3_expand3x3, fire3_concat, 3",
        "SQUEEZENET, fire8_concat, pool8, 3",
        "SQUEEZENET, features, features, 1",
        "SIMPLE_CNN, conv2_bn, conv2_bn, 3",
        "RESNET_9, block1_conv2_bn, block1_sum, 3",
        "RESIDUAL_CNN, stage2_block1_relu, stage2_block1_relu, 3",
    })
    void theRestLearnsWhatTheWholeWould(
            final NetworkSpec.Backbone backbone, final String upTo, final String cut, final int rank) {
        final NetworkSpec spec = spec(backbone, upTo);
        final ComputationGraph whole = DpqNetwork.build(spec);
        final ComputationGraph twin = DpqNetwork.build(spec);
        final FrozenPart part = FrozenPart.of(twin, SIDE).orElseThrow();
        final ComputationGraph rest = part.rest();

        assertThat(part.layer()).isEqualTo(cut);
        assertThat(part.shape()).hasSize(rank);
        for (int step = 0; step < 3; step++) {
            final float[] images = Specs.images(3, SIDE, step);
            final MultiDataSet batch = Specs.batch(images, LABELS, spec);
            whole.fit(batch);
            rest.fit(new MultiDataSet(new INDArray[] {features(twin, part, images)}, batch.getLabels()));
        }
        assertThat(part.whole(rest)).isSameAs(twin);

        assertThat(rest.score()).isFinite();
        assertThat(twin.getIterationCount()).isEqualTo(3);
        assertThat(difference(twin.params(), whole.params())).isLessThan(1e-5);
        assertThat(difference(twin.params(), DpqNetwork.build(spec).params())).isGreaterThan(1e-2);
        assertThat(difference(
                        twin.getUpdater().getUpdaterStateViewArray(),
                        whole.getUpdater().getUpdaterStateViewArray()))
                .isLessThan(1e-5);
        // The rest alone embeds as the whole does.
        final float[] images = Specs.images(2, SIDE, 9);
        final INDArray features = features(twin, part, images);
        assertThat(difference(
                        DpqNetwork.embed(rest, features),
                        DpqNetwork.embed(twin, Nd4j.createFromArray(images).reshape('c', 2, 3, SIDE, SIDE))))
                .isLessThan(1e-5);
        // The executors compute the same by another engine.
        try (OnnxEmbedder embedder = new OnnxEmbedder(part.onnx(), SIDE, 1)) {
            assertThat(difference(
                            Nd4j.createFromArray(embedder.embed(images, 2)).reshape('c', features.shape()), features))
                    .isLessThan(1e-5 * features.amaxNumber().doubleValue());
        }
    }

    @Test
    void thereIsNoneWhereNothingIsFrozenOrSeveralLayersAreLookedAt() {
        assertThat(FrozenPart.of(DpqNetwork.build(spec(NetworkSpec.Backbone.SQUEEZENET, null)), SIDE))
                .isEmpty();
        // The next layers see the squeezed image and the first half of what it expands to.
        assertThat(FrozenPart.of(DpqNetwork.build(spec(NetworkSpec.Backbone.SQUEEZENET, "fire3_expand1x1")), SIDE))
                .isEmpty();
    }
}

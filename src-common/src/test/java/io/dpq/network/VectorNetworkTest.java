package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.model.Embedder;
import io.dpq.model.OnnxEmbedder;
import io.dpq.network.NetworkSpec.EmbeddingKind;
import io.dpq.network.NetworkSpec.EmbeddingSpec;
import io.dpq.quantizer.Codebooks;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Networks without backbone, on vectors, with labels and without. */
class VectorNetworkTest {
    private static final int COUNT = 30;

    private static MultiDataSet batch(final NetworkSpec spec) {
        final float[] vectors = Specs.gaussian(1, COUNT * spec.input().size(), 3)[0];
        final int[][] labels = new int[COUNT][spec.classes() == 0 ? 0 : 1];
        for (int i = 0; i < vectors.length; i++) {
            final int example = i / spec.input().size();
            vectors[i] = 0.1f * vectors[i] + (i % 3 == example % 3 ? 1 : 0);
            if (spec.classes() > 0) {
                labels[example][0] = example % 3;
            }
        }
        return Specs.batch(vectors, labels, spec);
    }

    @ParameterizedTest
    @CsvSource({
        "6, IDENTITY, 6, false",
        "6, IDENTITY, 6, true",
        "6, LINEAR, 4, true",
        "6, LINEAR, 4, false",
        "6, TANH, 8, true"
    })
    void trainingLowersTheLoss(
            final int length, final EmbeddingKind kind, final int dimensions, final boolean supervised) {
        final NetworkSpec spec = Specs.vectors(length, new EmbeddingSpec(kind, dimensions), supervised);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = batch(spec);
        final double before = graph.score(batch, false);

        for (int i = 0; i < 40; i++) {
            graph.fit(batch);
        }

        assertThat(before).isPositive().isFinite();
        assertThat(graph.score(batch, false)).isLessThan(0.8 * before);
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        assertThat(restored.getConfiguration()).isEqualTo(graph.getConfiguration());
        assertThat(DpqNetwork.embed(restored, batch.getFeatures(0)))
                .isEqualTo(DpqNetwork.embed(graph, batch.getFeatures(0)));
    }

    @Test
    void withoutClassesThereIsNoClassification() {
        final ComputationGraph graph =
                DpqNetwork.build(Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.IDENTITY, 6), false));

        assertThat(graph.getConfiguration().getNetworkOutputs()).containsExactly(DpqNetwork.QUANTIZATION);
        // The codebooks are all there is to learn.
        assertThat(graph.numParams()).isEqualTo(2 * 4 * 6);
        DpqNetwork.setLossWeights(graph, new NetworkSpec.LossWeights(0, 0, 1, 1, 0.1).semanticOnly());
        final Codebooks before = DpqNetwork.codebooks(graph);
        graph.fit(batch(Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.IDENTITY, 6), false)));
        assertThat(DpqNetwork.codebooks(graph)).isEqualTo(before);
        assertThat(graph.score()).isZero();
    }

    @Test
    void imagesNeedNoLabelsEither() {
        final NetworkSpec images = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);
        final NetworkSpec spec = new NetworkSpec(
                0,
                images.input(),
                images.backbone(),
                images.embedding(),
                images.quantization(),
                new NetworkSpec.LossWeights(0, 0, 1, 1, 0.1),
                new float[0][],
                images.optimizer(),
                100,
                0,
                7,
                false);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final MultiDataSet batch = Specs.batch(Specs.images(4, 8, 3), new int[4][0], spec);
        final double before = graph.score(batch, false);
        for (int i = 0; i < 20; i++) {
            graph.fit(batch);
        }
        assertThat(graph.score(batch, false)).isLessThan(before);
    }

    @Test
    void theIdentityEmbedsEveryVectorAsItIsEvenInTraining() {
        final NetworkSpec spec = Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.IDENTITY, 6), true);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final INDArray vectors = batch(spec).getFeatures(0);

        assertThat(DpqNetwork.embed(graph, vectors)).isEqualTo(vectors);
        assertThat(graph.feedForward(new INDArray[] {vectors}, true).get(DpqNetwork.EMBEDDING))
                .isEqualTo(vectors);
    }

    @Test
    void theLinearEmbeddingIsNotBounded() {
        final NetworkSpec spec = Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.LINEAR, 4), true);
        final ComputationGraph graph = DpqNetwork.build(spec);
        final INDArray vectors = batch(spec).getFeatures(0).mul(100);
        final INDArray expected = vectors.mmul(
                        graph.getLayer(DpqNetwork.EMBEDDING).getParam("W"))
                .addiRowVector(graph.getLayer(DpqNetwork.EMBEDDING).getParam("b"));

        assertThat(DpqNetwork.embed(graph, vectors).equalsWithEps(expected, 1e-3))
                .isTrue();
        assertThat(expected.amaxNumber().doubleValue()).isGreaterThan(10);
    }

    @ParameterizedTest
    @CsvSource({"IDENTITY, 6", "LINEAR, 4", "TANH, 4"})
    void theExportComputesWhatTheGraphDoes(final EmbeddingKind kind, final int dimensions) {
        final NetworkSpec spec = Specs.vectors(6, new EmbeddingSpec(kind, dimensions), true);
        final ComputationGraph graph = DpqNetwork.build(spec);

        assertThat(ExportParity.of(graph, EncoderExport.toOnnx(graph), spec.input(), 1))
                .isLessThan(1e-5);
        try (NetworkEmbedder embedder = new NetworkEmbedder(NetworkZip.write(graph, false), spec.input())) {
            assertThat(embedder.dimensions()).isEqualTo(dimensions);
            final float[] vectors = Specs.gaussian(1, 18, 4)[0];
            assertThat(embedder.embed(vectors, 3))
                    .isEqualTo(DpqNetwork.embed(
                                    graph, Nd4j.createFromArray(vectors).reshape(3, 6))
                            .dup('c')
                            .data()
                            .asFloat());
        }
    }

    /** ONNX Runtime hands vectors on as they are; who does so without it must hand on the same, and nothing else. */
    @ParameterizedTest
    @CsvSource({"IDENTITY, 6", "LINEAR, 6", "TANH, 6"})
    void onlyTheIdentityDoesWithoutARuntime(final EmbeddingKind kind, final int dimensions) {
        final NetworkSpec spec = Specs.vectors(6, new EmbeddingSpec(kind, dimensions), true);
        final byte[] onnx = EncoderExport.toOnnx(DpqNetwork.build(spec));
        final Optional<Embedder> identity = IdentityEmbedder.of(onnx);
        assertThat(identity.isPresent()).isEqualTo(kind == EmbeddingKind.IDENTITY);
        if (identity.isEmpty()) {
            return;
        }
        final float[] vectors = Specs.gaussian(1, 18, 4)[0];
        vectors[3] = Float.MIN_VALUE;
        vectors[4] = -0f;
        try (OnnxEmbedder runtime = new OnnxEmbedder(onnx, 1, 1);
                Embedder embedder = identity.get()) {
            assertThat(embedder.dimensions()).isEqualTo(runtime.dimensions());
            assertThat(embedder.vectorLength()).isEqualTo(runtime.vectorLength());
            final float[][] apart = new float[3][];
            for (int i = 0; i < 3; i++) {
                apart[i] = Arrays.copyOfRange(vectors, 6 * i, 6 * (i + 1));
            }
            final float[] together = new float[18];
            embedder.embed(apart, together);
            assertThat(together).isEqualTo(vectors).isEqualTo(runtime.embed(vectors, 3));
            final float[] embedded = embedder.embed(vectors, 2);
            assertThat(embedded).isEqualTo(Arrays.copyOf(vectors, 12)).isNotSameAs(vectors);
            assertThatThrownBy(() -> embedder.embed(vectors, 4)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> embedder.embed(new float[][] {new float[5]}, new float[6]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void whatIsNoIdentityIsLeftToTheRuntime() {
        assertThat(IdentityEmbedder.of(new byte[] {1, 2, 3})).isEmpty();
        final OnnxGraph images = new OnnxGraph();
        images.input("image", "N", 3, 4, 4);
        images.node("Identity", "embedding", List.of("image"));
        images.output("embedding", "N", 3, 4, 4);
        assertThat(IdentityEmbedder.of(images.toBytes())).isEmpty();
        final OnnxGraph open = new OnnxGraph();
        open.input("vector", "N", "D");
        open.node("Identity", "embedding", List.of("vector"));
        open.output("embedding", "N", "D");
        assertThat(IdentityEmbedder.of(open.toBytes())).isEmpty();
        final OnnxGraph constant = new OnnxGraph();
        constant.input("vector", "N", 2);
        constant.constant("one", Nd4j.ones(1, 2));
        constant.node("Identity", "embedding", List.of("one"));
        constant.output("embedding", "N", 2);
        assertThat(IdentityEmbedder.of(constant.toBytes())).isEmpty();
        final OnnxGraph twice = new OnnxGraph();
        twice.input("vector", "N", 2);
        twice.node("Identity", "same", List.of("vector"));
        twice.node("Identity", "embedding", List.of("same"));
        twice.output("embedding", "N", 2);
        assertThat(IdentityEmbedder.of(twice.toBytes()))
                .map(Embedder::dimensions)
                .contains(2);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        final NetworkSpec good = Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.IDENTITY, 6), false);
        assertThatThrownBy(
                        () -> DpqNetwork.check(Specs.vectors(6, new EmbeddingSpec(EmbeddingKind.IDENTITY, 5), false)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("embedding.dimensions")
                .hasMessageContaining("6 features");
        assertThatThrownBy(
                        () -> DpqNetwork.check(Specs.with(good, new NetworkSpec.LossWeights(1, 0, 1, 1, 0.1), false)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("loss.margin");
        assertThatThrownBy(() -> DpqNetwork.check(Specs.with(
                        good,
                        Specs.backbone(NetworkSpec.Backbone.SIMPLE_CNN, Optional.empty(), Optional.empty(), true, 0))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("backbone.kind");
        final NetworkSpec images = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);
        assertThatThrownBy(() -> DpqNetwork.check(Specs.with(images, good.backbone())))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("choose a backbone");
    }
}

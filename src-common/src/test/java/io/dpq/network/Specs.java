package io.dpq.network;

import io.dpq.quantizer.Similarity;
import java.util.Optional;
import java.util.Random;
import org.nd4j.linalg.dataset.MultiDataSet;

/** Small networks for tests, and random inputs for them. */
final class Specs {
    private Specs() {}

    static NetworkSpec of(final NetworkSpec.Backbone backbone, final int side, final int dimensions) {
        return new NetworkSpec(
                3,
                NetworkSpec.Input.images(side),
                backbone(backbone, Optional.empty(), Optional.empty(), backbone != NetworkSpec.Backbone.ALEXNET, 0),
                new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.TANH, dimensions),
                new NetworkSpec.QuantizationSpec(2, 4, Similarity.L2, 4, NetworkSpec.GradientMode.END_TO_END),
                new NetworkSpec.LossWeights(1, 0.1, 1, 1, 0.1),
                gaussian(3, dimensions, 5),
                optimizer(1),
                100,
                0,
                7,
                false);
    }

    static NetworkSpec.BackboneSpec backbone(
            final NetworkSpec.Backbone kind,
            final Optional<String> weights,
            final Optional<String> frozenUpTo,
            final boolean normalise,
            final double dropout) {
        return new NetworkSpec.BackboneSpec(kind, 4, 8, weights, normalise, frozenUpTo, dropout);
    }

    /** A network on vectors of three classes, or of none and without supervision. */
    static NetworkSpec vectors(final int length, final NetworkSpec.EmbeddingSpec embedding, final boolean supervised) {
        final NetworkSpec plain = of(NetworkSpec.Backbone.SIMPLE_CNN, 8, embedding.dimensions());
        return new NetworkSpec(
                supervised ? 3 : 0,
                NetworkSpec.Input.vectors(length),
                backbone(NetworkSpec.Backbone.NONE, Optional.empty(), Optional.empty(), true, 0.2),
                embedding,
                plain.quantization(),
                supervised ? plain.loss() : new NetworkSpec.LossWeights(0, 0, 1, 1, 0.1),
                supervised ? plain.labelVectors() : new float[0][],
                plain.optimizer(),
                100,
                0,
                7,
                false);
    }

    static MultiDataSet batch(final float[] images, final int[][] labels, final NetworkSpec spec) {
        return DpqNetwork.batch(images, labels, spec.classes(), spec.input(), DpqNetwork.outputs(spec));
    }

    static NetworkSpec with(final NetworkSpec spec, final NetworkSpec.BackboneSpec backbone) {
        return new NetworkSpec(
                spec.classes(),
                spec.input(),
                backbone,
                spec.embedding(),
                spec.quantization(),
                spec.loss(),
                spec.labelVectors(),
                spec.optimizer(),
                spec.totalSteps(),
                spec.semanticSteps(),
                spec.seed(),
                spec.severalLabels());
    }

    static NetworkSpec with(final NetworkSpec spec, final NetworkSpec.OptimizerSpec optimizer) {
        return new NetworkSpec(
                spec.classes(),
                spec.input(),
                spec.backbone(),
                spec.embedding(),
                spec.quantization(),
                spec.loss(),
                spec.labelVectors(),
                optimizer,
                spec.totalSteps(),
                spec.semanticSteps(),
                spec.seed(),
                spec.severalLabels());
    }

    static NetworkSpec with(final NetworkSpec spec, final NetworkSpec.LossWeights loss, final boolean severalLabels) {
        return new NetworkSpec(
                spec.classes(),
                spec.input(),
                spec.backbone(),
                spec.embedding(),
                spec.quantization(),
                loss,
                spec.labelVectors(),
                spec.optimizer(),
                spec.totalSteps(),
                spec.semanticSteps(),
                spec.seed(),
                severalLabels);
    }

    /** The same network, but that its joint stage begins after the given steps. */
    static NetworkSpec jointFrom(final NetworkSpec spec, final int semanticSteps) {
        return new NetworkSpec(
                spec.classes(),
                spec.input(),
                spec.backbone(),
                spec.embedding(),
                spec.quantization(),
                spec.loss(),
                spec.labelVectors(),
                spec.optimizer(),
                spec.totalSteps(),
                semanticSteps,
                spec.seed(),
                spec.severalLabels());
    }

    static NetworkSpec.OptimizerSpec optimizer(final double backboneFactor) {
        return new NetworkSpec.OptimizerSpec(
                NetworkSpec.OptimizerSpec.Kind.ADAM,
                1e-2,
                0.9,
                0,
                1,
                backboneFactor,
                1,
                1,
                1e-2,
                NetworkSpec.OptimizerSpec.Schedule.CONSTANT,
                0,
                1,
                1);
    }

    static float[][] gaussian(final int rows, final int columns, final long seed) {
        final Random random = new Random(seed);
        final float[][] values = new float[rows][columns];
        for (final float[] row : values) {
            for (int c = 0; c < columns; c++) {
                row[c] = (float) random.nextGaussian();
            }
        }
        return values;
    }

    static float[] images(final int count, final int side, final long seed) {
        return gaussian(1, count * 3 * side * side, seed)[0];
    }
}

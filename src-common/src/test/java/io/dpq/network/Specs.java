package io.dpq.network;

import java.util.Optional;
import java.util.Random;
import org.nd4j.linalg.dataset.MultiDataSet;

/** Small networks for tests, and random inputs for them. */
final class Specs {
    private Specs() {}

    static NetworkSpec of(final NetworkSpec.Backbone backbone, final int side, final int dimensions) {
        return new NetworkSpec(
                3,
                side,
                backbone,
                4,
                Optional.empty(),
                backbone != NetworkSpec.Backbone.ALEXNET,
                Optional.empty(),
                0,
                dimensions,
                2,
                4,
                NetworkSpec.Similarity.L2,
                4,
                NetworkSpec.GradientMode.END_TO_END,
                new NetworkSpec.LossWeights(1, 0.1, 1, 1, 0.1),
                gaussian(3, dimensions, 5),
                optimizer(1),
                100,
                0,
                7,
                false);
    }

    static MultiDataSet batch(final float[] images, final int[][] labels, final NetworkSpec spec) {
        return DpqNetwork.batch(images, labels, spec.classes(), spec.inputSide());
    }

    /** The same network, but that its joint stage begins after the given steps. */
    static NetworkSpec jointFrom(final NetworkSpec spec, final int semanticSteps) {
        return new NetworkSpec(
                spec.classes(),
                spec.inputSide(),
                spec.backbone(),
                spec.backboneWidth(),
                spec.weights(),
                spec.normaliseFeatures(),
                spec.frozenUpTo(),
                spec.dropout(),
                spec.dimensions(),
                spec.levels(),
                spec.codewords(),
                spec.similarity(),
                spec.gamma(),
                spec.gradient(),
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
                backboneFactor,
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

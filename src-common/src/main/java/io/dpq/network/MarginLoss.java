package io.dpq.network;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The adaptive margin loss L_S of arXiv 1906.06698 on one batch: for each image, each of its labels i and each class j,
 * max(0, δ_ij − cos(v_i, x) + cos(v_j, x)) with δ_ij = 1 − cos(v_i, v_j), divided by classes × pairs of image and label.
 * Scores and gradient are N times as large, because Deeplearning4j divides both by the batch. A vector of no length has
 * cosine 0 with everything and gets no gradient.
 */
final class MarginLoss {
    private final INDArray directions;
    private final INDArray unitX;
    private final double[] inverseNorms;
    private final double[] scores;
    private final INDArray gradientOfCosines;

    /**
     * Computes scores and the gradient of the cosines.
     *
     * @param labelVectors [classes][D]
     * @param x embeddings [N, D]
     * @param labels multi-hot [N, classes]
     */
    MarginLoss(final float[][] labelVectors, final INDArray x, final INDArray labels) {
        final INDArray vectors = Nd4j.createFromArray(labelVectors).castTo(x.dataType());
        this.directions = Vectors.unit(vectors, Vectors.inverseNorms(vectors));
        this.inverseNorms = Vectors.inverseNorms(x);
        this.unitX = Vectors.unit(x, inverseNorms);
        final double[][] cosines = unitX.mmul(directions.transpose()).toDoubleMatrix();
        final double[][] between = directions.mmul(directions.transpose()).toDoubleMatrix();
        final double[][] wanted = labels.toDoubleMatrix();
        final int classes = labelVectors.length;
        double pairs = 0;
        for (final double[] row : wanted) {
            for (final double label : row) {
                pairs += label > 0 ? 1 : 0;
            }
        }
        final double scale = pairs == 0 ? 0 : cosines.length / (classes * pairs);
        this.scores = new double[cosines.length];
        final double[][] gradient = new double[cosines.length][classes];
        for (int n = 0; n < cosines.length; n++) {
            for (int i = 0; i < classes; i++) {
                for (int j = 0; wanted[n][i] > 0 && j < classes; j++) {
                    final double violation = 1 - between[i][j] - cosines[n][i] + cosines[n][j];
                    // The class itself has no margin to itself; rounding must not give it one.
                    if (i != j && violation > 0) {
                        scores[n] += scale * violation;
                        gradient[n][i] -= scale;
                        gradient[n][j] += scale;
                    }
                }
            }
        }
        this.gradientOfCosines = Nd4j.createFromArray(gradient).castTo(x.dataType());
    }

    /** What each image adds, length N. */
    double[] scores() {
        return scores;
    }

    /** The gradient with respect to the embeddings [N, D]. */
    INDArray gradient() {
        return Vectors.throughUnit(gradientOfCosines.mmul(directions), unitX, inverseNorms);
    }
}

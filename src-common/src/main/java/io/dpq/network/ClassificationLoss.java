package io.dpq.network;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The classification loss L_C of arXiv 1906.06698 from logits [N, classes] against multi-hot labels: softmax cross-entropy
 * where an image has one label, the mean of the sigmoid cross-entropies of the classes where it may have several. An image
 * without a label adds nothing, which Deeplearning4j's own losses do not grant. Label smoothing (arXiv 1512.00567) replaces a
 * target t by (1 − s)·t + s / classes, or by (1 − s)·t + s / 2 for the sigmoid, whose classes are pairs of yes and no. Immutable
 * and thread-safe.
 *
 * @param weight λ
 * @param several whether images may have several labels
 * @param smoothing s, 0…1
 */
record ClassificationLoss(
        @JsonProperty("weight") double weight,
        @JsonProperty("several") boolean several,
        @JsonProperty("smoothing") double smoothing)
        implements ILossFunction {
    @JsonCreator
    ClassificationLoss {}

    /** The same loss at another weight. */
    ClassificationLoss with(final double other) {
        return new ClassificationLoss(other, several, smoothing);
    }

    @Override
    public double computeScore(
            final INDArray labels,
            final INDArray preOutput,
            final IActivation activation,
            final INDArray mask,
            final boolean average) {
        final double sum = computeScoreArray(labels, preOutput, activation, mask)
                .sumNumber()
                .doubleValue();
        return average ? sum / preOutput.size(0) : sum;
    }

    @Override
    public INDArray computeScoreArray(
            final INDArray labels, final INDArray preOutput, final IActivation activation, final INDArray mask) {
        final double[][] logits = preOutput.toDoubleMatrix();
        final double[][] targets = labels.toDoubleMatrix();
        final INDArray scores = Nd4j.zeros(preOutput.dataType(), logits.length, 1);
        for (int i = 0; i < logits.length; i++) {
            scores.putScalar(i, 0, score(logits[i], targets[i]));
        }
        return scores;
    }

    private double score(final double[] logits, final double[] target) {
        final double count = sum(target);
        if (weight == 0 || count == 0) {
            return 0;
        }
        double score = 0;
        if (several) {
            for (int c = 0; c < logits.length; c++) {
                // log(1 + e^z) − t·z, written so that no exponential overflows.
                score += Math.max(logits[c], 0)
                        + Math.log1p(Math.exp(-Math.abs(logits[c])))
                        - smooth(target[c], 2) * logits[c];
            }
            return weight * score / logits.length;
        }
        final double normaliser = logSumExp(logits);
        for (int c = 0; c < logits.length; c++) {
            score += smooth(target[c] / count, logits.length) * (normaliser - logits[c]);
        }
        return weight * score;
    }

    @Override
    public INDArray computeGradient(
            final INDArray labels, final INDArray preOutput, final IActivation activation, final INDArray mask) {
        final double[][] gradient = preOutput.toDoubleMatrix();
        final double[][] targets = labels.toDoubleMatrix();
        for (int i = 0; i < gradient.length; i++) {
            differentiate(gradient[i], targets[i]);
        }
        return Nd4j.createFromArray(gradient).castTo(preOutput.dataType());
    }

    /** Turns logits into the gradient with respect to them. */
    private void differentiate(final double[] logits, final double[] target) {
        final double count = sum(target);
        final double normaliser = logSumExp(logits);
        for (int c = 0; c < logits.length; c++) {
            if (weight == 0 || count == 0) {
                logits[c] = 0;
            } else if (several) {
                logits[c] = weight * (1 / (1 + Math.exp(-logits[c])) - smooth(target[c], 2)) / logits.length;
            } else {
                logits[c] = weight * (Math.exp(logits[c] - normaliser) - smooth(target[c] / count, logits.length));
            }
        }
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
            final INDArray labels,
            final INDArray preOutput,
            final IActivation activation,
            final INDArray mask,
            final boolean average) {
        return new Pair<>(
                computeScore(labels, preOutput, activation, mask, average),
                computeGradient(labels, preOutput, activation, mask));
    }

    @Override
    public String name() {
        return "dpq-classification";
    }

    private double smooth(final double target, final int outcomes) {
        return (1 - smoothing) * target + smoothing / outcomes;
    }

    private static double sum(final double[] values) {
        double sum = 0;
        for (final double value : values) {
            sum += value;
        }
        return sum;
    }

    private static double logSumExp(final double[] values) {
        double largest = Double.NEGATIVE_INFINITY;
        for (final double value : values) {
            largest = Math.max(largest, value);
        }
        double sum = 0;
        for (final double value : values) {
            sum += Math.exp(value - largest);
        }
        return largest + Math.log(sum);
    }
}

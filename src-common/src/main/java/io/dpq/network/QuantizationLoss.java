package io.dpq.network;

import java.util.Arrays;
import java.util.Objects;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The losses of Deep Progressive Quantization (arXiv 1906.06698) on the embedding and on every level's state: adaptive margin
 * against label vectors, soft and hard distortion of each prefix, the match of the last soft and hard prefix, and, ours, how well
 * embeddings find one another and each prefix ({@link RetrievalLoss}). Its input is
 * {@code [x | r_1 H_1 S_1 | … | r_L H_L S_L]}, [N, D + 3·D·L]; its labels are multi-hot [N, classes]. Scores are sums over the
 * batch of what averages to the loss, because Deeplearning4j divides scores and gradients by N itself. Immutable and
 * thread-safe.
 *
 * @param margin weight of the adaptive margin loss
 * @param soft weight of Σ_l mean ‖x − S_l‖² (τ)
 * @param hard weight of Σ_l mean ‖x − H_l‖² (τμ)
 * @param match weight of mean ‖S_L − H_L‖² (τν)
 * @param retrieval weight of finding embeddings
 * @param prefixRetrieval weight of finding each hard prefix; what would move it moves its codewords and, straight through, x
 * @param sharpness κ of both
 * @param endToEnd whether distortions move the embedding, or only the codebooks
 * @param dimensions D
 * @param levels L
 * @param labelVectors [classes][D]; only their directions matter
 */
@SuppressWarnings("ArrayRecordComponent") // Value equality is defined below; Deeplearning4j compares configurations.
record QuantizationLoss(
        @JsonProperty("margin") double margin,
        @JsonProperty("soft") double soft,
        @JsonProperty("hard") double hard,
        @JsonProperty("match") double match,
        @JsonProperty("retrieval") double retrieval,
        @JsonProperty("prefixRetrieval") double prefixRetrieval,
        @JsonProperty("sharpness") double sharpness,
        @JsonProperty("endToEnd") boolean endToEnd,
        @JsonProperty("dimensions") int dimensions,
        @JsonProperty("levels") int levels,
        @JsonProperty("labelVectors") float[][] labelVectors)
        implements ILossFunction {
    @JsonCreator
    QuantizationLoss {}

    static QuantizationLoss of(final NetworkSpec spec) {
        return new QuantizationLoss(
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0,
                        spec.quantization().gradient() == NetworkSpec.GradientMode.END_TO_END,
                        spec.embedding().dimensions(),
                        spec.quantization().levels(),
                        spec.labelVectors())
                .with(spec.loss());
    }

    /** The same loss with other weights. */
    QuantizationLoss with(final NetworkSpec.LossWeights weights) {
        return new QuantizationLoss(
                weights.margin(),
                weights.distortion(),
                weights.distortion() * weights.hard(),
                weights.distortion() * weights.match(),
                weights.retrieval(),
                weights.prefixRetrieval(),
                weights.sharpness(),
                endToEnd,
                dimensions,
                levels,
                labelVectors);
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
        final INDArray x = embedding(preOutput);
        final INDArray scores = Nd4j.zeros(preOutput.dataType(), preOutput.size(0), 1);
        for (int level = 0; level < levels; level++) {
            addDistance(scores, soft, x, softPrefix(preOutput, level));
            addDistance(scores, hard, x, hardPrefix(preOutput, level));
        }
        addDistance(scores, match, softPrefix(preOutput, levels - 1), hardPrefix(preOutput, levels - 1));
        if (margin != 0) {
            add(scores, margin, new MarginLoss(labelVectors, x, labels).scores());
        }
        if (retrieval != 0) {
            add(scores, retrieval, new RetrievalLoss(x, x, labels, sharpness).scores());
        }
        for (int level = 0; prefixRetrieval != 0 && level < levels; level++) {
            final INDArray items = hardPrefix(preOutput, level);
            add(scores, prefixRetrieval, new RetrievalLoss(x, items, labels, sharpness).scores());
        }
        return scores;
    }

    private static void add(final INDArray scores, final double weight, final double[] more) {
        for (int i = 0; i < more.length; i++) {
            scores.putScalar(i, 0, scores.getDouble(i, 0) + weight * more[i]);
        }
    }

    private void addDistance(final INDArray scores, final double weight, final INDArray left, final INDArray right) {
        if (weight != 0) {
            final INDArray difference = left.sub(right);
            scores.addi(difference.muli(difference).sum(true, 1).muli(weight / dimensions));
        }
    }

    @Override
    public INDArray computeGradient(
            final INDArray labels, final INDArray preOutput, final IActivation activation, final INDArray mask) {
        final INDArray x = embedding(preOutput);
        final INDArray gradient = Nd4j.zeros(preOutput.dataType(), preOutput.shape());
        final INDArray gradientOfX = embedding(gradient);
        for (int level = 0; level < levels; level++) {
            pull(soft, x, softPrefix(preOutput, level), gradientOfX, softPrefix(gradient, level));
            pull(hard, x, hardPrefix(preOutput, level), gradientOfX, hardPrefix(gradient, level));
        }
        if (!endToEnd) {
            gradientOfX.assign(0);
        }
        final int last = levels - 1;
        pull(
                match,
                softPrefix(preOutput, last),
                hardPrefix(preOutput, last),
                softPrefix(gradient, last),
                hardPrefix(gradient, last));
        if (margin != 0) {
            gradientOfX.addi(new MarginLoss(labelVectors, x, labels).gradient().muli(margin));
        }
        if (retrieval != 0) {
            final RetrievalLoss loss = new RetrievalLoss(x, x, labels, sharpness);
            gradientOfX.addi(
                    loss.gradientOfQueries().addi(loss.gradientOfItems()).muli(retrieval));
        }
        for (int level = 0; prefixRetrieval != 0 && level < levels; level++) {
            final RetrievalLoss loss = new RetrievalLoss(x, hardPrefix(preOutput, level), labels, sharpness);
            final INDArray ofItems = loss.gradientOfItems().muli(prefixRetrieval);
            hardPrefix(gradient, level).addi(ofItems);
            gradientOfX.addi(loss.gradientOfQueries().muli(prefixRetrieval)).addi(ofItems);
        }
        return gradient;
    }

    private void pull(
            final double weight,
            final INDArray left,
            final INDArray right,
            final INDArray gradientOfLeft,
            final INDArray gradientOfRight) {
        if (weight != 0) {
            final INDArray difference = left.sub(right).muli(2 * weight / dimensions);
            gradientOfLeft.addi(difference);
            gradientOfRight.subi(difference);
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
        return "dpq-quantization";
    }

    private INDArray embedding(final INDArray whole) {
        return columns(whole, 0);
    }

    private INDArray hardPrefix(final INDArray whole, final int level) {
        return columns(whole, 2 + 3 * level);
    }

    private INDArray softPrefix(final INDArray whole, final int level) {
        return columns(whole, 3 + 3 * level);
    }

    private INDArray columns(final INDArray whole, final int block) {
        return whole.get(
                NDArrayIndex.all(), NDArrayIndex.interval((long) block * dimensions, (long) (block + 1) * dimensions));
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof QuantizationLoss that
                && margin == that.margin
                && soft == that.soft
                && hard == that.hard
                && match == that.match
                && retrieval == that.retrieval
                && prefixRetrieval == that.prefixRetrieval
                && sharpness == that.sharpness
                && endToEnd == that.endToEnd
                && dimensions == that.dimensions
                && levels == that.levels
                && Arrays.deepEquals(labelVectors, that.labelVectors);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                margin,
                soft,
                hard,
                match,
                retrieval,
                prefixRetrieval,
                sharpness,
                endToEnd,
                dimensions,
                levels,
                Arrays.deepHashCode(labelVectors));
    }
}

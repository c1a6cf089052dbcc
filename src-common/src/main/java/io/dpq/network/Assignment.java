package io.dpq.network;

import io.dpq.quantizer.Similarity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The hard and the soft assignment of residuals [N, D] to a codebook [K, D], and the way back (arXiv 1906.06698). With L2 the
 * scores are 2⟨r, c⟩ − ‖c‖², which differ from −‖r − c‖² by a constant of the row that neither softmax nor argmax sees. Ties go
 * to the lowest codeword, as in {@link io.dpq.quantizer.ResidualEncoder}.
 */
final class Assignment {
    private final INDArray residual;
    private final INDArray codebook;
    private final Similarity similarity;
    private final double gamma;
    /** Unit residuals and codewords, which only the cosine needs; otherwise the vectors themselves. */
    private final INDArray left;

    private final INDArray right;
    private final double[] inverseResidualNorms;
    private final double[] inverseCodewordNorms;
    private final int[] chosen;
    /** softmax(γ·scores), [N, K]. */
    private final INDArray probabilities;

    Assignment(final INDArray residual, final INDArray codebook, final Similarity similarity, final double gamma) {
        this.residual = residual;
        this.codebook = codebook;
        this.similarity = similarity;
        this.gamma = gamma;
        final INDArray scores;
        if (similarity == Similarity.COSINE) {
            this.inverseResidualNorms = Vectors.inverseNorms(residual);
            this.inverseCodewordNorms = Vectors.inverseNorms(codebook);
            this.left = Vectors.unit(residual, inverseResidualNorms);
            this.right = Vectors.unit(codebook, inverseCodewordNorms);
            scores = left.mmul(right.transpose());
        } else {
            this.inverseResidualNorms = new double[0];
            this.inverseCodewordNorms = new double[0];
            this.left = residual;
            this.right = codebook;
            final INDArray squares = codebook.mul(codebook).sum(1);
            scores = residual.mmul(codebook.transpose()).muli(2).subiRowVector(squares);
        }
        this.chosen = scores.argMax(1).toIntVector();
        final INDArray exponents = scores.subiColumnVector(scores.max(true, 1)).muli(gamma);
        final INDArray weights = Transforms.exp(exponents, false);
        this.probabilities = weights.diviColumnVector(weights.sum(true, 1));
    }

    /** The codewords chosen, counted from 0. */
    int[] chosen() {
        return chosen.clone();
    }

    /** h, a fresh array [N, D]. */
    INDArray hard() {
        return Nd4j.pullRows(codebook, 1, chosen);
    }

    /** q, a fresh array [N, D]. */
    INDArray soft() {
        return probabilities.mmul(codebook);
    }

    /**
     * Gradients with respect to the inputs.
     *
     * @param ofHard gradient with respect to h, [N, D]
     * @param ofSoft gradient with respect to q, [N, D]
     */
    Gradients backward(final INDArray ofHard, final INDArray ofSoft) {
        final INDArray choice = Nd4j.zeros(codebook.dataType(), residual.size(0), codebook.size(0));
        for (int i = 0; i < chosen.length; i++) {
            choice.putScalar(i, chosen[i], 1);
        }
        final INDArray ofCodebook = choice.transpose().mmul(ofHard);
        ofCodebook.addi(probabilities.transpose().mmul(ofSoft));

        final INDArray ofProbabilities = ofSoft.mmul(codebook.transpose());
        final INDArray mean = ofProbabilities.mul(probabilities).sum(true, 1);
        final INDArray ofScores =
                ofProbabilities.subiColumnVector(mean).muli(probabilities).muli(gamma);
        if (similarity == Similarity.COSINE) {
            ofCodebook.addi(Vectors.throughUnit(ofScores.transpose().mmul(left), right, inverseCodewordNorms));
            return new Gradients(Vectors.throughUnit(ofScores.mmul(right), left, inverseResidualNorms), ofCodebook);
        }
        final INDArray pulled = ofScores.transpose().mmul(residual);
        final INDArray weights = ofScores.sum(0).reshape(codebook.size(0), 1);
        ofCodebook.addi(pulled.subi(codebook.mulColumnVector(weights)).muli(2));
        return new Gradients(ofScores.mmul(codebook).muli(2), ofCodebook);
    }

    /**
     * What flows back.
     *
     * @param residual [N, D]
     * @param codebook [K, D]
     */
    record Gradients(INDArray residual, INDArray codebook) {}
}

package io.dpq.network;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How well the embeddings of a batch, as queries, find the items of the batch that share a label with them, by the inner product
 * that search ranks by: for each query i the mean over its relevant items j ≠ i of −log softmax_j(κ/D · ⟨x_i, item_j⟩). It is the
 * supervised contrastive loss (arXiv 2004.11362, L_out) with quantized items and without unit length: the length of an item says
 * how sure it is, as in the search. A query without a relevant item adds nothing, and an item without a label, which may be of any
 * class, is none to rank. For one thread.
 */
final class RetrievalLoss {
    private final INDArray queries;
    private final INDArray items;
    private final double scale;
    private final double[] scores;
    private final INDArray gradientOfScores;

    /**
     * Computes scores and the gradient of the inner products.
     *
     * @param queries embeddings x [N, D]
     * @param items what stands for the same images in the database, [N, D]
     * @param labels multi-hot [N, classes]
     * @param sharpness κ
     */
    RetrievalLoss(final INDArray queries, final INDArray items, final INDArray labels, final double sharpness) {
        this.queries = queries;
        this.items = items;
        this.scale = sharpness / queries.size(1);
        final double[][] products = queries.mmul(items.transpose()).toDoubleMatrix();
        final double[][] shared = labels.mmul(labels.transpose()).toDoubleMatrix();
        final boolean[] labelled = new boolean[products.length];
        for (int i = 0; i < labelled.length; i++) {
            labelled[i] = shared[i][i] > 0;
        }
        this.scores = new double[products.length];
        for (int i = 0; i < products.length; i++) {
            final boolean[] ranked = labelled.clone();
            ranked[i] = false;
            scores[i] = differentiate(products[i], shared[i], ranked);
        }
        this.gradientOfScores = Nd4j.createFromArray(products).castTo(queries.dataType());
    }

    /** Turns a query's inner products into the gradient with respect to them; yields its score. */
    private double differentiate(final double[] products, final double[] shared, final boolean[] ranked) {
        int relevant = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < products.length; j++) {
            if (ranked[j]) {
                relevant += shared[j] > 0 ? 1 : 0;
                largest = Math.max(largest, scale * products[j]);
            }
        }
        if (relevant == 0) {
            Arrays.fill(products, 0);
            return 0;
        }
        double total = 0;
        double found = 0;
        for (int j = 0; j < products.length; j++) {
            if (ranked[j]) {
                total += Math.exp(scale * products[j] - largest);
                found += shared[j] > 0 ? scale * products[j] : 0;
            }
        }
        final double normaliser = largest + Math.log(total);
        for (int j = 0; j < products.length; j++) {
            products[j] = ranked[j]
                    ? scale * (Math.exp(scale * products[j] - normaliser) - (shared[j] > 0 ? 1.0 / relevant : 0))
                    : 0;
        }
        return normaliser - found / relevant;
    }

    /** What each query adds, length N; at least 0. */
    double[] scores() {
        return scores;
    }

    /** The gradient with respect to the queries, [N, D]. */
    INDArray gradientOfQueries() {
        return gradientOfScores.mmul(items);
    }

    /** The gradient with respect to the items, [N, D]. */
    INDArray gradientOfItems() {
        return gradientOfScores.transpose().mmul(queries);
    }
}

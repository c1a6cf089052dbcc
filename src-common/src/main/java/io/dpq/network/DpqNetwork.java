package io.dpq.network;

import io.dpq.quantizer.Codebooks;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** Builds the DPQ computation graph and reaches its parts. */
public final class DpqNetwork {
    private DpqNetwork() {}

    /** A new, initialised graph: pretrained backbone where the spec names weights. */
    public static ComputationGraph build(final NetworkSpec spec) {
        throw new UnsupportedOperationException();
    }

    /**
     * A training batch in the form the graph expects.
     *
     * @param images [N, 3, S, S], row-major
     * @param labels N rows of class indices; an empty row has no label
     */
    public static MultiDataSet batch(final float[] images, final int[][] labels, final NetworkSpec spec) {
        throw new UnsupportedOperationException();
    }

    /** Embeddings [N, D] of images [N, 3, S, S], in inference mode. */
    public static INDArray embed(final ComputationGraph graph, final INDArray images) {
        throw new UnsupportedOperationException();
    }

    /** The graph's codebooks. */
    public static Codebooks codebooks(final ComputationGraph graph) {
        throw new UnsupportedOperationException();
    }

    /** Replaces the graph's codebooks, as the K-means start does. */
    public static void setCodebooks(final ComputationGraph graph, final Codebooks codebooks) {
        throw new UnsupportedOperationException();
    }

    /** Switches the weights of the loss terms, as the step from the semantic to the joint stage does. */
    public static void setLossWeights(final ComputationGraph graph, final NetworkSpec.LossWeights weights) {
        throw new UnsupportedOperationException();
    }
}

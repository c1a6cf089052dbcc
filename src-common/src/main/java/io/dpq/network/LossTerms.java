package io.dpq.network;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What the terms of the loss of arXiv 1906.06698 add to it on one batch, weighted as they are at present, each at least 0.
 * Measured in inference mode, without dropout and by the running statistics of batch normalisation, so that their sum is near
 * the training loss and not equal to it.
 *
 * @param margin adaptive margin
 * @param classification cross-entropy, of all classifiers together
 * @param soft soft distortion of all prefixes
 * @param hard hard distortion of all prefixes
 * @param match distance of the last soft and hard prefix
 * @param retrieval embeddings and prefixes that are not found, of all together
 */
public record LossTerms(
        double margin, double classification, double soft, double hard, double match, double retrieval) {
    /**
     * Measures a batch by one forward pass; the graph's parameters stay as they are.
     *
     * @param graph built by {@link DpqNetwork}
     * @param batch made by {@link DpqNetwork#batch}
     */
    public static LossTerms of(final ComputationGraph graph, final MultiDataSet batch) {
        final Map<String, INDArray> activations = graph.feedForward(batch.getFeatures(), false, true);
        final List<String> outputs = graph.getConfiguration().getNetworkOutputs();
        LossTerms terms = new LossTerms(0, 0, 0, 0, 0, 0);
        for (int i = 0; i < outputs.size(); i++) {
            final String name = outputs.get(i);
            final Layer layer = graph.getLayer(name).conf().getLayer();
            if (layer instanceof LossLayer output && output.getLossFn() instanceof QuantizationLoss loss) {
                final INDArray states = input(graph, activations, name);
                terms = terms.plus(quantization(states, loss, batch.getLabels(i)));
            } else if (layer instanceof BaseOutputLayer output) {
                // From the logits: the activations are probabilities, which may have rounded to 0.
                final INDArray logits = input(graph, activations, name)
                        .mmul(graph.getLayer(name).getParam("W"))
                        .addiRowVector(graph.getLayer(name).getParam("b"));
                final double loss = output.getLossFn()
                        .computeScore(batch.getLabels(i), logits, new ActivationIdentity(), null, true);
                terms = terms.plus(new LossTerms(0, loss, 0, 0, 0, 0));
            }
        }
        return terms;
    }

    /** The sum of both, term by term. */
    private LossTerms plus(final LossTerms other) {
        return new LossTerms(
                margin + other.margin,
                classification + other.classification,
                soft + other.soft,
                hard + other.hard,
                match + other.match,
                retrieval + other.retrieval);
    }

    private static INDArray input(
            final ComputationGraph graph, final Map<String, INDArray> activations, final String name) {
        final List<String> from = Objects.requireNonNull(
                graph.getConfiguration().getVertexInputs().get(name));
        return Objects.requireNonNull(activations.get(from.get(0)));
    }

    private static LossTerms quantization(final INDArray states, final QuantizationLoss loss, final INDArray labels) {
        double soft = 0;
        double hard = 0;
        for (int level = 0; level < loss.levels(); level++) {
            soft += distance(states, 0, 3 + 3 * level, loss.dimensions());
            hard += distance(states, 0, 2 + 3 * level, loss.dimensions());
        }
        final int last = 3 * (loss.levels() - 1);
        return new LossTerms(
                loss.margin() == 0 ? 0 : loss.margin() * margin(states, loss, labels),
                0,
                loss.soft() * soft,
                loss.hard() * hard,
                loss.match() * distance(states, 3 + last, 2 + last, loss.dimensions()),
                retrieval(states, loss, labels));
    }

    private static double margin(final INDArray states, final QuantizationLoss loss, final INDArray labels) {
        return mean(new MarginLoss(loss.labelVectors(), columns(states, 0, loss.dimensions()), labels).scores());
    }

    private static double retrieval(final INDArray states, final QuantizationLoss loss, final INDArray labels) {
        final INDArray x = columns(states, 0, loss.dimensions());
        double sum = 0;
        if (loss.retrieval() != 0) {
            sum += loss.retrieval() * mean(new RetrievalLoss(x, x, labels, loss.sharpness()).scores());
        }
        for (int level = 0; loss.prefixRetrieval() != 0 && level < loss.levels(); level++) {
            final INDArray items = columns(states, 2 + 3 * level, loss.dimensions());
            sum += loss.prefixRetrieval() * mean(new RetrievalLoss(x, items, labels, loss.sharpness()).scores());
        }
        return sum;
    }

    private static double mean(final double[] scores) {
        return Arrays.stream(scores).average().orElse(0);
    }

    /** The mean over batch and dimensions of the squared difference of two blocks of columns. */
    private static double distance(final INDArray states, final int left, final int right, final int dimensions) {
        final INDArray difference = columns(states, left, dimensions).sub(columns(states, right, dimensions));
        return difference.muli(difference).meanNumber().doubleValue();
    }

    private static INDArray columns(final INDArray states, final int block, final int dimensions) {
        return states.get(
                NDArrayIndex.all(), NDArrayIndex.interval((long) block * dimensions, (long) (block + 1) * dimensions));
    }
}

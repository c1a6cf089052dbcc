package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import io.dpq.quantizer.Codebooks;
import io.dpq.train.random.Permutation;
import io.dpq.train.random.Seeds;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * Codebooks that learn alone, on embeddings that stand still: in the joint stage they follow an embedding that moves, and lag
 * behind it. They learn by the terms of the joint stage that look at codewords, distortion and retrieval of prefixes, in a
 * network of the quantization levels and nothing before them, on the driver. Stateless.
 */
final class CodebookRefinement {
    /** Embeddings of a step: enough of each class for retrieval to have something to rank. */
    private static final int BATCH = 128;

    private CodebookRefinement() {}

    /**
     * Learns.
     *
     * @param settings with the number of epochs, at least 1
     * @param spec of the whole network
     * @param sample embeddings
     * @param labels of each, in its order
     * @param start codebooks to begin from
     * @param say takes a line on every epoch
     * @throws UserException where the learning rate is so high that the loss is no number
     */
    static Codebooks refine(
            final TrainSettings settings,
            final NetworkSpec spec,
            final EmbeddingSample sample,
            final int[][] labels,
            final Codebooks start,
            final Consumer<String> say) {
        final int epochs = settings.refinement().epochs();
        final int batch = Math.min(BATCH, sample.count());
        final int batches = sample.count() / batch;
        final NetworkSpec levels =
                levelsOf(spec, settings.refinement().learningRate(), Math.multiplyExact(epochs, batches));
        final ComputationGraph graph = DpqNetwork.build(levels);
        DpqNetwork.setCodebooks(graph, start);
        final int dimensions = settings.dimensions();
        final float[] values = new float[batch * dimensions];
        final int[][] of = new int[batch][];
        for (int epoch = 0; epoch < epochs; epoch++) {
            final int[] order = Permutation.of(sample.count(), Seeds.mix(settings.seed(), -4 - (long) epoch));
            double loss = 0;
            for (int first = 0; first + batch <= sample.count(); first += batch) {
                for (int i = 0; i < batch; i++) {
                    final int row = order[first + i];
                    System.arraycopy(sample.vectors(), row * dimensions, values, i * dimensions, dimensions);
                    of[i] = labels[row];
                }
                graph.fit(DpqNetwork.batch(values, of, levels.classes(), levels.input(), DpqNetwork.outputs(levels)));
                loss += graph.score() / batches;
            }
            if (!Double.isFinite(loss)) {
                throw UserException.usage("The loss of the codebooks alone is no longer a number in epoch "
                        + (epoch + 1) + "; lower quantization.refine-learning-rate.");
            }
            say.accept(String.format(Locale.ROOT, "codebooks alone, epoch %d/%d  loss %.4f", epoch + 1, epochs, loss));
        }
        return DpqNetwork.codebooks(graph);
    }

    /** The network whose only weights are codebooks. */
    private static NetworkSpec levelsOf(final NetworkSpec spec, final double learningRate, final int steps) {
        final NetworkSpec.LossWeights loss = spec.loss();
        final NetworkSpec.OptimizerSpec optimizer = spec.optimizer();
        final NetworkSpec.QuantizationSpec quantization = spec.quantization();
        return new NetworkSpec(
                spec.classes(),
                NetworkSpec.Input.vectors(spec.embedding().dimensions()),
                new NetworkSpec.BackboneSpec(
                        NetworkSpec.Backbone.NONE, 0, 0, Optional.empty(), false, Optional.empty(), 0),
                new NetworkSpec.EmbeddingSpec(
                        NetworkSpec.EmbeddingKind.IDENTITY, spec.embedding().dimensions()),
                new NetworkSpec.QuantizationSpec(
                        quantization.levels(),
                        quantization.codewords(),
                        quantization.similarity(),
                        quantization.gamma(),
                        NetworkSpec.GradientMode.CODEBOOKS_ONLY),
                new NetworkSpec.LossWeights(
                        0,
                        0,
                        0,
                        0,
                        loss.distortion(),
                        loss.hard(),
                        loss.match(),
                        0,
                        loss.prefixRetrieval(),
                        loss.sharpness()),
                spec.labelVectors(),
                new NetworkSpec.OptimizerSpec(
                        NetworkSpec.OptimizerSpec.Kind.ADAM,
                        0,
                        optimizer.momentum(),
                        0,
                        1,
                        1,
                        1,
                        1,
                        learningRate,
                        NetworkSpec.OptimizerSpec.Schedule.COSINE,
                        0,
                        optimizer.decay(),
                        optimizer.decaySteps()),
                steps,
                0,
                spec.seed(),
                spec.severalLabels());
    }
}

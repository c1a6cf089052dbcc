package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A running mean of a graph's parameters over rounds: a ← decay · a + (1 − decay) · w, begun with the parameters after the first
 * round. Running statistics of batch normalisation and codebooks are parameters too. For one thread.
 */
final class WeightAverage {
    private final double decay;
    private @Nullable INDArray values;

    /**
     * An average of nothing yet.
     *
     * @param decay share that the mean keeps a round, 0…1; at 0 there is no mean, and the graph stands for itself
     */
    WeightAverage(final double decay) {
        this.decay = decay;
    }

    /**
     * The average that a checkpoint kept.
     *
     * @param bytes as {@link #bytes()} wrote them
     */
    static WeightAverage restore(final double decay, final byte[] bytes) {
        final float[] floats = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        final WeightAverage average = new WeightAverage(decay);
        average.values = Nd4j.createFromArray(floats).reshape('c', 1, floats.length);
        return average;
    }

    /** Takes in the parameters after a round. */
    void add(final ComputationGraph graph) {
        if (decay == 0) {
            return;
        }
        if (values == null) {
            values = graph.params().dup();
        } else {
            values.muli(decay).addi(graph.params().mul(1 - decay));
        }
    }

    /** Begins anew with codebooks that were replaced: what they were before says nothing about them. */
    void restartCodebooks(final ComputationGraph graph, final Codebooks codebooks) {
        if (values != null) {
            final ComputationGraph averaged = of(graph);
            DpqNetwork.setCodebooks(averaged, codebooks);
            values = averaged.params().dup();
        }
    }

    /**
     * A graph of the averaged parameters, with the configuration and updater state of the given one; that graph itself where
     * there is no mean.
     */
    ComputationGraph of(final ComputationGraph graph) {
        if (values == null) {
            return graph;
        }
        final ComputationGraph averaged = NetworkZip.restore(NetworkZip.write(graph, true), true);
        averaged.setParams(values);
        return averaged;
    }

    /** The mean as little-endian floats in the order of the graph's parameters, or nothing where there is none. */
    Optional<byte[]> bytes() {
        if (values == null) {
            return Optional.empty();
        }
        final float[] floats = values.dup('c').data().asFloat();
        final ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(floats.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(floats);
        return Optional.of(bytes.array());
    }
}

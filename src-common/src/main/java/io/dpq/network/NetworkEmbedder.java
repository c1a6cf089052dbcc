package io.dpq.network;

import io.dpq.model.Embedder;
import java.util.Arrays;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Embeds with the training network itself ({@code network.zip}): slower than ONNX, kept as an independent engine. Thread-safe:
 * the graph keeps its activations in itself, so that one batch runs at a time.
 */
public final class NetworkEmbedder implements Embedder {
    private final ComputationGraph graph;
    private final NetworkSpec.Input input;
    private final int dimensions;

    /**
     * Restores a graph from the bytes of network.zip.
     *
     * @throws io.dpq.config.UserException where they are no such file, or hold what no network needs
     */
    public NetworkEmbedder(final byte[] networkZip, final NetworkSpec.Input input) {
        this(NetworkZip.restore(networkZip, false), input);
    }

    private NetworkEmbedder(final ComputationGraph graph, final NetworkSpec.Input input) {
        this.graph = graph;
        this.input = input;
        this.dimensions = DpqNetwork.dimensions(graph);
    }

    /** Restores a graph that takes vectors, of whatever length it says, or images of a side. */
    static NetworkEmbedder open(final byte[] networkZip, final int side) {
        final ComputationGraph graph = NetworkZip.restore(networkZip, false);
        return new NetworkEmbedder(
                graph,
                DpqNetwork.takesVectors(graph)
                        ? NetworkSpec.Input.vectors((int) EncoderExport.vectorLength(graph))
                        : NetworkSpec.Input.images(side));
    }

    @Override
    public int vectorLength() {
        return input.vectors() ? input.size() : 0;
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    @Override
    public float[] embed(final float[] images, final int count) {
        final int length = Math.multiplyExact(count, input.values());
        if (images.length < length) {
            throw new IllegalArgumentException(count + (input.vectors() ? " vectors" : " images") + " take " + length
                    + " values, but there are " + images.length + ".");
        }
        final float[] exact = images.length == length ? images : Arrays.copyOf(images, length);
        synchronized (graph) {
            return DpqNetwork.embed(graph, Nd4j.createFromArray(exact).reshape('c', input.shape(count)))
                    .dup('c')
                    .data()
                    .asFloat();
        }
    }

    /** Nothing to release: the graph's memory goes with the object. */
    @Override
    public void close() {}
}

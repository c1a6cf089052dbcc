package io.dpq.network;

import io.dpq.image.ImageContract;
import io.dpq.model.Embedder;
import java.util.Arrays;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Embeds with the training network itself ({@code network.zip}): slower than ONNX, kept as an independent engine. One image at a
 * time: on some processors the library's matrix products round a row by where in its batch it lies, and an embedding must depend
 * on its image alone. Thread-safe: the graph keeps its activations in itself, so that one image runs at a time.
 */
public final class NetworkEmbedder implements Embedder {
    private final ComputationGraph graph;
    private final NetworkSpec.Input input;
    private final int dimensions;
    private final boolean mirror;

    /**
     * Restores a graph from the bytes of network.zip.
     *
     * @throws io.dpq.config.UserException where they are no such file, or hold what no network needs
     */
    public NetworkEmbedder(final byte[] networkZip, final NetworkSpec.Input input) {
        this(NetworkZip.restore(networkZip, false), input, false);
    }

    private NetworkEmbedder(final ComputationGraph graph, final NetworkSpec.Input input, final boolean mirror) {
        this.graph = graph;
        this.input = input;
        this.dimensions = DpqNetwork.dimensions(graph);
        this.mirror = mirror;
    }

    /** Restores a graph that takes vectors, of whatever length it says, or images as a contract tells. */
    static NetworkEmbedder open(final byte[] networkZip, final ImageContract image) {
        final ComputationGraph graph = NetworkZip.restore(networkZip, false);
        return new NetworkEmbedder(
                graph,
                DpqNetwork.takesVectors(graph)
                        ? NetworkSpec.Input.vectors((int) EncoderExport.vectorLength(graph))
                        : NetworkSpec.Input.images(image.crop()),
                image.mirror());
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
        final float[] embeddings = new float[Math.multiplyExact(count, dimensions)];
        synchronized (graph) {
            for (int row = 0; row < count; row++) {
                final float[] one = Arrays.copyOfRange(images, row * input.values(), (row + 1) * input.values());
                final INDArray seen = Nd4j.createFromArray(one).reshape('c', input.shape(1));
                final float[] embedding = (mirror
                                ? DpqNetwork.embedBothSides(graph, seen)
                                : DpqNetwork.embed(graph, seen))
                        .dup('c')
                        .data()
                        .asFloat();
                System.arraycopy(embedding, 0, embeddings, row * dimensions, dimensions);
            }
        }
        return embeddings;
    }

    /** Nothing to release: the graph's memory goes with the object. */
    @Override
    public void close() {}
}

package io.dpq.network;

import io.dpq.model.Embedder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import onnx.Onnx;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;

/**
 * Vectors that are their own embeddings. Handing them to a runtime that hands them back takes a sixth of what encoding them
 * does. Immutable and thread-safe.
 *
 * @param dimensions D
 */
record IdentityEmbedder(int dimensions) implements Embedder {
    private static final String IDENTITY = "Identity";

    /** What embeds as an encoder does that hands its vectors on as they are; empty for every other encoder. */
    static Optional<Embedder> of(final byte[] onnx) {
        final Onnx.GraphProto graph;
        try {
            graph = Onnx.ModelProto.parseFrom(onnx).getGraph();
        } catch (InvalidProtocolBufferException e) {
            // ONNX Runtime says better what is wrong with it.
            return Optional.empty();
        }
        if (graph.getInputCount() != 1 || graph.getOutputCount() != 1) {
            return Optional.empty();
        }
        final Map<String, String> sources = new HashMap<>();
        for (final Onnx.NodeProto node : graph.getNodeList()) {
            if (!node.getOpType().equals(IDENTITY)) {
                return Optional.empty();
            }
            sources.put(node.getOutput(0), node.getInput(0));
        }
        String value = graph.getOutput(0).getName();
        for (int step = 0; step <= sources.size() && sources.containsKey(value); step++) {
            value = sources.get(value);
        }
        final Onnx.TypeProto.Tensor type = graph.getInput(0).getType().getTensorType();
        final List<Onnx.TensorShapeProto.Dimension> shape = type.getShape().getDimList();
        return value.equals(graph.getInput(0).getName())
                        && type.getElemType() == Onnx.TensorProto.DataType.FLOAT.getNumber()
                        && shape.size() == 2
                        && shape.get(1).getDimValue() > 0
                ? Optional.of(new IdentityEmbedder(Math.toIntExact(shape.get(1).getDimValue())))
                : Optional.empty();
    }

    @Override
    public int vectorLength() {
        return dimensions;
    }

    @Override
    public float[] embed(final float[] vectors, final int count) {
        final int values = Math.multiplyExact(count, dimensions);
        if (count < 1 || vectors.length < values) {
            throw new IllegalArgumentException(
                    vectors.length + " floats are not " + count + " inputs of " + dimensions + " floats");
        }
        return Arrays.copyOf(vectors, values);
    }

    @Override
    public void embed(final float[][] vectors, final float[] embeddings) {
        for (int i = 0; i < vectors.length; i++) {
            if (vectors[i].length != dimensions) {
                throw new IllegalArgumentException(
                        vectors[i].length + " floats are not an input of " + dimensions + " floats");
            }
            System.arraycopy(vectors[i], 0, embeddings, i * dimensions, dimensions);
        }
    }

    /** Holds nothing. */
    @Override
    public void close() {}
}

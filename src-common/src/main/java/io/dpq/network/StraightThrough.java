package io.dpq.network;

import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Configuration of the vertex that hands a quantized prefix H_l [N, D] on to a head: from the embedding [N, D] and the state
 * [N, 3D] of level l it takes H_l, and gives the gradient both to the codewords that make up H_l, which is exact, and to the
 * embedding as if H_l were the embedding itself (the straight-through estimator, arXiv 1308.3432), since the choice of codewords
 * has no gradient. Immutable.
 */
final class StraightThrough extends GraphVertex {
    private static final long serialVersionUID = 1L;

    @JsonProperty("dimensions")
    private final int dimensions;

    /**
     * For embeddings of a length.
     *
     * @param dimensions D
     */
    @JsonCreator
    StraightThrough(@JsonProperty("dimensions") final int dimensions) {
        this.dimensions = dimensions;
    }

    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
            final ComputationGraph graph,
            final String name,
            final int index,
            final INDArray parameters,
            final boolean initializeParameters,
            final DataType dataType) {
        return new StraightThroughVertex(graph, name, index, dataType, dimensions);
    }

    @Override
    public InputType getOutputType(final int layerIndex, final InputType... inputs) {
        return InputType.feedForward(dimensions);
    }

    @Override
    public MemoryReport getMemoryReport(final InputType... inputs) {
        return new LayerMemoryReport.Builder(null, StraightThrough.class, inputs[0], getOutputType(-1, inputs))
                .standardMemory(0, 0)
                .workingMemory(0, 0, 0, 0)
                .cacheMemory(0, 0)
                .build();
    }

    @Override
    public long numParams(final boolean backprop) {
        return 0;
    }

    @Override
    public int minVertexInputs() {
        return 2;
    }

    @Override
    public int maxVertexInputs() {
        return 2;
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public GraphVertex clone() {
        return this;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof StraightThrough that && dimensions == that.dimensions;
    }

    @Override
    public int hashCode() {
        return dimensions;
    }
}

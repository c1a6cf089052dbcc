package io.dpq.network;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.BaseGraphVertex;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** {@link StraightThrough} at work. For one thread, as every part of a graph. */
@SuppressWarnings("overrides") // The library's own classes disagree on whether setInputs is of variable arity.
final class StraightThroughVertex extends BaseGraphVertex {
    private static final long serialVersionUID = 1L;

    private final int dimensions;

    StraightThroughVertex(
            final ComputationGraph graph,
            final String name,
            final int index,
            final DataType dataType,
            final int dimensions) {
        super(graph, name, index, null, null, dataType);
        this.dimensions = dimensions;
    }

    @Override
    public boolean hasLayer() {
        return false;
    }

    @Override
    public @Nullable Layer getLayer() {
        return null;
    }

    @Override
    public INDArray doForward(final boolean training, final LayerWorkspaceMgr workspaces) {
        return workspaces.dup(ArrayType.ACTIVATIONS, inputs[1].get(prefix()), 'c');
    }

    @Override
    public Pair<Gradient, INDArray[]> doBackward(final boolean truncated, final LayerWorkspaceMgr workspaces) {
        final INDArray ofState = workspaces.create(
                ArrayType.ACTIVATION_GRAD, epsilon.dataType(), inputs[1].shape().clone(), 'c');
        ofState.put(prefix(), epsilon);
        return new Pair<>(null, new INDArray[] {workspaces.dup(ArrayType.ACTIVATION_GRAD, epsilon), ofState});
    }

    /** Where H stands in a state [r | H | S]. */
    private INDArrayIndex[] prefix() {
        return new INDArrayIndex[] {NDArrayIndex.all(), NDArrayIndex.interval(dimensions, 2L * dimensions)};
    }

    @Override
    public void setBackpropGradientsViewArray(final @Nullable INDArray view) {
        if (view != null) {
            throw new IllegalArgumentException("This vertex has no parameters.");
        }
    }

    @Override
    public @Nullable Pair<INDArray, MaskState> feedForwardMaskArrays(
            final INDArray[] masks, final MaskState state, final int minibatchSize) {
        return null;
    }

    @Override
    public String toString() {
        return "StraightThroughVertex(" + getVertexName() + ")";
    }
}

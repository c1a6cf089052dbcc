package io.dpq.network;

import java.util.Objects;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Flattens images [N, C, H, W] to rows in the order of channel-last models, pixel by pixel with the channels innermost, so that
 * whatever follows (dense kernels, statistics, other branches) keeps the numbering it was trained with. Immutable.
 */
public final class ChannelLastFlatten implements InputPreProcessor {
    private static final long serialVersionUID = 1L;

    @JsonProperty("channels")
    private final long channels;

    @JsonProperty("height")
    private final long height;

    @JsonProperty("width")
    private final long width;

    /**
     * For images of one shape.
     *
     * @param channels C
     * @param height H
     * @param width W
     */
    @JsonCreator
    public ChannelLastFlatten(
            @JsonProperty("channels") final long channels,
            @JsonProperty("height") final long height,
            @JsonProperty("width") final long width) {
        this.channels = channels;
        this.height = height;
        this.width = width;
    }

    @Override
    public INDArray preProcess(final INDArray input, final int miniBatchSize, final LayerWorkspaceMgr workspaces) {
        return workspaces
                .dup(ArrayType.ACTIVATIONS, input.permute(0, 2, 3, 1), 'c')
                .reshape('c', input.size(0), input.length() / input.size(0));
    }

    @Override
    public INDArray backprop(final INDArray epsilon, final int miniBatchSize, final LayerWorkspaceMgr workspaces) {
        return workspaces.dup(
                ArrayType.ACTIVATION_GRAD,
                epsilon.dup('c')
                        .reshape('c', epsilon.size(0), height, width, channels)
                        .permute(0, 3, 1, 2),
                'c');
    }

    @Override
    public InputType getOutputType(final InputType inputType) {
        return InputType.feedForward(channels * height * width);
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            final @Nullable INDArray mask, final MaskState state, final int miniBatchSize) {
        return new Pair<>(mask, state);
    }

    /** Immutable, so that a copy is the same. */
    @Override
    public ChannelLastFlatten clone() {
        return this;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof ChannelLastFlatten that
                && channels == that.channels
                && height == that.height
                && width == that.width;
    }

    @Override
    public int hashCode() {
        return Objects.hash(channels, height, width);
    }
}

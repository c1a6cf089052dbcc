package io.dpq.network;

import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A range of the channels of an image. Deeplearning4j's own vertex computes it rightly but announces {@code from − to + 1}
 * channels for {@code to − from + 1}, so that no layer can follow it.
 */
public final class ChannelSubset extends SubsetVertex {
    private static final long serialVersionUID = 1L;

    /**
     * A range.
     *
     * @param from first channel, counted from 0
     * @param to last channel, included
     */
    public ChannelSubset(@JsonProperty("from") final int from, @JsonProperty("to") final int to) {
        super(from, to);
    }

    @Override
    public ChannelSubset clone() {
        return new ChannelSubset(getFrom(), getTo());
    }

    @Override
    public InputType getOutputType(final int layerIndex, final InputType... vertexInputs) {
        final InputType.InputTypeConvolutional image = (InputType.InputTypeConvolutional) vertexInputs[0];
        return InputType.convolutional(image.getHeight(), image.getWidth(), getTo() - getFrom() + 1L);
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof ChannelSubset that && getFrom() == that.getFrom() && getTo() == that.getTo();
    }

    @Override
    public int hashCode() {
        return 31 * getFrom() + getTo();
    }
}

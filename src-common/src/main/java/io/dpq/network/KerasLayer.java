package io.dpq.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.dpq.config.UserException;
import java.util.List;

/**
 * A layer of a Keras model, as its description has it.
 *
 * @param file that it comes from, for messages
 * @param name of the layer
 * @param type Keras' class name
 * @param config its settings
 * @param inputs names of the layers before it, none where it takes the image
 */
record KerasLayer(String file, String name, String type, JsonNode config, List<String> inputs) {
    private static final String FIRST = "channels_first";

    /** A refusal: {@code "The layer "x" (Conv2D) of model.h5 " + what + what to do}. */
    UserException refuse(final String what) {
        return UserException.data("The layer \"" + name + "\" (" + type + ") of " + file + " " + what
                + ", so choose a backbone.feature-layer before it or another model.");
    }

    /** A number; refused where it is none. */
    double number(final String key, final double otherwise) {
        final JsonNode value = config.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isNumber()) {
            throw refuse("has an unreadable " + key);
        }
        return value.doubleValue();
    }

    /** A whole number that must be there. */
    int integer(final String key) {
        final JsonNode value = config.path(key);
        if (!value.canConvertToInt()) {
            throw refuse("lacks " + key);
        }
        return value.intValue();
    }

    boolean flag(final String key, final boolean otherwise) {
        return config.path(key).asBoolean(otherwise);
    }

    String text(final String key, final String otherwise) {
        final JsonNode value = config.path(key);
        return value.isMissingNode() || value.isNull() ? otherwise : value.asText();
    }

    /** Height and width; a single number stands for both. */
    int[] pair(final String key) {
        final JsonNode value = config.path(key);
        if (value.canConvertToInt()) {
            return new int[] {value.intValue(), value.intValue()};
        }
        if (value.size() != 2
                || !value.get(0).canConvertToInt()
                || !value.get(1).canConvertToInt()) {
            throw refuse("has an unreadable " + key);
        }
        return new int[] {value.get(0).intValue(), value.get(1).intValue()};
    }

    /** Top, bottom, left, right; fewer numbers stand for several of them. */
    int[] margins(final String key) {
        final JsonNode value = config.path(key);
        if (value.size() == 2 && value.get(0).size() == 2 && value.get(1).size() == 2) {
            return new int[] {
                value.get(0).get(0).asInt(),
                value.get(0).get(1).asInt(),
                value.get(1).get(0).asInt(),
                value.get(1).get(1).asInt()
            };
        }
        final int[] both = pair(key);
        return new int[] {both[0], both[0], both[1], both[1]};
    }

    boolean isNull(final String key) {
        return config.path(key).isMissingNode() || config.path(key).isNull();
    }

    /** Whether the layer says how its images lie. */
    boolean saysFormat() {
        return !isNull("data_format");
    }

    boolean channelsFirst() {
        return FIRST.equals(text("data_format", ""));
    }
}

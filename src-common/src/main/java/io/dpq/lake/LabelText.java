package io.dpq.lake;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Class names as text beside a record. Stateless. */
final class LabelText {
    private static final ObjectMapper JSON = new ObjectMapper();

    private LabelText() {}

    /** Names apart by commas or line ends. */
    static List<String> plain(final String text) {
        final Set<String> labels = new LinkedHashSet<>();
        for (final String label : text.split("[,\\r\\n]", -1)) {
            if (!label.isBlank()) {
                labels.add(label.strip());
            }
        }
        return List.copyOf(labels);
    }

    /**
     * The text, number or list of such that a JSON object holds in a field; none where it lacks the field.
     *
     * @throws IOException where the text is no JSON object, or the field holds something else
     */
    static List<String> json(final byte[] text, final String field) throws IOException {
        final JsonNode object = JSON.readTree(text);
        if (object == null || !object.isObject()) {
            throw new IOException("it is no JSON object");
        }
        final JsonNode found = object.path(field);
        final List<JsonNode> nodes = new ArrayList<>();
        if (found.isArray()) {
            found.forEach(nodes::add);
        } else if (!found.isMissingNode() && !found.isNull()) {
            nodes.add(found);
        }
        final Set<String> labels = new LinkedHashSet<>();
        for (final JsonNode node : nodes) {
            if (!node.isTextual() && !node.isNumber()) {
                throw new IOException("its field " + field + " holds " + node + ", which is no label");
            }
            labels.add(node.asText());
        }
        return List.copyOf(labels);
    }
}

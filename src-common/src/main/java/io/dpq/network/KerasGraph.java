package io.dpq.network;

import com.fasterxml.jackson.databind.JsonNode;
import io.dpq.config.UserException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the layers out of a Keras model's description, Sequential or Functional, of Keras 2 or 3. Stateless. */
final class KerasGraph {
    private static final String NAME = "name";
    private static final String CONFIG = "config";
    private static final String LAYERS = "layers";
    private static final String HISTORY = "keras_history";

    private KerasGraph() {}

    /**
     * The layers that a feature layer needs, in the model's order; it is the last of them.
     *
     * @param feature its name, or the model's last layer
     * @throws UserException where there is no such layer, or the model is none of layers
     */
    static List<KerasLayer> layers(final KerasFile file, final Optional<String> feature) {
        final JsonNode model = file.description();
        final String kind = model.path("class_name").asText();
        final Map<String, KerasLayer> all = new LinkedHashMap<>();
        switch (kind) {
            case "Sequential" -> sequential(file.file(), model, all);
            case "Functional", "Model" -> functional(file.file(), model, all);
            default ->
                throw UserException.data("The file " + file.file() + " holds a " + kind
                        + ", so point backbone.weights to a Sequential or Functional Keras model.");
        }
        if (all.isEmpty()) {
            throw UserException.data("The model in " + file.file() + " has no layers, so choose another file.");
        }
        final String last = feature.orElse(List.copyOf(all.keySet()).get(all.size() - 1));
        if (!all.containsKey(last)) {
            throw UserException.usage("backbone.feature-layer names \"" + last + "\", which " + file.file()
                    + " does not have; choose one of " + String.join(", ", all.keySet()) + ".");
        }
        final Set<String> needed = needed(file.file(), all, last);
        return all.values().stream()
                .filter(layer -> needed.contains(layer.name()))
                .toList();
    }

    private static void sequential(final String file, final JsonNode model, final Map<String, KerasLayer> all) {
        // Old files have the list where newer ones have an object with the list.
        final JsonNode list = model.path(CONFIG).isArray()
                ? model.path(CONFIG)
                : model.path(CONFIG).path(LAYERS);
        List<String> before = List.of();
        for (final JsonNode layer : list) {
            final String name = layer.path(CONFIG).path(NAME).asText();
            add(new KerasLayer(file, name, layer.path("class_name").asText(), layer.path(CONFIG), before), all);
            before = List.of(name);
        }
    }

    private static void functional(final String file, final JsonNode model, final Map<String, KerasLayer> all) {
        for (final JsonNode layer : model.path(CONFIG).path(LAYERS)) {
            final String name =
                    layer.path(NAME).asText(layer.path(CONFIG).path(NAME).asText());
            final JsonNode nodes = layer.path("inbound_nodes");
            final List<String> inputs = new ArrayList<>();
            if (nodes.size() > 0) {
                inputs(nodes.get(0), inputs);
            }
            final KerasLayer read =
                    new KerasLayer(file, name, layer.path("class_name").asText(), layer.path(CONFIG), inputs);
            if (inputs.isEmpty() && !read.type().equals("InputLayer")) {
                throw read.refuse("has inputs that cannot be read");
            }
            if (nodes.size() > 1) {
                throw read.refuse("is used more than once");
            }
            add(read, all);
        }
    }

    private static void add(final KerasLayer layer, final Map<String, KerasLayer> all) {
        if (all.put(layer.name(), layer) != null) {
            throw layer.refuse("has a name that another layer has as well");
        }
    }

    /** Keras 2 lists [name, node, tensor, arguments]; Keras 3 nests tensors that carry [name, node, tensor]. */
    private static void inputs(final JsonNode node, final List<String> found) {
        if (node.isObject() && node.has(HISTORY)) {
            found.add(node.get(HISTORY).path(0).asText());
        } else if (node.isArray() && node.path(0).isTextual() && node.path(1).isInt()) {
            found.add(node.get(0).asText());
        } else if (node.isContainerNode()) {
            node.forEach(inner -> inputs(inner, found));
        }
    }

    private static Set<String> needed(final String file, final Map<String, KerasLayer> all, final String last) {
        final Map<String, List<String>> inputs = new HashMap<>();
        all.forEach((name, layer) -> inputs.put(name, layer.inputs()));
        final Set<String> found = Ancestors.of(inputs, last);
        found.stream().filter(name -> !all.containsKey(name)).forEach(name -> {
            throw UserException.data("The model in " + file + " refers to a layer \"" + name
                    + "\" that it does not have, so save it again.");
        });
        return found;
    }
}

package io.dpq.network;

import io.dpq.config.UserException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.jspecify.annotations.Nullable;

/** Adds the backbone's layers to a graph in order, with its updaters, freezing them up to the one the user named. */
final class GraphAssembly {
    private final ComputationGraphConfiguration.GraphBuilder graph;
    private final NetworkSpec spec;
    private final Updaters updaters;
    private final List<String> layers = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private boolean frozen;

    GraphAssembly(
            final ComputationGraphConfiguration.GraphBuilder graph, final NetworkSpec spec, final Updaters updaters) {
        this.graph = graph;
        this.spec = spec;
        this.updaters = updaters;
        this.frozen = spec.backbone().frozenUpTo().isPresent();
    }

    /** Adds a layer and returns its name, to be the input of the next. */
    String layer(final String name, final Layer layer, final String... inputs) {
        return layer(name, layer, null, inputs);
    }

    /** As {@link #layer(String, Layer, String...)}, with what turns the input into the layer's form, where it takes that. */
    String layer(
            final String name, final Layer layer, final @Nullable InputPreProcessor before, final String... inputs) {
        if (layer instanceof BaseLayer weighted) {
            weighted.setIUpdater(updaters.backbone());
            weighted.setBiasUpdater(updaters.backboneBias());
            // Set layer by layer: a decay set for the whole network is applied twice by Deeplearning4j 1.0.0-M2.1.
            weighted.setRegularization(updaters.decay());
        }
        return add(name, frozen ? new FrozenLayer(layer) : layer, before, inputs);
    }

    /** Adds a layer that never learns, whatever the user freezes. */
    String fixed(final String name, final Layer layer, final String... inputs) {
        return add(name, new FrozenLayer(layer), null, inputs);
    }

    private String add(
            final String name, final Layer added, final @Nullable InputPreProcessor before, final String... inputs) {
        layers.add(name);
        if (before == null) {
            graph.addLayer(name, added, inputs);
        } else {
            graph.addLayer(name, added, before, inputs);
        }
        thawAfter(name);
        return name;
    }

    /** Adds a vertex without parameters and returns its name. */
    String vertex(final String name, final GraphVertex vertex, final String... inputs) {
        graph.addVertex(name, frozen ? new FrozenVertex(vertex) : vertex, inputs);
        thawAfter(name);
        return name;
    }

    /** Lets all that follows learn, wherever freezing was to end. */
    void thaw() {
        frozen = false;
    }

    private void thawAfter(final String name) {
        names.add(name);
        final String last = spec.backbone().frozenUpTo().orElse("");
        if (name.equals(last) || name.equals(LayerNames.safe(last))) {
            frozen = false;
        }
    }

    /** Names of the layers added, in order. */
    List<String> layers() {
        return List.copyOf(layers);
    }

    /** Refuses a name to freeze up to that no layer bore. */
    void checkFrozen() {
        spec.backbone().frozenUpTo().filter(name -> frozen).ifPresent(name -> {
            throw UserException.usage("backbone.frozen-up-to names the layer \"" + name
                    + "\", which this backbone does not have; "
                    + (names.isEmpty() ? "set it to null." : "choose one of " + String.join(", ", names) + "."));
        });
    }
}

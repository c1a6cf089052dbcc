package io.dpq.network;

import java.util.Set;

/** Keeps the names of layers that come from files apart from those that this project's graphs give. Stateless. */
final class LayerNames {
    private static final Set<String> TAKEN = Set.of(
            DpqNetwork.INPUT,
            DpqNetwork.VECTOR,
            DpqNetwork.EMBEDDING,
            DpqNetwork.CLASSIFICATION,
            DpqNetwork.QUANTIZATION,
            "features",
            "features_bn",
            "dropout",
            "states");
    private static final String NUMBERED = "(level|prefix|quantized)_\\d+";
    private static final String OWN = "backbone_";

    private LayerNames() {}

    /** The name that a file's layer bears in a graph: its own wherever it can. */
    static String safe(final String name) {
        return TAKEN.contains(name) || name.matches(NUMBERED) || name.startsWith(OWN) ? OWN + name : name;
    }
}

package io.dpq.network;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Walks a graph against its edges. Stateless. */
final class Ancestors {
    private Ancestors() {}

    /** A vertex and all that it depends on, by the names of every vertex's inputs. */
    static Set<String> of(final Map<String, List<String>> inputs, final String last) {
        final Set<String> found = new HashSet<>();
        final Deque<String> open = new ArrayDeque<>(List.of(last));
        while (!open.isEmpty()) {
            final String name = open.pop();
            if (found.add(name)) {
                open.addAll(inputs.getOrDefault(name, List.of()));
            }
        }
        return found;
    }
}

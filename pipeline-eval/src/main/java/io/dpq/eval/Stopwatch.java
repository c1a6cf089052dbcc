package io.dpq.eval;

import java.util.LinkedHashMap;
import java.util.Map;

/** Seconds spent, step by step. For one thread. */
final class Stopwatch {
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private long last = System.nanoTime();

    /** Ends a step. */
    void lap(final String step) {
        final long now = System.nanoTime();
        // Milliseconds are as fine as such steps are told apart.
        seconds.merge(step, Math.round((now - last) / 1e6) / 1e3, Double::sum);
        last = now;
    }

    /** Seconds by step, in the order of the steps. */
    Map<String, Double> seconds() {
        return new LinkedHashMap<>(seconds);
    }
}

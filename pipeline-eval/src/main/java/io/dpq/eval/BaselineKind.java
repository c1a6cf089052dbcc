package io.dpq.eval;

import io.dpq.config.DpqConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Quantizers of the literature that the model is set against, each learnt on the same embeddings without labels. */
enum BaselineKind {
    /** Product quantization (Jégou, Douze and Schmid, TPAMI 2011): one sub-quantizer a level, learnt anew for every length. */
    PQ,
    /** Optimized product quantization (Ge, He, Ke and Sun, CVPR 2013, non-parametric): PQ after a rotation. */
    OPQ,
    /** Residual quantization: K-means on what the levels before left over; one quantizer serves every length. */
    RQ,
    /** Iterative quantization (Gong and Lazebnik, CVPR 2011): binary codes by PCA and a rotation, ranked by Hamming distance. */
    ITQ;

    /** The kinds that a key lists, without repetition. */
    static List<BaselineKind> from(final DpqConfig config, final String key) {
        final List<BaselineKind> kinds = new ArrayList<>();
        for (final String name : config.strings(key)) {
            final BaselineKind kind = find(name);
            if (kind == null) {
                throw config.wrong(key, "a list of pq, opq, rq, itq");
            }
            if (!kinds.contains(kind)) {
                kinds.add(kind);
            }
        }
        return List.copyOf(kinds);
    }

    private static @Nullable BaselineKind find(final String name) {
        for (final BaselineKind kind : values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                return kind;
            }
        }
        return null;
    }
}

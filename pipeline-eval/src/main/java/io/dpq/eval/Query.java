package io.dpq.eval;

import java.io.Serializable;
import java.util.List;

/** An embedded query image; the query stays real, only the database is quantized. Immutable and thread-safe. */
final class Query implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String id;
    /** An array, because Kryo can write an immutable list but not read it. */
    private final String[] labels;

    private final float[] embedding;

    /**
     * A query.
     *
     * @param id of the image
     * @param labels of the image; none where it is not labelled
     * @param embedding of length D, all finite; taken over, not copied
     */
    Query(final String id, final List<String> labels, final float[] embedding) {
        this.id = id;
        this.labels = labels.toArray(new String[0]);
        this.embedding = embedding;
    }

    String id() {
        return id;
    }

    List<String> labels() {
        return List.of(labels);
    }

    /** Not to be changed. */
    float[] embedding() {
        return embedding;
    }
}

package io.dpq.train.data;

import io.dpq.storage.Hashes;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A training image as it travels between workers: encoded, as it was stored, with the classes it shows. A class, not a record,
 * because the Kryo that Spark ships cannot write records. Immutable but for its shared arrays.
 */
public final class TrainRow implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final byte[] NOTHING = {};

    private final String id;
    private final byte[] content;
    private final int[] labels;
    private final @Nullable String rejection;

    /**
     * One image.
     *
     * @param content encoded bytes
     * @param labels class indices in ascending order
     * @param rejection why it cannot be decoded, or null
     */
    public TrainRow(final String id, final byte[] content, final int[] labels, final @Nullable String rejection) {
        this.id = id;
        this.content = content;
        this.labels = labels;
        this.rejection = rejection;
    }

    public String id() {
        return id;
    }

    public byte[] content() {
        return content;
    }

    public int[] labels() {
        return labels;
    }

    /** Whether it has a label. */
    public boolean isLabelled() {
        return labels.length > 0;
    }

    @Nullable
    String rejection() {
        return rejection;
    }

    /** What the driver needs to know of a row. */
    TrainRow withoutContent() {
        return new TrainRow(id, NOTHING, labels, rejection);
    }

    /** The first eight bytes of the id's SHA-256: orders rows the same way whatever their partitioning. */
    public long key() {
        return Hashes.first(id.getBytes(StandardCharsets.UTF_8));
    }

    /** The first eight bytes of the content's SHA-256: tells whether an image is still the one it was. */
    long contentHash() {
        return Hashes.first(content);
    }
}

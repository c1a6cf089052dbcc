package io.dpq.lake;

import java.io.Serializable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Names of Parquet columns; a dot leads into a struct, as in {@code image.bytes}. A class, not a record, because it travels.
 */
public final class ParquetColumns implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The names that pack writes. */
    public static final ParquetColumns USUAL = new ParquetColumns(Optional.of("id"), "content", Optional.of("labels"));

    private final @Nullable String id;
    private final String content;
    private final @Nullable String labels;

    /**
     * Names of columns.
     *
     * @param id of texts or whole numbers; without one, a row's id is its file and its number in it
     * @param content of bytes; of a list of numbers in a lake of vectors
     * @param labels of texts, whole numbers or lists of such
     */
    public ParquetColumns(final Optional<String> id, final String content, final Optional<String> labels) {
        this.id = id.orElse(null);
        this.content = content;
        this.labels = labels.orElse(null);
    }

    Optional<String> id() {
        return Optional.ofNullable(id);
    }

    String content() {
        return content;
    }

    Optional<String> labels() {
        return Optional.ofNullable(labels);
    }
}

package io.dpq.lake;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/** Reads the content of listed files on the executors. Thread-safe. */
final class FileReading implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The longest array that every Java runtime allocates, less the byte that tells a longer file. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 9;

    private final LakeRoot root;
    private final long maxBytes;

    FileReading(final LakeRoot root, final long maxBytes) {
        this.root = root;
        this.maxBytes = Math.min(maxBytes, LONGEST_ARRAY);
    }

    /** The listing row {@code id, labels, length, modified} with its content, or with the reason why it cannot be had. */
    Row row(final Row listed) {
        if (listed.getLong(2) > maxBytes) {
            return tooLong(listed, listed.getLong(2));
        }
        try {
            final byte[] content = content(listed.getString(0));
            // A file may have grown since it was listed.
            return content.length > maxBytes ? tooLong(listed, content.length) : row(listed, content, null);
        } catch (final IOException | RuntimeException e) {
            final String message = e.getMessage();
            return row(listed, null, e.getClass().getSimpleName() + (message == null ? "" : ": " + message));
        }
    }

    private Row tooLong(final Row listed, final long length) {
        return RowFactory.create(
                listed.get(0),
                listed.get(1),
                length,
                null,
                "The file has " + length + " bytes or more; at most " + maxBytes + " are read",
                listed.get(3),
                listed.get(2));
    }

    private static Row row(final Row listed, final byte @Nullable [] content, final @Nullable String error) {
        // The length of what was read, which is the truth where a file changed after it was listed.
        final long length = content == null ? listed.getLong(2) : content.length;
        return RowFactory.create(listed.get(0), listed.get(1), length, content, error, listed.get(3), listed.get(2));
    }

    private byte[] content(final String id) throws IOException {
        try (InputStream in = root.open(id)) {
            return in.readNBytes((int) maxBytes + 1);
        }
    }
}

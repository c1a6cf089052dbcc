package io.dpq.lake;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/** Reads the content of listed records on the executors, file after file, one open at a time. Thread-safe. */
final class RecordReading implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The longest array that every Java runtime allocates, less what tells longer content. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 64;

    private static final int FILE = LakeRows.RECORDS.fieldIndex("file");
    private static final int PART = LakeRows.RECORDS.fieldIndex("part");
    private static final int PLACE = LakeRows.RECORDS.fieldIndex("place");
    private static final int ERROR = LakeRows.RECORDS.fieldIndex("error");
    private static final int MODIFIED = LakeRows.RECORDS.fieldIndex("modified");

    private final LakeRoot root;
    private final RecordFormat format;
    private final String where;
    private final int maxBytes;

    RecordReading(final LakeRoot root, final RecordFormat format, final String where, final long maxBytes) {
        this.root = root;
        this.format = format;
        this.where = where;
        this.maxBytes = (int) Math.min(maxBytes, LONGEST_ARRAY);
    }

    /** The rows of a partition with their content; they lie in the order of their places. */
    Iterator<Row> rows(final Iterator<Row> listed) {
        final Reader reader = new Reader();
        final TaskCompletionListener close = context -> reader.close();
        TaskContext.get().addTaskCompletionListener(close);
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return listed.hasNext();
            }

            @Override
            public Row next() {
                return reader.row(listed.next());
            }
        };
    }

    /** Holds the part that is being read. */
    private final class Reader {
        private String file = "";
        private long part = -1;
        private RecordFormat.@Nullable Contents contents;

        Row row(final Row listed) {
            if (!listed.isNullAt(ERROR)) {
                return failed(listed, listed.getLong(2), listed.getString(ERROR));
            }
            if (format.seekable() && listed.getLong(2) > maxBytes) {
                return tooLong(listed, listed.getLong(2));
            }
            final Optional<byte[]> found;
            try {
                found = at(listed.getString(FILE), listed.getLong(PART))
                        .read(listed.getLong(PLACE), listed.getLong(2), maxBytes);
            } catch (final IOException | RuntimeException e) {
                if (format.seekable()) {
                    final @Nullable String message = e.getMessage();
                    return failed(
                            listed,
                            listed.getLong(2),
                            e.getClass().getSimpleName() + (message == null ? "" : ": " + message));
                }
                // What follows in the part cannot be found any more.
                throw RecordLake.damaged(listed.getString(FILE), where, e);
            }
            if (found.isEmpty()) {
                // pack leaves out what is too long, and tells its length.
                return listed.getLong(2) > maxBytes
                        ? tooLong(listed, listed.getLong(2))
                        : failed(listed, 0, "no content was stored");
            }
            final byte[] content = found.get();
            return content.length > maxBytes
                    ? tooLong(listed, content.length)
                    : RowFactory.create(
                            listed.get(0),
                            listed.get(1),
                            (long) content.length,
                            content,
                            null,
                            listed.get(MODIFIED),
                            listed.get(2));
        }

        private RecordFormat.Contents at(final String path, final long number) throws IOException {
            RecordFormat.Contents open = contents;
            if (open == null || !path.equals(file) || number != part) {
                close();
                open = format.open(root, path, number);
                contents = open;
                file = path;
                part = number;
            }
            return open;
        }

        void close() {
            final RecordFormat.Contents open = contents;
            contents = null;
            if (open != null) {
                try {
                    open.close();
                } catch (final IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private Row tooLong(final Row listed, final long length) {
        return failed(listed, length, "The record has " + length + " bytes or more; at most " + maxBytes + " are read");
    }

    private static Row failed(final Row listed, final long length, final String error) {
        return RowFactory.create(
                listed.get(0), listed.get(1), length, null, error, listed.get(MODIFIED), listed.get(2));
    }
}

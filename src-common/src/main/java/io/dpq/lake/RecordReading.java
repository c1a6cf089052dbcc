package io.dpq.lake;

import io.dpq.storage.Outage;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the content of listed records on the executors, file after file, one open at a time. Thread-safe. */
final class RecordReading implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(RecordReading.class);

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

    /**
     * A part whose records are all read.
     *
     * @param modified when its file was, milliseconds since 1970
     */
    record Part(String file, long number, Long modified, List<RecordFormat.Listed> records) {}

    /** Lists a part that was dealt out. */
    interface Lister extends Serializable {
        Part list(Row part);
    }

    /** The rows of a partition with their content; they lie in the order of their places. */
    Iterator<Row> rows(final Iterator<Row> listed) {
        final Reader reader = reader(false);
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

    /** All records of the parts with their content, part by part. That of a vector is good until the next row. */
    Iterator<Row> whole(final Iterator<Row> parts, final Lister lister) {
        final Reader reader = reader(true);
        return new Iterator<>() {
            private Part part = new Part("", 0, 0L, List.of());
            private Iterator<RecordFormat.Listed> records = Collections.emptyIterator();

            @Override
            public boolean hasNext() {
                while (!records.hasNext() && parts.hasNext()) {
                    part = lister.list(parts.next());
                    records = part.records().iterator();
                }
                return records.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return reader.row(part, records.next());
            }
        };
    }

    private Reader reader(final boolean passes) {
        final Reader reader = new Reader(passes);
        final TaskCompletionListener close = context -> reader.close();
        TaskContext.get().addTaskCompletionListener(close);
        return reader;
    }

    /** What is told of a record beside its content. */
    private record Facts(
            Object id,
            @Nullable Object labels,
            Long length,
            @Nullable Object modified) {
        Row with(final long read, final byte @Nullable [] content, final @Nullable String error) {
            return RowFactory.create(
                    id, labels, read == length ? length : (Long) read, content, error, modified, length);
        }
    }

    /** Holds the part that is being read. */
    private final class Reader {
        private String file = "";
        private long part = -1;
        private RecordFormat.@Nullable Contents contents;
        private final boolean passes;
        /** Why the rest of the part cannot be read; null where it can. */
        private @Nullable String broken;

        Reader(final boolean passes) {
            this.passes = passes;
        }

        Row row(final Row listed) {
            return row(
                    new Facts(listed.get(0), listed.get(1), listed.getLong(2), listed.get(MODIFIED)),
                    listed.getString(FILE),
                    listed.getLong(PART),
                    listed.getLong(PLACE),
                    listed.getString(ERROR));
        }

        Row row(final Part of, final RecordFormat.Listed listed) {
            return row(
                    new Facts(
                            listed.id(),
                            LakeRows.labels(listed.labels()),
                            listed.length(),
                            listed.modified() == null ? of.modified() : listed.modified()),
                    of.file(),
                    of.number(),
                    listed.place(),
                    listed.error());
        }

        private Row row(
                final Facts facts,
                final String path,
                final long number,
                final long place,
                final @Nullable String error) {
            final long length = facts.length();
            if (error != null) {
                return facts.with(length, null, error);
            }
            if (format.seekable() && length > maxBytes) {
                return tooLong(facts, length);
            }
            final @Nullable String before = isOpen(path, number) ? broken : null;
            if (before != null) {
                return facts.with(length, null, before);
            }
            final Optional<byte[]> found;
            try {
                found = read(path, number, place, length);
            } catch (final IOException | RuntimeException e) {
                if (!format.seekable() && Outage.of(e).isPresent()) {
                    // Nothing is wrong with the file: Spark tries the task again, and schedulers the job.
                    throw RecordLake.damaged(path, where, e);
                }
                final @Nullable String message = e.getMessage();
                final String why = e.getClass().getSimpleName() + (message == null ? "" : ": " + message);
                if (!format.seekable()) {
                    // What follows in the part cannot be found any more; but the listing has told how much it is.
                    broken = "the rest of its part of " + path + " cannot be read (" + why + ")";
                    LOG.warn(
                            "Part {} of the file {} of the lake {} cannot be read from record {} on",
                            number,
                            path,
                            where,
                            place,
                            e);
                }
                return facts.with(length, null, why);
            }
            if (found.isEmpty()) {
                // pack leaves out what is too long, and tells its length.
                return length > maxBytes ? tooLong(facts, length) : facts.with(0, null, "no content was stored");
            }
            final byte[] content = found.get();
            return content.length > maxBytes
                    ? tooLong(facts, content.length)
                    : facts.with(content.length, content, null);
        }

        /** Once more from the beginning of the part, where storage failed and not the file. */
        private Optional<byte[]> read(final String path, final long number, final long place, final long length)
                throws IOException {
            try {
                return at(path, number).read(place, length, maxBytes);
            } catch (final IOException | RuntimeException e) {
                LOG.warn("Reading record {} of part {} of {} again", place, number, path, e);
                close();
                return at(path, number).read(place, length, maxBytes);
            }
        }

        private boolean isOpen(final String path, final long number) {
            return path.equals(file) && number == part;
        }

        private RecordFormat.Contents at(final String path, final long number) throws IOException {
            RecordFormat.Contents open = contents;
            if (open == null || !isOpen(path, number)) {
                close();
                broken = null;
                file = path;
                part = number;
                open = passes ? format.openToPass(root, path, number) : format.open(root, path, number);
                contents = open;
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

    private Row tooLong(final Facts facts, final long length) {
        return facts.with(
                length, null, "The record has " + length + " bytes or more; at most " + maxBytes + " are read");
    }
}

package io.dpq.lake;

import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.XXH64;
import org.apache.spark.unsafe.Platform;
import org.jspecify.annotations.Nullable;

/**
 * How files hold many records each. What is damaged shows as an {@link IOException} or a {@link RuntimeException} whose message
 * fits into a sentence. Implementations are immutable, and used by many tasks at once.
 */
interface RecordFormat extends Serializable {
    /** What a file of this format is called in a sentence, such as ".tar". */
    String names();

    /** Whether a file of this name is one of the lake's. */
    boolean accepts(String path);

    /** Whether records can be reached one by one; otherwise a task reads a part in order, and no two tasks share one. */
    boolean seekable();

    /** Whether {@link Listed#length} is that of the content to the byte, and not a mean. */
    default boolean listsExactLengths() {
        return true;
    }

    /** Whether listing a part again costs little beside reading its content. */
    default boolean listsCheaply() {
        return false;
    }

    /** Whether ids in a file are made of its path and a record's place, so that none can come twice. */
    default boolean numbersRecords(final String path) {
        return false;
    }

    /** What a record costs beside its length, in bytes that are read in the same time: decoding and embedding an image. */
    default long recordCost() {
        return DirectoryLake.FILE_COST;
    }

    /** Where the parts of a file begin, in the format's own measure: what one task lists at a time. */
    List<Long> parts(LakeRoot root, String path) throws IOException;

    /** The records of a part in ascending order of their places. */
    List<Listed> list(LakeRoot root, String path, long part) throws IOException;

    /** Of what {@link #list} would list; cheaper where a format knows without listing. */
    default Summary summary(final LakeRoot root, final String path, final long part) throws IOException {
        return Summary.of(list(root, path, part));
    }

    /** As {@link #summary(LakeRoot, String, long)}, of a part that was just listed. */
    default Summary summary(final LakeRoot root, final String path, final long part, final List<Listed> listed)
            throws IOException {
        return Summary.of(listed);
    }

    /** Opens a part to read records of it in ascending order of their places. */
    Contents open(LakeRoot root, String path, long part) throws IOException;

    /** As {@link #open}, for who is done with a record's content before asking for the next one's, which may lie in the same array. */
    default Contents openToPass(final LakeRoot root, final String path, final long part) throws IOException {
        return open(root, path, part);
    }

    /**
     * A record's line in the listing.
     *
     * @param id unique in the lake
     * @param labels class names, empty where unknown
     * @param length bytes of content, about
     * @param place where it lies in its part
     * @param error why it has no content, or null
     * @param modified when the content was last modified, milliseconds since 1970; null where only the file's time is known
     */
    record Listed(
            String id,
            List<String> labels,
            long length,
            long place,
            @Nullable String error,
            @Nullable Long modified) {
        Listed(
                final String id,
                final List<String> labels,
                final long length,
                final long place,
                final @Nullable String error) {
            this(id, labels, length, place, error, null);
        }
    }

    /**
     * What a part holds, to plan by and to tell whether it has changed.
     *
     * @param records how many
     * @param bytes of their content, about
     * @param mark of what is listed, which is the same as long as that is; compared with marks of the same part alone
     */
    record Summary(long records, long bytes, long mark) {
        /** Of a hash that Spark's hash of texts begins with. */
        private static final long SEED = 42;

        static Summary of(final List<Listed> listed) {
            long bytes = 0;
            long mark = 0;
            for (final Listed record : listed) {
                bytes += record.length();
                mark ^= mark(record.id());
            }
            return new Summary(listed.size(), bytes, mark);
        }

        static long mark(final String text) {
            final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return XXH64.hashUnsafeBytes(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, SEED);
        }
    }

    /** The records of a part. One thread at a time. */
    interface Contents extends Closeable {
        /**
         * The content of a record; empty where none was stored.
         *
         * @param listed length, as the listing tells it
         * @param place behind that of the call before
         * @param most bytes that are wanted; of longer content any number above this may be returned
         */
        Optional<byte[]> read(long place, long listed, int most) throws IOException;
    }
}

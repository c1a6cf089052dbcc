package io.dpq.lake;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A source of images as rows {@code id STRING, content BINARY (null where only listed), labels ARRAY<STRING> (nullable),
 * length LONG}. An id is stable across runs and unique: for a directory, the path relative to the lake's root with forward
 * slashes.
 */
public interface Lake {
    /** Opens a lake; a missing path or an empty lake is a {@link io.dpq.config.UserException} that says so. */
    static Lake open(final SparkSession spark, final LakeSettings settings) {
        return switch (settings.kind()) {
            case DIRECTORY -> DirectoryLake.open(spark, settings);
        };
    }

    /**
     * What is there, without content: rows {@code id, labels, length} in the order of their ids, and {@code modified LONG},
     * milliseconds since 1970, where the lake knows when an image was last modified. Listed once and kept.
     */
    Dataset<Row> listing();

    /**
     * Rows {@code id, labels, length, content, error} for the given listing rows, in partitions of about {@code
     * partitionBytes} bytes of content, read on the executors. A file that cannot be read yields a row whose content is null
     * and whose column {@code error STRING} says why; it is null elsewhere. So it is with a file longer than {@code maxBytes},
     * whose row keeps its length: of such a file no more is read than shows that it is too long.
     *
     * @param maxBytes longest content to read, at least 0
     */
    Dataset<Row> read(Dataset<Row> listing, long partitionBytes, long maxBytes);
}

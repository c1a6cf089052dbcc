package io.dpq.lake;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * One file of a directory lake.
 *
 * @param id path relative to the root, with forward slashes
 * @param labels class names; empty where unknown
 * @param length bytes
 * @param modified milliseconds since 1970
 */
record ListedFile(String id, List<String> labels, long length, long modified) {
    /** The row of a listing. */
    Row row() {
        return RowFactory.create(id, labels.isEmpty() ? null : labels.toArray(String[]::new), length, modified);
    }
}

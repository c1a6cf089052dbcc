package io.dpq.eval;

import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Row;

/** Labels as rows hold them. Stateless. */
final class Labels {
    private Labels() {}

    /** The labels in a row's column; none where it is null. */
    static List<String> of(final Row row, final int column) {
        return row.isNullAt(column)
                ? List.of()
                : row.<String>getList(column).stream().filter(Objects::nonNull).toList();
    }
}

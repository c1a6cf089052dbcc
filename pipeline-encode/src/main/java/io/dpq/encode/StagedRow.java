package io.dpq.encode;

import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeSchema.Extra;
import io.dpq.image.ImageRejectedException.Reason;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/** Where what lies in a row of {@link CodeSchema#staged(int, Set)}. Stateless. */
final class StagedRow {
    private static final int DETAIL_LENGTH = 500;

    private StagedRow() {}

    /** The values of a row, all null. */
    static @Nullable Object[] blank(final int levels, final Set<Extra> extras) {
        int columns = firstExtra(levels);
        for (final Extra extra : extras) {
            columns += extra.columns(levels);
        }
        return new @Nullable Object[columns];
    }

    /** Behind id, labels and content hash come the levels, then reason, detail and length. */
    static int reason(final int levels) {
        return 3 + levels;
    }

    /** Fills the values of a row for the quarantine; the detail is cut to what a log line bears. */
    static Row refused(
            final @Nullable Object[] values,
            final int levels,
            final @Nullable Object id,
            final @Nullable Object labels,
            final @Nullable Object contentHash,
            final Reason why,
            final String detail,
            final long length) {
        values[0] = id;
        values[1] = labels;
        values[2] = contentHash;
        final int reason = reason(levels);
        values[reason] = why.name();
        values[reason + 1] = detail.length() > DETAIL_LENGTH ? detail.substring(0, DETAIL_LENGTH) : detail;
        values[reason + 2] = length;
        return RowFactory.create(values);
    }

    static int firstExtra(final int levels) {
        return reason(levels) + 3;
    }
}

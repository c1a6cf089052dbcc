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

    /** Where the rows that a lake reads have time and length as listed. */
    private static final int MODIFIED = 5;

    private static final int LISTED = 6;

    private StagedRow() {}

    /**
     * What a row has of the lake, whatever becomes of the image: what the next listing is compared with.
     *
     * @param length as listed
     * @param modified milliseconds since 1970, null where the lake knows no time
     */
    record Facts(
            @Nullable Object id,
            @Nullable Object labels,
            Object length,
            @Nullable Object modified) {
        /** Of a row that a lake read. */
        static Facts of(final Row row) {
            return new Facts(row.get(0), row.get(1), row.get(LISTED), row.get(MODIFIED));
        }
    }

    /** The values of a row, null but for what the lake tells and the hash. */
    static @Nullable Object[] begun(
            final int levels, final Set<Extra> extras, final Facts facts, final @Nullable Object contentHash) {
        final @Nullable Object[] values = blank(levels, extras);
        values[0] = facts.id();
        values[1] = facts.labels();
        values[2] = contentHash;
        values[reason(levels) + 2] = facts.length();
        values[reason(levels) + 3] = facts.modified();
        return values;
    }

    /** The values of a row, all null. */
    private static @Nullable Object[] blank(final int levels, final Set<Extra> extras) {
        int columns = firstExtra(levels);
        for (final Extra extra : extras) {
            columns += extra.columns(levels);
        }
        return new @Nullable Object[columns];
    }

    /** Behind id, labels and content hash come the levels, then reason, detail, length and time. */
    static int reason(final int levels) {
        return 3 + levels;
    }

    /** A begun row for the quarantine; the detail is cut to what a log line bears. */
    static Row refused(final @Nullable Object[] values, final int levels, final Reason why, final String detail) {
        final int reason = reason(levels);
        values[reason] = why.name();
        values[reason + 1] = detail.length() > DETAIL_LENGTH ? detail.substring(0, DETAIL_LENGTH) : detail;
        return RowFactory.create(values);
    }

    static int firstExtra(final int levels) {
        return reason(levels) + 4;
    }
}

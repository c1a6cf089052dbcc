package io.dpq.encode;

import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeSchema.Extra;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where what lies in a row of {@link CodeSchema#staged(int, Set)}. Stateless. */
final class StagedRow {
    private StagedRow() {}

    /** The values of a row, all null. */
    static @Nullable Object[] blank(final int levels, final Set<Extra> extras) {
        return new @Nullable
                Object
                [firstExtra(levels)
                        + extras.stream()
                                .mapToInt(extra -> extra.columns(levels))
                                .sum()];
    }

    /** Behind id, labels and content hash come the levels, then reason, detail and length. */
    static int reason(final int levels) {
        return 3 + levels;
    }

    static int firstExtra(final int levels) {
        return reason(levels) + 3;
    }
}

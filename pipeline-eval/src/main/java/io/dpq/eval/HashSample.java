package io.dpq.eval;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * Rows drawn by a hash of seed and id, so that partitions and order of the rows change nothing. Every partition of a sorted limit
 * sends as many rows as are wanted of all, which is more than a driver takes where rows are vectors and partitions many: those
 * that cannot be among the first are left out before. Stateless.
 */
final class HashSample {
    /** Standard deviations of the number of rows below a hash by which it may lie lower than it is taken to. */
    private static final double MARGIN = 6;

    private HashSample() {}

    /** The rows with the lowest hashes; all where there are no more than wanted. */
    static Dataset<Row> of(final Dataset<Row> rows, final Column id, final long seed, final int wanted) {
        final Column hash = functions.xxhash64(id, functions.lit(seed));
        final double share = (wanted + MARGIN * Math.sqrt(wanted)) / Math.max(1, rows.count());
        Dataset<Row> likely = rows;
        if (share < 1) {
            // Hashes are even over all longs.
            final long highest = Long.MIN_VALUE + 2 * (long) (share * 0x1p63);
            likely = rows.filter(hash.leq(functions.lit(highest)));
            if (likely.count() < wanted) {
                likely = rows;
            }
        }
        return likely.orderBy(hash, id).limit(wanted);
    }
}

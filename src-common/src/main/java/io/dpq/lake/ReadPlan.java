package io.dpq.lake;

import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Cuts a listing into partitions of about equal cost, contiguous in id order. Planned on the executors from running sums, so
 * that any part of a listing can be cut wherever it lies; only names and sizes are shuffled, never content.
 */
final class ReadPlan {
    /** Opening, decoding and embedding a small file costs about as much as reading this many bytes. */
    static final long FILE_COST = 64 * 1024;

    private static final int LENGTH = 2;

    private ReadPlan() {}

    /** The rows {@code id, labels, length}, sorted by id and cut; at least as many partitions as Spark has cores, if rows suffice. */
    static JavaRDD<Row> cut(final Dataset<Row> listing, final long partitionBytes, final long maxBytes) {
        // One RDD for both passes: planned twice, adaptive execution might cut it differently.
        final JavaRDD<Row> sorted = listing.orderBy("id").javaRDD();
        final List<long[]> costs =
                sorted.mapPartitions(part -> sum(part, maxBytes)).collect();
        final long[] before = new long[costs.size()];
        long total = 0;
        long rows = 0;
        for (int i = 0; i < before.length; i++) {
            before[i] = total;
            total += costs.get(i)[0];
            rows += costs.get(i)[1];
        }
        final long cores = sorted.context().defaultParallelism();
        final long wanted = Math.max((total + partitionBytes - 1) / partitionBytes, cores);
        final int parts = (int) Math.max(1, Math.min(Math.min(wanted, rows), Integer.MAX_VALUE));
        final long share = Math.max(1, (total + parts - 1) / parts);
        return JavaPairRDD.fromJavaRDD(
                        sorted.mapPartitionsWithIndex((index, part) -> starts(before[index], part, maxBytes), true))
                .repartitionAndSortWithinPartitions(new ByShare(parts, share))
                .values();
    }

    /** A file too long to be read costs no more than its name. */
    private static long cost(final Row row, final long maxBytes) {
        return (row.getLong(LENGTH) > maxBytes ? 0 : row.getLong(LENGTH)) + FILE_COST;
    }

    /** Cost and number of a partition's rows; an array, because Spark's Kryo cannot write records. */
    private static Iterator<long[]> sum(final Iterator<Row> part, final long maxBytes) {
        long bytes = 0;
        long rows = 0;
        while (part.hasNext()) {
            bytes += cost(part.next(), maxBytes);
            rows++;
        }
        return List.of(new long[] {bytes, rows}).iterator();
    }

    /** Each row with the cost of all rows before it. */
    private static Iterator<Tuple2<Long, Row>> starts(
            final long before, final Iterator<Row> part, final long maxBytes) {
        return new Iterator<>() {
            private long running = before;

            @Override
            public boolean hasNext() {
                return part.hasNext();
            }

            @Override
            public Tuple2<Long, Row> next() {
                final Row row = part.next();
                final Tuple2<Long, Row> keyed = new Tuple2<>(running, row);
                running += cost(row, maxBytes);
                return keyed;
            }
        };
    }

    /** Sends a row to the partition in whose share of the total cost it starts. */
    private static final class ByShare extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int parts;
        private final long share;

        ByShare(final int parts, final long share) {
            this.parts = parts;
            this.share = share;
        }

        @Override
        public int numPartitions() {
            return parts;
        }

        @Override
        public int getPartition(final Object key) {
            return (int) Math.min(parts - 1L, (Long) key / share);
        }
    }
}

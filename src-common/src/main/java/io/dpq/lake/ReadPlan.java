package io.dpq.lake;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Cuts a listing into partitions of about equal cost, contiguous in the order of where content lies. Planned on the executors
 * from running sums, so that any part of a listing can be cut wherever it lies; only names and sizes are shuffled, never
 * content.
 */
final class ReadPlan {
    private static final int LENGTH = 2;

    /** What a row costs beside its length. */
    private final long rowCost;
    /** Columns whose order is that of content. */
    private final Column[] order;
    /** Those of them that rows must share to be kept in one partition. */
    private final Column[] whole;
    /** Positions of the latter in a row. */
    private final int[] wholeAt;

    private ReadPlan(final long rowCost, final Column[] order, final Column[] whole, final int[] wholeAt) {
        this.rowCost = rowCost;
        this.order = order;
        this.whole = whole;
        this.wholeAt = wholeAt;
    }

    /** Rows in the order of the given columns, which no two rows may share; a cut may lie before any of them. */
    static ReadPlan ofRows(final long rowCost, final String... order) {
        return new ReadPlan(rowCost, columns(order), columns(order), new int[0]);
    }

    /** Listings of records whose files can only be read a part as a whole: no cut within a part. */
    static ReadPlan ofParts(final long rowCost) {
        return new ReadPlan(rowCost, columns("file", "part", "place"), columns("file", "part"), new int[] {
            LakeRows.RECORDS.fieldIndex("file"), LakeRows.RECORDS.fieldIndex("part")
        });
    }

    private static Column[] columns(final String... names) {
        final Column[] columns = new Column[names.length];
        for (int i = 0; i < names.length; i++) {
            columns[i] = functions.col(names[i]);
        }
        return columns;
    }

    /**
     * The rows {@code id, labels, length…}, sorted and cut.
     */
    JavaRDD<Row> cut(final Dataset<Row> listing, final Partitions partitions, final long maxBytes) {
        // Equal values always go to one partition of a range, so that no part lies across two of them.
        // One RDD for both passes: planned twice, adaptive execution might cut it differently.
        final JavaRDD<Row> sorted =
                listing.repartitionByRange(whole).sortWithinPartitions(order).javaRDD();
        // A byte for a row, so that files of nothing are dealt out, too.
        final long item = partitions.contentOnly() ? 1 : rowCost;
        final List<long[]> costs =
                sorted.mapPartitions(part -> sum(part, maxBytes, item)).collect();
        final long[] before = new long[costs.size()];
        long total = 0;
        long rows = 0;
        for (int i = 0; i < before.length; i++) {
            before[i] = total;
            total += costs.get(i)[0];
            rows += costs.get(i)[1];
        }
        final int parts = partitions.count(total, rows, sorted.context().defaultParallelism());
        final long share = Math.max(1, (total + parts - 1) / parts);
        final int[] together = wholeAt;
        return JavaPairRDD.fromJavaRDD(sorted.mapPartitionsWithIndex(
                        (index, part) -> starts(before[index], part, maxBytes, item, together), true))
                .repartitionAndSortWithinPartitions(new ByShare(parts, share), new ByStart())
                .values();
    }

    /** Content too long to be read costs no more than its name. */
    private static long cost(final Row row, final long maxBytes, final long item) {
        return (row.getLong(LENGTH) > maxBytes ? 0 : row.getLong(LENGTH)) + item;
    }

    /** Cost and number of a partition's rows; an array, because Spark's Kryo cannot write records. */
    private static Iterator<long[]> sum(final Iterator<Row> part, final long maxBytes, final long item) {
        long bytes = 0;
        long rows = 0;
        while (part.hasNext()) {
            bytes += cost(part.next(), maxBytes, item);
            rows++;
        }
        return List.of(new long[] {bytes, rows}).iterator();
    }

    /** Each row with the cost of all rows before what it must stay with, and of all rows before itself. */
    private static Iterator<Tuple2<Tuple2<Long, Long>, Row>> starts(
            final long before, final Iterator<Row> part, final long maxBytes, final long item, final int[] together) {
        return new Iterator<>() {
            private long running = before;
            private long start = before;
            private @Nullable List<Object> current;

            @Override
            public boolean hasNext() {
                return part.hasNext();
            }

            @Override
            public Tuple2<Tuple2<Long, Long>, Row> next() {
                final Row row = part.next();
                final List<Object> here = new ArrayList<>(together.length);
                for (final int field : together) {
                    here.add(row.get(field));
                }
                if (together.length == 0 || !here.equals(current)) {
                    current = here;
                    start = running;
                }
                final Tuple2<Tuple2<Long, Long>, Row> keyed = new Tuple2<>(new Tuple2<>(start, running), bare(row));
                running += cost(row, maxBytes, item);
                return keyed;
            }
        };
    }

    /** The values alone: a row of Spark SQL carries its schema, which Java's serialization writes again and again. */
    private static Row bare(final Row row) {
        final Object[] values = new Object[row.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.get(i);
        }
        return RowFactory.create(values);
    }

    /** Orders rows as they were. */
    private static final class ByStart implements Comparator<Tuple2<Long, Long>>, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public int compare(final Tuple2<Long, Long> a, final Tuple2<Long, Long> b) {
            return Long.compare(a._2(), b._2());
        }
    }

    /** Sends a row to the partition in whose share of the total cost it starts, or what it must stay with. */
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
            return (int) Math.min(parts - 1L, (Long) ((Tuple2<?, ?>) key)._1() / share);
        }
    }
}

package io.dpq.lake;

import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import scala.Tuple2;

/**
 * Deals rows out to tasks by what they are. Spark's own repartition deals by their order, which another attempt at a lost task need
 * not find again: a row could then come twice and another not at all. Stateless.
 */
final class Dealing {
    private Dealing() {}

    /** The same rows in so many partitions; equal keys in the same one. */
    static <T> JavaRDD<T> by(final Function<T, String> key, final JavaRDD<T> rows, final int tasks) {
        return rows.mapToPair(row -> new Tuple2<>(key.call(row), row))
                .partitionBy(new HashPartitioner(tasks))
                .values();
    }
}

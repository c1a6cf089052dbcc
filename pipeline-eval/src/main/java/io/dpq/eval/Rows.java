package io.dpq.eval;

import io.dpq.ranking.Ties;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/** Deals the rows of a table out to partitions. Stateless. */
final class Rows {
    private Rows() {}

    /**
     * The rows, each with the rank of its id in the whole table where ids decide ties, and with 0 elsewhere.
     *
     * @param rows with a column {@code id}
     * @param parts partitions wanted
     */
    static JavaRDD<Tuple2<Row, Long>> dealt(final Dataset<Row> rows, final Ties ties, final long parts) {
        final int partitions = (int) Math.max(1, Math.min(Integer.MAX_VALUE, parts));
        return ties == Ties.ID
                ? rows.orderBy("id")
                        .toJavaRDD()
                        .zipWithIndex()
                        .repartition(partitions)
                        .map(row -> row)
                : rows.repartition(partitions).toJavaRDD().map(row -> new Tuple2<>(row, 0L));
    }
}

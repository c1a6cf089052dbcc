package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;

final class HashSampleTest {
    @Test
    void isWhatSortingAllWouldYield() {
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .getOrCreate()) {
            final Dataset<Row> rows = spark.range(0, 20_000, 1, 8)
                    .select(functions
                            .concat(functions.lit("image"), functions.col("id"))
                            .as("id"));
            final Column id = functions.col("id");
            for (final int wanted : new int[] {1, 300, 15_000, 20_000, 30_000}) {
                final Column hash = functions.xxhash64(id, functions.lit(7L));
                assertThat(HashSample.of(rows, id, 7, wanted).collectAsList())
                        .hasSize(Math.min(wanted, 20_000))
                        .isEqualTo(rows.orderBy(hash, id).limit(wanted).collectAsList());
            }
            // Where all rows have hashes that are too high, none is left out.
            final Dataset<Row> high =
                    rows.filter(functions.xxhash64(id, functions.lit(7L)).gt(0L));
            assertThat(HashSample.of(high, id, 7, 10).collectAsList())
                    .hasSize(10)
                    .isEqualTo(high.orderBy(functions.xxhash64(id, functions.lit(7L)), id)
                            .limit(10)
                            .collectAsList());
        }
    }
}

package io.dpq.codes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredRowsTest {
    private static final int ROWS = 200_000;

    @TempDir
    private Path folder;

    private static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.close();
    }

    /** Rows like those that a run stages, in files of a few thousand. */
    private Dataset<Row> staged(final String id) {
        final String code = "cast(rand(%d) * 256 AS SMALLINT) AS level_%d";
        final String at = folder.resolve("stäged of " + id.length()).toString();
        spark.range(0, ROWS, 1, 50)
                .selectExpr(
                        id + " AS id",
                        "array('class ' || (id % 10)) AS labels",
                        "xxhash64(id) AS content_hash",
                        String.format(code, 1, 1),
                        String.format(code, 2, 2),
                        String.format(code, 3, 3),
                        String.format(code, 4, 4),
                        "cast(null AS STRING) AS reason",
                        "20000 + abs(xxhash64(id, 1)) % 90000 AS length",
                        "1700000000000 + id * 1000 AS modified")
                .write()
                .option("compression", "zstd")
                .parquet(at);
        return spark.read().parquet(at);
    }

    private static long bytes(final Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    /** Ids that tell next to nothing, long ones, and such as are all noise. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "format_string('train/%08d.jpg', id)",
                "format_string('a/rather/long/path/that/all/images/of/the/lake/share/and/that/costs/next/to/nothing/%08d.jpeg', id)",
                "md5(cast(id AS STRING))"
            })
    void tellsWhatSortedRowsWillTake(final String id) throws IOException {
        final Dataset<Row> rows =
                staged(id).drop("reason").filter(functions.col("id").isNotNull());

        final double told = StoredRows.bytesEach(rows, spark.sparkContext().hadoopConfiguration());

        final Path sorted = folder.resolve("sorted");
        rows.repartition(1)
                .sortWithinPartitions("id")
                .write()
                .option("compression", "zstd")
                .parquet(sorted.toString());
        // Of few rows a file, dictionaries and page headers take more; a file aimed at 256 MiB then has 128 MB at the
        // least.
        assertThat(told * ROWS / bytes(sorted)).isBetween(0.8, 1.9);
    }

    @Test
    void onlyFilesThatHaveAllColumnsTell() throws IOException {
        final Dataset<Row> rows = staged("cast(id AS STRING)").select("id", "level_1", "level_2");
        final double alone = StoredRows.bytesEach(rows, spark.sparkContext().hadoopConfiguration());
        final String facts = folder.resolve("facts").toString();
        spark.range(ROWS)
                .selectExpr("cast(id AS STRING) AS fact_id", "sha2(cast(id AS STRING), 512) AS id_of_another")
                .write()
                .parquet(facts);
        final Dataset<Row> joined = rows.join(
                        spark.read().parquet(facts), functions.col("id").equalTo(functions.col("fact_id")))
                .select("id", "level_1", "level_2");

        assertThat(StoredRows.bytesEach(joined, spark.sparkContext().hadoopConfiguration()))
                .isCloseTo(alone, within(1e-9));
        assertThat(StoredRows.bytesEach(
                        spark.range(5).toDF("id"), spark.sparkContext().hadoopConfiguration()))
                .isEqualTo(1);
    }
}

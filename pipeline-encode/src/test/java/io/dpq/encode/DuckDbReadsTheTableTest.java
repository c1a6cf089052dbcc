package io.dpq.encode;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;
import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.codes.CodeRun;
import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table as a reader sees it that knows neither Spark nor this project. */
final class DuckDbReadsTheTableTest {
    private static final long ROWS = 100_000;
    private static final int LEVELS = 4;

    @TempDir
    private static Path folder;

    private static RunManifest run;

    @BeforeAll
    static void write() {
        final SparkSession spark = TestSpark.start();
        final Column refused = col("n").lt(5);
        final List<Column> columns = new ArrayList<>(List.of(
                concat(lit("image-"), col("n")).as("id"),
                when(col("n").mod(2).equalTo(0), array(lit("cat"), lit("pet"))).as("labels"),
                xxhash64(col("n")).as("content_hash")));
        for (int level = 1; level <= LEVELS; level++) {
            columns.add(when(
                            col("n").geq(5),
                            pmod(xxhash64(col("n"), lit(level)), lit(256)).cast(DataTypes.ShortType))
                    .as(CodeTable.column(level)));
        }
        columns.add(when(refused, lit("EMPTY")).as("reason"));
        columns.add(when(refused, lit("no bytes")).as("detail"));
        columns.add(when(refused, lit(0L)).as("length"));
        columns.add(lit(null).cast(DataTypes.LongType).as("modified"));
        final CodeTable table =
                new CodeTable(folder.toString(), spark.sparkContext().hadoopConfiguration());
        final CodeRun writer = table.begin(new CodeRun.Identity("c".repeat(64), 1, LEVELS, 256));
        writer.stage(spark.range(0, ROWS, 1, 2).toDF("n").select(columns.toArray(new Column[0])));
        run = writer.publish(spark, ROWS, 0, 1_000_000, Map.of());
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private static List<List<Object>> query(final String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            final List<List<Object>> rows = new ArrayList<>();
            while (result.next()) {
                final List<Object> row = new ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getObject(i));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    private static String codes() {
        return "read_parquet('" + folder + "/run=*/*.parquet', hive_partitioning = true)";
    }

    @Test
    void columnsAndTypes() throws SQLException {
        assertThat(query("select column_name, column_type from (describe select * from " + codes() + ")"))
                .containsExactly(
                        List.of("id", "VARCHAR"),
                        List.of("labels", "VARCHAR[]"),
                        List.of("content_hash", "BIGINT"),
                        List.of("level_1", "SMALLINT"),
                        List.of("level_2", "SMALLINT"),
                        List.of("level_3", "SMALLINT"),
                        List.of("level_4", "SMALLINT"),
                        List.of("length", "BIGINT"),
                        List.of("modified", "BIGINT"),
                        List.of("run", "VARCHAR"));
    }

    @Test
    void rowsRunsAndRanges() throws SQLException {
        assertThat(query("select count(*), count(distinct id), min(run), max(run) from " + codes()))
                .containsExactly(List.of(ROWS - 5, ROWS - 5, run.runId(), run.runId()));
        for (int level = 1; level <= LEVELS; level++) {
            final String column = CodeTable.column(level);
            assertThat(query("select min(" + column + ")::int, max(" + column + ")::int, count(" + column + ") from "
                            + codes()))
                    .containsExactly(List.of(0, 255, ROWS - 5));
        }
        assertThat(query("select count(*) from " + codes() + " where list_contains(labels, 'pet')"))
                .containsExactly(List.of(ROWS / 2 - 3));
    }

    @Test
    void quarantine() throws SQLException {
        assertThat(query("select reason, detail, length, count(*) from read_parquet('" + folder
                        + "/_quarantine/run=*/*.parquet') group by all"))
                .containsExactly(List.of("EMPTY", "no bytes", 0L, 5L));
    }

    @Test
    void oneLevelIsLessThanAThirdOfFour() throws SQLException {
        final List<List<Object>> sizes =
                query("select path_in_schema, sum(total_compressed_size)::bigint from parquet_metadata('" + folder
                        + "/run=*/*.parquet') where path_in_schema like 'level_%' group by all order by 1");
        assertThat(sizes).hasSize(LEVELS);
        final long all = sizes.stream().mapToLong(row -> (Long) row.get(1)).sum();
        assertThat((Long) sizes.get(0).get(1)).isPositive().isLessThan(all / 3);
        assertThat(all).isLessThanOrEqualTo((long) (1.02 * LEVELS * ROWS));
    }

    @Test
    void theFooterNamesTheModelAndTheDecodeContract() throws SQLException {
        assertThat(query("select count(*) from parquet_kv_metadata('" + folder
                        + "/run=*/*.parquet') where decode(value) like '%\"dpq.model\":\"" + "c".repeat(64)
                        + "\"%' and decode(value) like '%\"dpq.decode\":1,%'"))
                .containsExactly(List.of((long) run.files().size()));
    }

    /** The statement that the README shows, as it stands there. */
    @Test
    void theReadmesSqlYieldsTheRowsThatCount() throws Exception {
        final Path codes = folder.resolve("nights/codes");
        final SparkSession spark = SparkSession.active();
        final CodeTable table =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration());
        final CodeRun first = table.begin(new CodeRun.Identity("c".repeat(64), 1, LEVELS, 256));
        first.stage(rows(spark, "a", "b", "c"));
        first.publish(spark, 3, 0, 100, Map.of());
        final CodeRun second = table.begin(new CodeRun.Identity("c".repeat(64), 1, LEVELS, 256));
        second.plan(spark.createDataFrame(
                List.of(
                        RowFactory.create("a", null, 7L, 8L, "changed"),
                        RowFactory.create("b", null, null, null, "deleted"),
                        RowFactory.create("d", null, 7L, 8L, "new")),
                CodeSchema.plan()));
        second.stage(rows(spark, "a", "d"));
        second.publish(spark, 3, 1, 100, Map.of());

        Path project = Path.of("").toAbsolutePath();
        while (!Files.exists(project.resolve("README.md"))) {
            project = project.getParent();
        }
        final String readme = Files.readString(project.resolve("README.md"));
        final int begin = readme.indexOf("```sql\n") + 7;
        final String sql = readme.substring(begin, readme.indexOf("```", begin));
        assertThat(sql).contains("'codes/run=*/*.parquet'", "_superseded");
        final List<List<Object>> counted =
                query(sql.replace("'codes/", "'" + codes + "/").strip() + " ORDER BY c.id");

        assertThat(counted.stream().map(row -> row.get(0))).containsExactly("a", "c", "d");
        assertThat(counted.get(0)).hasSize(3);
    }

    private static Dataset<Row> rows(final SparkSession spark, final String... ids) {
        final List<Row> rows = new ArrayList<>();
        for (final String id : ids) {
            rows.add(RowFactory.create(id, null, 1L, (short) 1, (short) 2, (short) 3, (short) 4, null, null, 7L, 8L));
        }
        return spark.createDataFrame(rows, CodeSchema.staged(LEVELS));
    }
}

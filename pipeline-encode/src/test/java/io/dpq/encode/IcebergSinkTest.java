package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.JobContext;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelManifest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real Iceberg table in a Hadoop catalog on the local disk. */
final class IcebergSinkTest {
    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;
    private static List<Path> images;

    @BeforeAll
    static void start() throws IOException {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
                .config("spark.sql.catalog.ice", "org.apache.iceberg.spark.SparkCatalog")
                .config("spark.sql.catalog.ice.type", "hadoop")
                .config(
                        "spark.sql.catalog.ice.warehouse",
                        shared.resolve("warehouse").toString())
                .getOrCreate();
        TestModel.publish(shared.resolve("model").toString(), 1);
        new SampleLake(12, 1, 5).write(shared.resolve("sample"));
        try (Stream<Path> files = Files.walk(shared.resolve("sample/train"))) {
            images = files.filter(f -> f.toString().endsWith(".jpg")
                            && !f.getFileName().toString().startsWith("corrupt"))
                    .sorted()
                    .toList();
        }
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private JobContext context(final String table, final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + shared.resolve("model"),
                "codes.path=" + folder.resolve("codes"),
                "encode.lake.path=" + folder.resolve("lake"),
                "encode.max-deleted-fraction=0.5"));
        if (!table.isEmpty()) {
            all.add("encode.iceberg.table=" + table);
        }
        all.addAll(List.of(sets));
        return new JobContext(
                spark,
                DpqConfig.load(null, all),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
    }

    private void encode(final String table, final String... sets) {
        new EncodeJob().run(context(table, sets));
    }

    private void put(final int image, final String name) throws IOException {
        final Path file = folder.resolve("lake/things").resolve(name);
        Files.createDirectories(file.getParent());
        Files.copy(images.get(image), file, StandardCopyOption.REPLACE_EXISTING);
    }

    private void assertSame(final String table, final int snapshots) {
        final CodeTable codes = new CodeTable(
                folder.resolve("codes").toString(), spark.sparkContext().hadoopConfiguration());
        final String model = codes.runs().get(codes.runs().size() - 1).modelId();
        final List<Row> expected = codes.current(spark, model, codes.runs())
                .drop("run")
                .orderBy("id")
                .collectAsList();
        spark.catalog().refreshTable(table);
        assertThat(spark.table(table).orderBy("id").collectAsList())
                .isNotEmpty()
                .isEqualTo(expected);
        assertThat(spark.table(table + ".snapshots").count()).isEqualTo(snapshots);
    }

    @Test
    void theTableFollowsTheRunsNightAfterNight() throws IOException {
        final String table = "ice.db.nights";
        for (int i = 0; i < 4; i++) {
            put(i, i + ".jpg");
        }
        encode(table, "encode.columns.norms=true");
        assertSame(table, 1);
        assertThat(spark.table(table).columns())
                .containsExactly(
                        "id",
                        "labels",
                        "content_hash",
                        "level_1",
                        "level_2",
                        "level_3",
                        "length",
                        "modified",
                        "norm_1",
                        "norm_2",
                        "norm_3");
        // A night without news makes no snapshot.
        encode(table, "encode.columns.norms=true");
        assertSame(table, 1);
        // Only additions.
        put(4, "4.jpg");
        encode(table, "encode.columns.norms=true");
        assertSame(table, 2);
        // One is another, one has gone, one is new: one snapshot.
        put(5, "1.jpg");
        put(6, "6.jpg");
        Files.delete(folder.resolve("lake/things/0.jpg"));
        encode(table, "encode.columns.norms=true");
        assertSame(table, 3);
        assertThat(spark.table(table).count()).isEqualTo(5);
        // Merged runs change no row.
        new CompactJob().run(context(""));
        encode(table, "encode.columns.norms=true");
        assertSame(table, 3);
        // What a job that ended before it reached the table left out, the next makes up for.
        put(7, "7.jpg");
        encode("", "encode.columns.norms=true");
        Files.delete(folder.resolve("lake/things/7.jpg"));
        put(8, "2.jpg");
        encode("", "encode.columns.norms=true");
        encode(table, "encode.columns.norms=true");
        assertSame(table, 4);
    }

    @Test
    void anotherModelsCodesReplaceAllInOneSnapshot() throws IOException {
        final String table = "ice.db.models";
        for (int i = 0; i < 4; i++) {
            put(i, i + ".jpg");
        }
        encode(table);
        final List<Row> old = spark.table(table).orderBy("id").collectAsList();
        final ModelManifest other = TestModel.publish(folder.resolve("other").toString(), 2);
        encode(table, "model.path=" + folder.resolve("other"), "encode.replace-model=true");

        assertSame(table, 2);
        assertThat(spark.table(table).orderBy("id").collectAsList())
                .hasSameSizeAs(old)
                .isNotEqualTo(old);
        assertThat(spark.table(table + ".snapshots")
                        .orderBy("committed_at")
                        .selectExpr("summary['dpq.model']")
                        .collectAsList()
                        .get(1)
                        .getString(0))
                .isEqualTo(other.modelId());
    }

    @Test
    void whereMaintenanceRemovedItsSnapshotsTheTableIsWrittenAnew() throws IOException {
        final String table = "ice.db.maintained";
        for (int i = 0; i < 3; i++) {
            put(i, i + ".jpg");
        }
        encode(table);
        spark.sql(
                "call ice.system.rewrite_data_files(table => 'db.maintained', options => map('rewrite-all', 'true'))");
        spark.sql(
                "call ice.system.expire_snapshots(table => 'db.maintained', older_than => timestamp '2100-01-01 00:00:00',"
                        + " retain_last => 1)");
        put(3, "3.jpg");
        encode(table);
        assertSame(table, 2);
    }

    @Test
    void aTableThatWasRolledBackIsBroughtUpAgain() throws IOException {
        final String table = "ice.db.rolledback";
        put(0, "0.jpg");
        encode(table);
        final long first =
                spark.table(table + ".snapshots").select("snapshot_id").first().getLong(0);
        put(1, "1.jpg");
        encode(table);
        spark.sql("call ice.system.rollback_to_snapshot('db.rolledback', " + first + ")");
        spark.catalog().refreshTable(table);
        assertThat(spark.table(table).count()).isEqualTo(1);
        encode(table);
        assertSame(table, 3);
    }

    @Test
    void aRunThatTheCodeTableHasLostIsInTheTableOnce() throws IOException {
        final String table = "ice.db.lost";
        put(0, "0.jpg");
        encode(table);
        put(1, "1.jpg");
        put(2, "2.jpg");
        encode(table);
        final CodeTable codes = new CodeTable(
                folder.resolve("codes").toString(), spark.sparkContext().hadoopConfiguration());
        // As the message about a run whose files are gone advises; and one of its images has gone since.
        Files.delete(folder.resolve("codes/_runs/" + codes.runs().get(1).runId() + ".json"));
        Files.delete(folder.resolve("lake/things/2.jpg"));
        encode(table);
        assertSame(table, 3);
        assertThat(spark.table(table).count()).isEqualTo(2);
        // And from there on as ever.
        put(3, "3.jpg");
        encode(table);
        assertSame(table, 4);
    }

    @Test
    void whatIsNoneOfItsTablesIsRefused() throws IOException {
        put(0, "0.jpg");
        spark.sql("create table ice.db.foreign using iceberg as select 'x' as id");
        assertThatThrownBy(() -> encode("ice.db.foreign"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no snapshot tells the run");
        assertThatThrownBy(() -> encode("nowhere.db.codes"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("encode.iceberg.table");
    }
}

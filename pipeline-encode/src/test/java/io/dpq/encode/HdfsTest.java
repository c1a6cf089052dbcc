package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.job.JobContext;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelManifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lakes, a model and code tables on a real HDFS of one name node and one data node in this JVM. */
final class HdfsTest {
    private static final int IMAGES = 60;

    @TempDir
    private static Path local;

    private static MiniDFSCluster hdfs;
    private static SparkSession spark;
    private static String root;
    private static ModelManifest model;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws IOException {
        final Configuration conf = new Configuration();
        conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, local.resolve("hdfs").toString());
        hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
        hdfs.waitActive();
        root = hdfs.getFileSystem().getUri().toString();
        spark = TestSpark.start();
        new SampleLake(IMAGES, 1, 5).write(local.resolve("lake"));
        model = TestModel.publish(root + "/model", 1);
        final FileSystem files = hdfs.getFileSystem();
        files.copyFromLocalFile(
                new org.apache.hadoop.fs.Path(local.resolve("lake/train").toString()),
                new org.apache.hadoop.fs.Path("/lake"));
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
        hdfs.shutdown();
    }

    private JobContext context(final String... sets) {
        return new JobContext(
                spark, DpqConfig.load(null, sets(sets)), new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    private static List<String> sets(final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + root + "/model",
                "codes.path=" + root + "/codes",
                "encode.lake.path=" + root + "/lake",
                "encode.max-quarantine-fraction=0.5",
                "encode.batch-size=8",
                "pack.lake.path=" + root + "/lake",
                "pack.output=" + root + "/packed"));
        all.addAll(List.of(sets));
        return all;
    }

    @Test
    void everyKindOfLakeMayLieOnHdfs() throws IOException {
        RecordLakes.assertReadAlike(spark, local.resolve("records"), root + "/records");
    }

    /** While it stages, before the codes appear, between data and manifest, and when it cleans up. */
    @ParameterizedTest
    @CsvSource({
        "create .*/staged/part-00001.*, 0",
        "rename .*/codes-[^/]+/run=.*, 0",
        "rename .*/_runs/.*json, 0",
        "delete .*/_tmp/2[^/]+, 1"
    })
    void aDriverKilledOnHdfsLeavesAllOrNothing(final String operation, final int runs) throws Exception {
        final String codes = root + "/codes-killed-at-" + operation.replaceAll("[^a-z]", "");
        final String[] sets = {"codes.path=" + codes};
        final List<String> options = new ArrayList<>();
        for (final String set : sets(sets)) {
            options.addAll(List.of("--set", set));
        }
        final Path folder = Files.createDirectories(local.resolve("killed-" + operation.replaceAll("[^a-z]", "")));
        DriverProcess.kill(new DriverProcess(folder, options)
                .with("spark.hadoop.fs.hdfs.impl", PausingHdfs.class.getName())
                .with("spark.master", "local[2]")
                .pausingAt(operation)
                .startAndPause());
        final CodeTable table = new CodeTable(codes, spark.sparkContext().hadoopConfiguration());
        assertThat(table.completeRuns()).hasSize(runs);

        new EncodeJob().run(context(sets));
        assertThat(table.completeRuns()).hasSize(runs + 1);
        new EncodeJob().run(context("codes.path=" + root + "/codes-undisturbed"));
        assertThat(rows(codes.substring(root.length()))).hasSize(IMAGES).isEqualTo(rows("/codes-undisturbed"));
        assertThat(hdfs.getFileSystem().listStatus(new org.apache.hadoop.fs.Path(codes, "_tmp")))
                .isEmpty();
    }

    private static List<Row> rows(final String codes) {
        return spark.read().parquet(root + codes).drop("run").orderBy("id").collectAsList();
    }

    @Test
    void everythingMayLieOnHdfs() throws IOException {
        new EncodeJob().run(context());
        new PackJob().run(context());
        new EncodeJob()
                .run(context(
                        "encode.lake.kind=parquet",
                        "encode.lake.path=" + root + "/packed",
                        "codes.path=" + root + "/codes-of-packed"));

        final CodeTable table =
                new CodeTable(root + "/codes", spark.sparkContext().hadoopConfiguration());
        final RunManifest run = table.runs().get(0);
        assertThat(run.modelId()).isEqualTo(model.modelId());
        assertThat(run.encoded()).isEqualTo(IMAGES);
        assertThat(run.quarantined()).isEqualTo(SampleLake.DAMAGED);
        assertThat(table.read(spark, model.modelId(), TestModel.LEVELS).count()).isEqualTo(IMAGES);
        final List<Row> codes = rows("/codes");
        assertThat(codes).hasSize(IMAGES);
        assertThat(rows("/codes-of-packed")).isEqualTo(codes);

        // As on the local disk.
        new EncodeJob()
                .run(context(
                        "encode.lake.path=" + local.resolve("lake/train"), "codes.path=" + local.resolve("codes")));
        assertThat(spark.read()
                        .parquet(local.resolve("codes").toString())
                        .drop("run", "modified")
                        .orderBy("id")
                        .collectAsList())
                .isEqualTo(spark.read()
                        .parquet(root + "/codes")
                        .drop("run", "modified")
                        .orderBy("id")
                        .collectAsList());

        // Again: nothing is left to encode.
        new EncodeJob().run(context());
        assertThat(table.runs().get(1).unchanged()).isEqualTo(IMAGES + SampleLake.DAMAGED);
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.lake.SampleLake;
import io.dpq.model.ModelManifest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lakes, a model and code tables on a real S3 endpoint, by S3A, with the settings that the README tells. */
final class S3Test {
    private static final int IMAGES = 12;

    /** As the README has them. */
    private static final Map<String, String> MAGIC = Map.of(
            "spark.sql.sources.commitProtocolClass",
            "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
            "spark.sql.parquet.output.committer.class",
            "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
            "spark.hadoop.fs.s3a.committer.name",
            "magic");

    @TempDir
    private static Path local;

    private static S3Endpoint s3;
    private static SparkSession spark;
    private static ModelManifest model;
    private static List<Row> expected;

    @BeforeAll
    static void start() throws Exception {
        s3 = S3Endpoint.start(local);
        spark = TestSpark.start();
        s3.hadoop(local.resolve("buffers")).forEach(spark.sparkContext().hadoopConfiguration()::set);
        model = TestModel.publish(
                S3Endpoint.url("model"), 1, spark.sparkContext().hadoopConfiguration());
        new SampleLake(IMAGES, 1, 5).write(local.resolve("sample"));
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        FileUtil.copy(
                local.resolve("sample/train").toFile(),
                files(),
                new org.apache.hadoop.fs.Path(S3Endpoint.url("lake")),
                false,
                hadoop);
        encode(local.resolve("codes").toString(), false, "encode.lake.path=" + local.resolve("sample/train"));
        expected = codes(local.resolve("codes").toString());
        assertThat(expected).hasSize(IMAGES);
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
        s3.close();
    }

    private static FileSystem files() throws IOException {
        return new org.apache.hadoop.fs.Path(S3Endpoint.url("lake"))
                .getFileSystem(spark.sparkContext().hadoopConfiguration());
    }

    private static List<String> sets(final String codes, final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + S3Endpoint.url("model"),
                "codes.path=" + codes,
                "encode.lake.path=" + S3Endpoint.url("lake"),
                "encode.max-quarantine-fraction=0.6",
                "encode.batch-size=8",
                "pack.lake.path=" + S3Endpoint.url("lake"),
                "pack.output=" + S3Endpoint.url("packed"),
                // Several tasks even for a few images.
                "encode.partition-bytes=256KiB"));
        all.addAll(List.of(sets));
        return all;
    }

    private static JobContext context(final String codes, final boolean resume, final String... sets) {
        return new JobContext(
                spark,
                DpqConfig.load(null, sets(codes, sets)),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                resume);
    }

    private static Job.Outcome encode(final String codes, final boolean resume, final String... sets) {
        return new EncodeJob().run(context(codes, resume, sets));
    }

    private static CodeTable table(final String codes) {
        return new CodeTable(codes, spark.sparkContext().hadoopConfiguration());
    }

    /** By the manifests. */
    private static List<Row> codes(final String codes) {
        return table(codes)
                .read(spark, model.modelId(), TestModel.LEVELS)
                .orderBy("id")
                .collectAsList();
    }

    private static List<String> names(final String folder) throws IOException {
        final org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(folder);
        return files().exists(path)
                ? Stream.of(files().listStatus(path))
                        .map(FileStatus::getPath)
                        .map(org.apache.hadoop.fs.Path::getName)
                        .toList()
                : List.of();
    }

    @ParameterizedTest
    @ValueSource(strings = {"magic", "default"})
    void everythingMayLieOnS3(final String committer) throws IOException {
        if (committer.equals("magic")) {
            MAGIC.forEach(spark.conf()::set);
            spark.sparkContext().hadoopConfiguration().set("fs.s3a.committer.name", "magic");
        }
        final String codes = S3Endpoint.url("codes-" + committer);
        try {
            encode(codes, false);
            final RunManifest run = table(codes).runs().get(0);
            assertThat(run.encoded()).isEqualTo(IMAGES);
            assertThat(run.quarantined()).isEqualTo(SampleLake.DAMAGED);
            assertThat(codes(codes)).isEqualTo(expected);
            // Readers of the folder see the same.
            assertThat(spark.read().parquet(codes + "/run=" + run.runId()).count())
                    .isEqualTo(IMAGES);
            // The magic committer leaves JSON that says so; the default one an empty file.
            final long success = files().getFileStatus(
                            new org.apache.hadoop.fs.Path(codes + "/run=" + run.runId() + "/_SUCCESS"))
                    .getLen();
            assertThat(success > 0).isEqualTo(committer.equals("magic"));

            // The next night: nothing is left to encode.
            encode(codes, false);
            assertThat(table(codes).runs().get(1).unchanged()).isEqualTo(IMAGES + SampleLake.DAMAGED);
            new CompactJob().run(context(codes, false));
            assertThat(table(codes).runs()).hasSize(1);
            assertThat(codes(codes)).isEqualTo(expected);
            assertThat(names(codes + "/_tmp")).isEmpty();
        } finally {
            MAGIC.keySet().forEach(spark.conf()::unset);
            spark.sparkContext().hadoopConfiguration().unset("fs.s3a.committer.name");
        }
    }

    @Test
    void aLakePackedOnS3IsTheSameLake() throws IOException {
        new PackJob().run(context(S3Endpoint.url("unused"), false));
        final String codes = S3Endpoint.url("codes-of-packed");
        encode(codes, false, "encode.lake.kind=parquet", "encode.lake.path=" + S3Endpoint.url("packed"));
        assertThat(codes(codes)).isEqualTo(expected);
    }

    @Test
    void everyKindOfLakeMayLieOnS3() throws IOException {
        RecordLakes.assertReadAlike(spark, local.resolve("records"), S3Endpoint.url("records"));
    }

    /** The second night, in which images are new, others and gone: it is killed when some of what it publishes is there. */
    @Test
    void aSecondNightKilledOnS3IsAsIfItHadNotBegun() throws Exception {
        final String lake = S3Endpoint.url("nightly");
        final String codes = S3Endpoint.url("codes-nightly");
        final List<org.apache.hadoop.fs.Path> images = new ArrayList<>();
        for (final FileStatus folder : files().listStatus(new org.apache.hadoop.fs.Path(S3Endpoint.url("lake")))) {
            for (final FileStatus file : files().listStatus(folder.getPath())) {
                if (!file.getPath().getName().startsWith("corrupt")) {
                    images.add(file.getPath());
                }
            }
        }
        copy(images.subList(0, 4), lake);
        final String[] sets = {"encode.lake.path=" + lake, "encode.max-deleted-fraction=1"};
        encode(codes, false, sets);
        final List<Row> before = codes(codes);
        assertThat(before).hasSize(4);
        copy(images.subList(4, 8), lake);
        files().delete(new org.apache.hadoop.fs.Path(lake + "/things/0.jpg"), false);

        DriverProcess.kill(driver(codes, local.resolve("killed-on-the-second-night"), sets)
                .pausingAt("create .*/codes-nightly/run=.*")
                .startAndPause());
        // The ids that no longer count are there already, and no reader of manifests looks at them.
        assertThat(names(codes + "/_superseded")).hasSize(1);
        assertThat(codes(codes)).isEqualTo(before);

        encode(codes, false, sets);
        encode(S3Endpoint.url("codes-undisturbed"), false, sets);
        assertThat(codes(codes)).hasSize(7).isEqualTo(codes(S3Endpoint.url("codes-undisturbed")));
        assertThat(names(codes + "/_superseded")).hasSize(1);
        assertThat(names(codes).stream().filter(name -> name.startsWith("run=")))
                .hasSize(2);
    }

    /** Numbered on from what the lake holds. */
    private static void copy(final List<org.apache.hadoop.fs.Path> images, final String lake) throws IOException {
        int number = names(lake + "/things").size();
        for (final org.apache.hadoop.fs.Path image : images) {
            FileUtil.copy(
                    files(),
                    image,
                    files(),
                    new org.apache.hadoop.fs.Path(lake + "/things/" + number++ + ".jpg"),
                    false,
                    spark.sparkContext().hadoopConfiguration());
        }
    }

    private DriverProcess driver(final String codes, final Path folder, final String... sets) throws IOException {
        final List<String> options = new ArrayList<>();
        for (final String set : sets(codes, sets)) {
            options.addAll(List.of("--set", set));
        }
        final DriverProcess driver = new DriverProcess(Files.createDirectories(folder), options)
                .with("spark.master", "local[2]")
                .with("spark.hadoop.fs.s3a.impl", PausingS3.class.getName());
        final Map<String, String> properties = new LinkedHashMap<>(MAGIC);
        s3.hadoop(local.resolve("buffers")).forEach((key, value) -> properties.put("spark.hadoop." + key, value));
        properties.forEach(driver::with);
        return driver;
    }

    /** The store itself would let both create the lock. */
    @Test
    void aSecondJobIsRefusedWhileTheFirstIsAtWorkOnS3() throws Exception {
        final String codes = S3Endpoint.url("codes-of-two");
        final Process first = driver(codes, local.resolve("first-of-two"))
                .pausingAt("create .*/staged/part-.*")
                .startAndPause();
        try {
            assertThatThrownBy(() -> encode(codes, false))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("Another encode, run ")
                    .hasMessageContaining("process " + first.pid() + " on ");
        } finally {
            DriverProcess.kill(first);
        }
        // Whoever held the lock is dead, and nobody waits for it.
        assertThat(encode(codes, false)).isEqualTo(Job.Outcome.DONE);
        assertThat(codes(codes)).isEqualTo(expected);
    }

    /** Killed before the data, and between data and manifest: there is no rename that could have saved it. */
    @ParameterizedTest
    @ValueSource(strings = {"create .*/staged/part-00002-.*", "create .*/_runs/.*json"})
    void aDriverKilledOnS3LeavesNothingThatReadersSee(final String operation) throws Exception {
        final String place = operation.contains("staged") ? "staging" : "manifest";
        final String codes = S3Endpoint.url("codes-killed-at-" + place);
        DriverProcess.kill(driver(codes, local.resolve("killed-at-" + place))
                .pausingAt(operation)
                .startAndPause());
        assertThat(table(codes).completeRuns()).isEmpty();
        final boolean data = operation.contains("_runs");
        assertThat(names(codes).stream().anyMatch(name -> name.startsWith("run=")))
                .isEqualTo(data);

        encode(codes, true);

        assertThat(codes(codes)).isEqualTo(expected);
        final RunManifest run = table(codes).runs().get(0);
        assertThat(run.quarantined()).isEqualTo(SampleLake.DAMAGED);
        if (data) {
            assertThat(run.metrics()).containsEntry("imagesReused", (long) IMAGES + SampleLake.DAMAGED);
        }
        // What was not published is gone.
        assertThat(names(codes).stream().filter(name -> name.startsWith("run=")))
                .hasSize(1);
        assertThat(names(codes + "/_tmp")).isEmpty();
    }
}

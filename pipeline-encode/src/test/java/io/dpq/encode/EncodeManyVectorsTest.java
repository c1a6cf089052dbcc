package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** So many vectors that their staged files are joined as they are; also where the job is killed while it joins them. */
final class EncodeManyVectorsTest {
    private static final int LENGTH = 5;
    private static final int ROWS = 103_000;

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;
    private static Codebooks codebooks;
    private static float[] vectors;

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.start();
        codebooks = TestModel.publishVectors(shared.resolve("model").toString(), LENGTH);
        final Random random = new Random(1);
        vectors = new float[2 * ROWS * LENGTH];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) random.nextGaussian();
        }
        Files.createDirectories(shared.resolve("lake"));
        for (int file = 0; file < 2; file++) {
            final ByteBuffer rows =
                    ByteBuffer.allocate(ROWS * (1 + LENGTH) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (int row = file * ROWS; row < (file + 1) * ROWS; row++) {
                rows.putInt(LENGTH);
                for (int d = 0; d < LENGTH; d++) {
                    rows.putFloat(vectors[row * LENGTH + d]);
                }
            }
            Files.write(shared.resolve("lake/" + file + ".fvecs"), rows.array());
        }
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private static List<String> sets(final Path codes) {
        return List.of(
                "seed=1",
                "model.path=" + shared.resolve("model"),
                "codes.path=" + codes,
                "encode.lake.kind=vectors",
                "encode.lake.path=" + shared.resolve("lake"));
    }

    private static Job.Outcome encode(final Path codes, final boolean resume) {
        return new EncodeJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(null, sets(codes)),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                        resume));
    }

    private static RunManifest assertHoldsAll(final Path codes) {
        final CodeTable table =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration());
        final RunManifest run = table.runs().get(table.runs().size() - 1);
        assertThat(run.encoded()).isEqualTo(2 * ROWS);
        final Dataset<Row> rows = spark.read().parquet(codes.toString());
        final List<Row> sorted = rows.orderBy("id").collectAsList();
        assertThat(sorted).hasSize(2 * ROWS);
        final short[] expected = new short[2 * ROWS * TestModel.LEVELS];
        new ResidualEncoder(codebooks).encode(vectors, 2 * ROWS, expected);
        final short[] found = new short[expected.length];
        for (int row = 0; row < sorted.size(); row++) {
            for (int level = 0; level < TestModel.LEVELS; level++) {
                found[row * TestModel.LEVELS + level] = sorted.get(row).getShort(3 + level);
            }
        }
        assertThat(found).isEqualTo(expected);
        assertThat(codes.resolve("_tmp")).isEmptyDirectory();
        return run;
    }

    @Test
    void codesAreThoseOfTheVectorsThemselves() {
        final Path codes = folder.resolve("codes");
        assertThat(encode(codes, false)).isEqualTo(Job.Outcome.DONE);
        // All in one file, which was joined of one a partition.
        assertThat(assertHoldsAll(codes).files())
                .hasSize(1)
                .allMatch(file -> file.path().contains("/part-j"));
        assertThat(encode(codes, false)).isEqualTo(Job.Outcome.DONE);
        final List<RunManifest> runs =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration()).runs();
        assertThat(runs).extracting(RunManifest::unchanged).containsExactly(0L, 2L * ROWS);
    }

    @ParameterizedTest
    @CsvSource({"create .*/joined/part-j.*, true", "rename .*/written/part-j.*, false"})
    void whoIsKilledWhileJoiningLosesNothing(final String operation, final boolean resume) throws Exception {
        final Path codes = folder.resolve("codes");
        final List<String> options = new ArrayList<>();
        for (final String set : sets(codes)) {
            options.addAll(List.of("--set", set));
        }
        DriverProcess.kill(new DriverProcess(folder, options)
                .with("spark.hadoop.fs.file.impl", PausingFileSystem.class.getName())
                .with("spark.master", "local[2]")
                .pausingAt(operation)
                .startAndPause());

        assertThat(codes.toFile().list()).noneMatch(name -> name.startsWith("run="));
        assertThat(encode(codes, resume)).isEqualTo(Job.Outcome.DONE);
        final RunManifest run = assertHoldsAll(codes);
        assertThat(run.metrics()).containsEntry("imagesReused", resume ? 2L * ROWS : 0L);
        // What is taken over comes in no order, and is sorted.
        assertThat(run.files()).hasSize(1).allMatch(file -> file.path().contains("/part-j") != resume);
    }
}

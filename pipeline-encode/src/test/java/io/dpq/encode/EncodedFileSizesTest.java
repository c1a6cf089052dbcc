package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** So much that it takes several files of the size that readers like. */
final class EncodedFileSizesTest {
    private static final int LENGTH = 384;
    /** With their embeddings, some 370 MB. */
    private static final int ROWS = 240_000;

    private static final int FILES = 4;

    private static final long MILLION = 1_000_000;

    @TempDir
    private static Path shared;

    private static SparkSession spark;

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.start();
        TestModel.publishVectors(shared.resolve("model").toString(), LENGTH);
        Files.createDirectories(shared.resolve("lake"));
        final Random random = new Random(1);
        final ByteBuffer row = ByteBuffer.allocate((1 + LENGTH) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int file = 0; file < FILES; file++) {
            try (OutputStream out =
                    new BufferedOutputStream(Files.newOutputStream(shared.resolve("lake/" + file + ".fvecs")))) {
                for (int i = 0; i < ROWS / FILES; i++) {
                    row.clear().putInt(LENGTH);
                    for (int d = 0; d < LENGTH; d++) {
                        // The first of each file is refused, and what refuses anything is sorted and not joined.
                        row.putFloat(i == 0 ? Float.NaN : random.nextFloat());
                    }
                    out.write(row.array());
                }
            }
        }
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    @Test
    void filesAreLargeAndFollowOneAnother() throws IOException {
        final Path codes = shared.resolve("codes");
        final DpqConfig config = DpqConfig.load(
                null,
                List.of(
                        "seed=1",
                        "model.path=" + shared.resolve("model"),
                        "codes.path=" + codes,
                        "encode.lake.kind=vectors",
                        "encode.lake.path=" + shared.resolve("lake"),
                        "encode.columns.embedding=true"));
        final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        assertThat(new EncodeJob().run(new JobContext(spark, config, nowhere, false)))
                .isEqualTo(Job.Outcome.DONE);

        final List<RunManifest> runs =
                new CodeTable(codes.toString(), spark.sparkContext().hadoopConfiguration()).runs();
        assertThat(runs).extracting(RunManifest::encoded).containsExactly((long) ROWS - FILES);
        final List<Path> files = runs.get(0).files().stream()
                .map(file -> codes.resolve(file.path()))
                .toList();
        assertThat(files)
                .hasSizeGreaterThan(1)
                .noneMatch(file -> file.toString().contains("/part-j"));
        for (final Path file : files) {
            assertThat(Files.size(file)).as(file.toString()).isBetween(128 * MILLION, 512 * MILLION);
            for (final BlockMetaData group : groups(file)) {
                assertThat(group.getTotalByteSize()).isLessThan(128 * MILLION);
            }
        }
        final List<Row> ranges = spark.read()
                .parquet(codes.toString())
                .selectExpr("input_file_name() AS file", "id")
                .groupBy("file")
                .agg(functions.min("id"), functions.max("id"))
                .orderBy("min(id)")
                .collectAsList();
        assertThat(ranges).hasSameSizeAs(files);
        for (int file = 1; file < ranges.size(); file++) {
            assertThat(ranges.get(file).getString(1))
                    .isGreaterThan(ranges.get(file - 1).getString(2));
        }
    }

    private static List<BlockMetaData> groups(final Path file) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))) {
            return reader.getFooter().getBlocks();
        }
    }
}

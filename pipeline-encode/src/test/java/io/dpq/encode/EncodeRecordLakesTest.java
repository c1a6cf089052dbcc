package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.job.Job;
import io.dpq.job.JobContext;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.io.BytesWritable;
import org.apache.hadoop.io.SequenceFile;
import org.apache.hadoop.io.Text;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nights on lakes that hold many images in a file: codes are those of the images in a folder, whatever holds them. */
final class EncodeRecordLakesTest {
    private static final int SIDE = 32;
    private static final int IMAGES = 12;
    private static final int PER_FILE = 6;

    @TempDir
    private static Path shared;

    @TempDir
    private Path folder;

    private static SparkSession spark;

    private Path lake;

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.start();
        TestModel.publish(shared.resolve("model").toString(), 1);
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    @BeforeEach
    void place() throws IOException {
        lake = Files.createDirectories(folder.resolve("lake"));
    }

    private static BufferedImage image(final long seed) {
        final BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        final Random random = new Random(seed);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                image.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        return image;
    }

    private static byte[] png(final long seed) throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image(seed), "png", out);
        return out.toByteArray();
    }

    /** Writes the images of some seeds, in their order, into one file. */
    private void write(final String kind, final int file, final long[] seeds) throws IOException {
        switch (kind) {
            case "webdataset" -> {
                try (OutputStream out = Files.newOutputStream(lake.resolve(file + ".tar"));
                        TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
                    for (int i = 0; i < seeds.length; i++) {
                        final byte[] content = png(seeds[i]);
                        final TarArchiveEntry entry = new TarArchiveEntry(String.format("%02d.png", i));
                        entry.setSize(content.length);
                        // Not of the member's time: a shard that is written anew has other ones.
                        entry.setModTime(FileTime.fromMillis(System.currentTimeMillis()));
                        tar.putArchiveEntry(entry);
                        tar.write(content);
                        tar.closeArchiveEntry();
                    }
                }
            }
            case "sequence" -> {
                try (SequenceFile.Writer writer = SequenceFile.createWriter(
                        spark.sparkContext().hadoopConfiguration(),
                        SequenceFile.Writer.file(new org.apache.hadoop.fs.Path(
                                lake.resolve(file + ".seq").toUri())),
                        SequenceFile.Writer.keyClass(Text.class),
                        SequenceFile.Writer.valueClass(BytesWritable.class))) {
                    for (int i = 0; i < seeds.length; i++) {
                        writer.append(new Text(file + "/" + i + ".png"), new BytesWritable(png(seeds[i])));
                    }
                }
            }
            default -> {
                final ByteArrayOutputStream batch = new ByteArrayOutputStream();
                for (final long seed : seeds) {
                    batch.write((int) (seed % 10));
                    for (int shift = 16; shift >= 0; shift -= 8) {
                        for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
                            batch.write(image(seed).getRGB(pixel % SIDE, pixel / SIDE) >> shift);
                        }
                    }
                }
                Files.write(lake.resolve("data_batch_" + file + ".bin"), batch.toByteArray());
            }
        }
    }

    private static long[] seeds(final int file) {
        final long[] seeds = new long[PER_FILE];
        for (int i = 0; i < PER_FILE; i++) {
            seeds[i] = file * PER_FILE + i;
        }
        return seeds;
    }

    private RunManifest encode(final String kind, final Path from, final String codes) {
        final Path to = folder.resolve(codes);
        final DpqConfig config = DpqConfig.load(
                null,
                List.of(
                        "seed=1",
                        "model.path=" + shared.resolve("model"),
                        "codes.path=" + to,
                        "encode.lake.kind=" + kind,
                        "encode.lake.path=" + from));
        final PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        assertThat(new EncodeJob().run(new JobContext(spark, config, nowhere))).isEqualTo(Job.Outcome.DONE);
        final List<RunManifest> runs =
                new CodeTable(to.toString(), spark.sparkContext().hadoopConfiguration()).runs();
        return runs.get(runs.size() - 1);
    }

    /** Of the rows that count, in the order of ids. */
    private List<List<Short>> codes(final String codes) {
        final CodeTable table = new CodeTable(
                folder.resolve(codes).toString(), spark.sparkContext().hadoopConfiguration());
        final List<List<Short>> found = new ArrayList<>();
        final List<RunManifest> runs = table.runs();
        for (final Row row : table.read(spark, runs.get(0).modelId(), TestModel.LEVELS)
                .orderBy("id")
                .collectAsList()) {
            final List<Short> levels = new ArrayList<>();
            for (int level = 1; level <= TestModel.LEVELS; level++) {
                levels.add(row.getAs("level_" + level));
            }
            found.add(levels);
        }
        return found;
    }

    private List<List<Short>> codesOfFolder(final long... seeds) throws IOException {
        final Path images = Files.createDirectories(folder.resolve("images/things"));
        for (int i = 0; i < seeds.length; i++) {
            Files.write(images.resolve(String.format("%02d.png", i)), png(seeds[i]));
        }
        encode("directory", folder.resolve("images"), "codes-of-folder");
        return codes("codes-of-folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"webdataset", "sequence", "cifar"})
    void aFileWrittenAnewIsReadButOnlyWhatChangedIsEncoded(final String kind) throws IOException {
        write(kind, 0, seeds(0));
        write(kind, 1, seeds(1));
        final RunManifest first = encode(kind, lake, "codes");
        assertThat(first.encoded()).isEqualTo(IMAGES);
        final List<List<Short>> before = codes("codes");
        assertThat(before).isEqualTo(codesOfFolder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));

        final RunManifest idle = encode(kind, lake, "codes");
        assertThat(idle.encoded()).isZero();
        assertThat(idle.unchanged()).isEqualTo(IMAGES);

        final long[] changed = seeds(1);
        changed[2] = 100;
        write(kind, 1, changed);
        try (var files = Files.list(lake)) {
            // A clock of whole seconds must not hide what was written within one.
            for (final Path file : files.filter(
                            path -> path.getFileName().toString().contains("1"))
                    .toList()) {
                Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + 5000));
            }
        }
        final RunManifest third = encode(kind, lake, "codes");
        assertThat(third.encoded()).isEqualTo(1);
        assertThat(third.refreshed()).isEqualTo(PER_FILE - 1);
        assertThat(third.unchanged()).isEqualTo(PER_FILE);
        assertThat(codes("codes"))
                .isEqualTo(codesOfFolder(0, 1, 2, 3, 4, 5, 6, 7, 100, 9, 10, 11))
                .isNotEqualTo(before);
    }

    @Test
    void whatAShardNoLongerHoldsIsDeleted() throws IOException {
        write("webdataset", 0, seeds(0));
        write("webdataset", 1, seeds(1));
        encode("webdataset", lake, "codes");
        write("webdataset", 1, new long[] {6, 7, 8, 9, 10});

        final RunManifest second = encode("webdataset", lake, "codes");

        assertThat(second.deleted()).isEqualTo(1);
        assertThat(second.encoded()).isZero();
        assertThat(codes("codes")).isEqualTo(codesOfFolder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    }
}

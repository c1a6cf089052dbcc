package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.LakeSettings.Kind;
import io.dpq.lake.Partitions;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.io.BytesWritable;
import org.apache.hadoop.io.SequenceFile;
import org.apache.hadoop.io.Text;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Small lakes of the kinds that have many records in a file, two files each. Stateless. */
final class RecordLakes {
    private static final List<Kind> KINDS = List.of(Kind.WEBDATASET, Kind.SEQUENCE, Kind.CIFAR, Kind.VECTORS);
    private static final int RECORDS = 40;

    private RecordLakes() {}

    /** Writes the lakes to {@code local}, copies them to {@code elsewhere}, and asserts that they read alike. */
    static void assertReadAlike(final SparkSession spark, final Path local, final String elsewhere) throws IOException {
        final org.apache.hadoop.fs.Path target = new org.apache.hadoop.fs.Path(elsewhere);
        final FileSystem files = target.getFileSystem(spark.sparkContext().hadoopConfiguration());
        files.mkdirs(target);
        for (final Kind kind : KINDS) {
            final Path folder = Files.createDirectories(local.resolve(kind.name()));
            for (int file = 0; file < 2; file++) {
                write(kind, folder, file, new Random(file), spark);
            }
            files.copyFromLocalFile(
                    new org.apache.hadoop.fs.Path(folder.toUri()), new org.apache.hadoop.fs.Path(target, kind.name()));
            final List<Row> there = rows(spark, kind, elsewhere + "/" + kind.name());
            assertThat(there).as(kind.name()).hasSize(2 * RECORDS).isEqualTo(rows(spark, kind, folder.toString()));
            assertThat(there).as(kind.name()).noneMatch(row -> row.isNullAt(3));
        }
    }

    private static List<Row> rows(final SparkSession spark, final Kind kind, final String path) {
        final Lake lake = Lake.open(spark, new LakeSettings("encode.lake", kind, path, Optional.empty()));
        return lake.read(lake.listing(), Partitions.of(1 << 12), 1 << 20)
                .selectExpr("id", "labels", "length", "hex(content)", "error")
                .orderBy("id")
                .collectAsList();
    }

    private static void write(
            final Kind kind, final Path folder, final int file, final Random random, final SparkSession spark)
            throws IOException {
        switch (kind) {
            case WEBDATASET -> tar(folder.resolve(file + ".tar"), random);
            case SEQUENCE -> {
                try (SequenceFile.Writer writer = SequenceFile.createWriter(
                        spark.sparkContext().hadoopConfiguration(),
                        SequenceFile.Writer.file(new org.apache.hadoop.fs.Path(
                                folder.resolve(file + ".seq").toUri())),
                        SequenceFile.Writer.keyClass(Text.class),
                        SequenceFile.Writer.valueClass(BytesWritable.class))) {
                    for (int i = 0; i < RECORDS; i++) {
                        writer.append(
                                new Text("kind-" + i % 3 + "/" + file + "-" + i),
                                new BytesWritable(bytes(random, 100 + i)));
                    }
                }
            }
            case CIFAR -> {
                final byte[] batch = bytes(random, RECORDS * 3073);
                for (int i = 0; i < RECORDS; i++) {
                    batch[i * 3073] = (byte) (i % 10);
                }
                Files.write(folder.resolve("data_batch_" + file + ".bin"), batch);
            }
            default -> {
                final ByteBuffer rows = ByteBuffer.allocate(RECORDS * 36).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < RECORDS; i++) {
                    rows.putInt(8);
                    for (int d = 0; d < 8; d++) {
                        rows.putFloat(random.nextFloat());
                    }
                }
                Files.write(folder.resolve(file + ".fvecs"), rows.array());
            }
        }
    }

    private static void tar(final Path shard, final Random random) throws IOException {
        try (OutputStream out = Files.newOutputStream(shard);
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (int i = 0; i < RECORDS; i++) {
                member(tar, i + ".jpg", bytes(random, 10 + 37 * i));
                member(tar, i + ".cls", Integer.toString(i % 3).getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void member(final TarArchiveOutputStream tar, final String name, final byte[] content)
            throws IOException {
        final TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static byte[] bytes(final Random random, final int count) {
        final byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}

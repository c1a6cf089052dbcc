package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.VectorContent;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.io.BytesWritable;
import org.apache.hadoop.io.IntWritable;
import org.apache.hadoop.io.SequenceFile;
import org.apache.hadoop.io.Text;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lakes of records against files that others write: Spark's Parquet, Hadoop's SequenceFile, NumPy. */
class RecordLakesTest {
    private static SparkSession spark;

    @TempDir
    private Path root;

    @BeforeAll
    static void start() {
        spark = LakeSpark.start();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private Lake open(final LakeSettings.Kind kind) {
        return LakeSpark.open(kind, root);
    }

    private Lake parquet(final String id, final String content, final String labels) {
        return LakeSpark.open(new LakeSettings(
                "train.lake",
                LakeSettings.Kind.PARQUET,
                root.toString(),
                Optional.empty(),
                new ParquetColumns(Optional.ofNullable(id), content, Optional.ofNullable(labels)),
                List.of(),
                "labels"));
    }

    /** 400 rows of about 10 kB that do not compress, in several files of several row groups. */
    private Dataset<Row> images() {
        final Column noise = functions.expr(
                "unhex(array_join(transform(sequence(1, 150 + id % 7), k -> sha2(string(id * 1000 + k), 512)), ''))");
        return spark.range(0, 400, 1, 2)
                .select(
                        functions
                                .concat(functions.lit("img-"), functions.col("id"))
                                .as("id"),
                        functions.when(functions.expr("id % 50 <> 0"), noise).as("content"),
                        functions
                                .expr("if(id % 10 = 0, null, array(concat('c', id % 3), concat('d', id % 2)))")
                                .as("labels"),
                        functions.col("id").as("number"));
    }

    private void write(final Dataset<Row> rows) {
        write(rows, "data");
    }

    private void write(final Dataset<Row> rows, final String folder) {
        rows.write()
                .option("parquet.block.size", 1 << 18)
                .option("parquet.page.size.row.check.min", 5)
                .option("parquet.page.size.row.check.max", 5)
                .option("compression", "uncompressed")
                .parquet(root + "/" + folder);
    }

    @Test
    void parquetYieldsWhatSparkWrote() {
        final Dataset<Row> images = images();
        write(images);
        final Map<String, Row> expected = new HashMap<>();
        images.collectAsList().forEach(row -> expected.put(row.getString(0), row));
        final Lake lake = open(LakeSettings.Kind.PARQUET);
        final Map<String, Row> rows = LakeSpark.read(lake);
        assertThat(rows.keySet()).isEqualTo(expected.keySet());
        rows.forEach((id, row) -> {
            final Row original = expected.get(id);
            assertThat(LakeSpark.content(row)).isEqualTo(original.<byte[]>getAs("content"));
            assertThat(row.<Object>getAs("labels")).isEqualTo(original.<Object>getAs("labels"));
            assertThat(row.isNullAt(4)).isEqualTo(!row.isNullAt(3));
        });
        // Some rows of some row groups.
        final Dataset<Row> some = lake.listing().filter("id like '%7'");
        assertThat(LakeSpark.read(lake, some, 1).keySet())
                .isEqualTo(new HashSet<>(expected.keySet().stream()
                        .filter(id -> id.endsWith("7"))
                        .toList()));
    }

    @Test
    void aRowGroupThatIsDamagedHidesNoOther() throws IOException {
        write(images());
        final Path file;
        try (Stream<Path> files = Files.list(root.resolve("data"))) {
            file = files.filter(path -> path.toString().endsWith(".parquet"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        final BlockMetaData group;
        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))) {
            group = reader.getRowGroups().get(1);
        }
        final byte[] bytes = Files.readAllBytes(file);
        final int content = (int) group.getColumns().stream()
                .filter(column -> column.getPath().toDotString().equals("content"))
                .findFirst()
                .orElseThrow()
                .getFirstDataPageOffset();
        Arrays.fill(bytes, content, content + 100, (byte) 0xFF);
        Files.write(file, bytes);
        Files.delete(file.resolveSibling("." + file.getFileName() + ".crc"));

        final Map<String, Row> rows = LakeSpark.read(open(LakeSettings.Kind.PARQUET));
        assertThat(rows).hasSize(400);
        final List<String> unread = rows.values().stream()
                .filter(row -> !row.isNullAt(4) && !row.getString(4).equals("no content was stored"))
                .map(row -> row.getString(4))
                .toList();
        assertThat(unread).hasSize((int) group.getRowCount());
        assertThat(unread.stream().filter(why -> why.startsWith("the rest of its part of data/")))
                .hasSize((int) group.getRowCount() - 1);
    }

    @Test
    void filesAreDealtOutByTheirNames() {
        final List<String> names =
                IntStream.range(0, 1000).mapToObj(i -> "file" + i).toList();
        final List<String> shuffled = new ArrayList<>(names);
        Collections.shuffle(shuffled, new Random(1));
        final List<List<List<String>>> dealt = new ArrayList<>();
        for (final List<String> order : List.of(names, shuffled)) {
            dealt.add(Dealing.by(
                            name -> name,
                            JavaSparkContext.fromSparkContext(spark.sparkContext())
                                    .parallelize(order, 3),
                            10)
                    .glom()
                    .map(part -> part.stream().sorted().toList())
                    .collect());
        }
        assertThat(dealt.get(1))
                .isEqualTo(dealt.get(0))
                .hasSize(10)
                .allSatisfy(part -> assertThat(part).hasSizeBetween(50, 150));
        assertThat(dealt.get(0).stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(names);
    }

    @Test
    void rowGroupsAreReadOnceAndCutByTheirBytes() {
        write(images());
        final Lake lake = open(LakeSettings.Kind.PARQUET);
        final long groups = lake.listing().select("file", "part").distinct().count();
        assertThat(groups).isGreaterThan(8);
        final long bytes = lake.listing().selectExpr("sum(length)").head().getLong(0);
        assertThat(bytes).isBetween(3_700_000L, 4_100_000L);
        final Map<String, Set<Integer>> partitionsOf = new HashMap<>();
        final Map<String, String> groupOf = new HashMap<>();
        lake.listing()
                .collectAsList()
                .forEach(row -> groupOf.put(row.getString(0), row.getAs("file") + "#" + row.getAs("part")));
        final List<List<Row>> parts = lake.read(lake.listing(), Partitions.of(4 << 20), LakeSpark.MAX)
                .javaRDD()
                .glom()
                .collect();
        for (int i = 0; i < parts.size(); i++) {
            for (final Row row : parts.get(i)) {
                partitionsOf
                        .computeIfAbsent(groupOf.get(row.getString(0)), unused -> new HashSet<>())
                        .add(i);
            }
        }
        assertThat(parts.size()).isBetween(6, 9);
        assertThat(partitionsOf)
                .hasSize((int) groups)
                .allSatisfy((group, in) -> assertThat(in).hasSize(1));
    }

    @Test
    void listingParquetDoesNotReadItsContent() {
        images().write().option("compression", "uncompressed").parquet(root + "/data");
        final long before = bytesRead();
        assertThat(open(LakeSettings.Kind.PARQUET).listing().count()).isEqualTo(400);
        final long listing = bytesRead() - before;
        assertThat(listing).isLessThan(1_000_000);
        final Lake lake = open(LakeSettings.Kind.PARQUET);
        final long middle = bytesRead();
        assertThat(lake.read(lake.listing(), Partitions.of(1 << 20), LakeSpark.MAX)
                        .count())
                .isEqualTo(400);
        assertThat(bytesRead() - middle).isBetween(3_700_000L, 6_000_000L);
    }

    private static long bytesRead() {
        return FileSystem.getGlobalStorageStatistics().get("file").getLong("bytesRead");
    }

    @Test
    void columnsGoByTheNamesAndTypesTheyHave() {
        write(images().selectExpr(
                        "number", "struct(content as bytes, id as path) as image", "cast(number % 4 as int) as label"));
        final Lake lake = parquet("number", "image.bytes", "label");
        final Map<String, Row> rows = LakeSpark.read(lake);
        assertThat(rows).hasSize(400);
        assertThat(rows.get("37").<String>getList(1)).containsExactly("1");
        assertThat(LakeSpark.content(rows.get("37"))).hasSize(64 * (150 + 37 % 7));
        final Lake numbered = parquet(null, "image.bytes", null);
        final Map<String, Row> byNumber = LakeSpark.read(numbered);
        assertThat(byNumber).hasSize(400).allSatisfy((id, row) -> {
            assertThat(id).matches("data/part-.*\\.parquet/\\d{9}");
            assertThat(row.isNullAt(1)).isTrue();
        });
        assertThat(LakeSpark.read(parquet(null, "image.bytes", null)).keySet()).isEqualTo(byNumber.keySet());
        assertThatThrownBy(() -> parquet("number", "bytes", "label"))
                .satisfies(thrown -> assertThat(WebDatasetLakeTest.mistake(thrown))
                        .contains("has no column bytes but [number, image, label]"));
    }

    @Test
    void badParquetIsTheUsersMistake() throws Exception {
        Files.writeString(root.resolve("x.parquet"), "this is no Parquet file");
        assertThatThrownBy(() -> open(LakeSettings.Kind.PARQUET))
                .satisfies(
                        thrown -> assertThat(WebDatasetLakeTest.mistake(thrown)).contains("x.parquet of the lake"));
        Files.delete(root.resolve("x.parquet"));
        write(images().selectExpr("if(number = 3, 'img-1', id) as id", "content", "labels"));
        assertThatThrownBy(() -> open(LakeSettings.Kind.PARQUET))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("the id img-1 2 times");
        write2("nulls", images().selectExpr("if(number = 3, null, id) as id", "content", "labels"));
        assertThatThrownBy(() -> LakeSpark.open(LakeSettings.Kind.PARQUET, root.resolve("nulls")))
                .satisfies(
                        thrown -> assertThat(WebDatasetLakeTest.mistake(thrown)).contains("has no id"));
        Files.createFile(root.resolve("nulls/_PACKING"));
        assertThatThrownBy(() -> LakeSpark.open(LakeSettings.Kind.PARQUET, root.resolve("nulls")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("being packed");
    }

    private void write2(final String name, final Dataset<Row> rows) {
        rows.write().parquet(root.resolve(name).toString());
    }

    @Test
    void aListChoosesAndLabelsRecordsToo() throws Exception {
        write(images());
        final Path list = root.resolve("list.txt");
        Files.write(list, List.of("img-1 x,y", "img-2", "img-399 z"));
        final LakeSettings settings = new LakeSettings(
                "train.lake", LakeSettings.Kind.PARQUET, root.toString(), Optional.of(list.toString()));
        final Lake lake = LakeSpark.open(settings);
        assertThat(LakeSpark.told(lake.listing())).containsExactly("img-1 [x, y]", "img-2 [c2, d0]", "img-399 [z]");
        assertThat(LakeSpark.read(lake))
                .hasSize(3)
                .allSatisfy((id, row) -> assertThat(row.isNullAt(3)).isFalse());
    }

    @Test
    void sequenceFilesOfEveryCompressionAreReadOnce() throws Exception {
        final Configuration hadoop = new Configuration();
        final Map<String, byte[]> expected = new HashMap<>();
        final Random random = new Random(4);
        for (final SequenceFile.CompressionType type : SequenceFile.CompressionType.values()) {
            final org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(root.toString(), type + ".seq");
            try (SequenceFile.Writer writer = SequenceFile.createWriter(
                    hadoop,
                    SequenceFile.Writer.file(file),
                    SequenceFile.Writer.keyClass(Text.class),
                    SequenceFile.Writer.valueClass(BytesWritable.class),
                    SequenceFile.Writer.compression(type))) {
                // More than a stretch of 64 MiB, so that the file is listed and read in two parts.
                for (int i = 0; i < 75; i++) {
                    final byte[] content = new byte[i % 10 == 0 ? 1 << 10 : 1 << 20];
                    random.nextBytes(content);
                    final String key = "lake/" + type + "/" + i + ".jpg";
                    writer.append(new Text(key), new BytesWritable(content));
                    expected.put(key, content);
                }
            }
        }
        final Lake lake = open(LakeSettings.Kind.SEQUENCE);
        assertThat(lake.listing().select("file", "part").distinct().count()).isEqualTo(6);
        assertThat(LakeSpark.told(lake.listing())).hasSize(225).contains("lake/BLOCK/7.jpg [BLOCK]");
        for (final String selection : List.of("id like '%3.jpg'", "true")) {
            final Dataset<Row> listing = lake.listing().filter(selection);
            final Set<String> seen = new HashSet<>();
            lake.read(listing, Partitions.of(8 << 20), LakeSpark.MAX)
                    .toLocalIterator()
                    .forEachRemaining(row -> {
                        assertThat(seen.add(row.getString(0))).isTrue();
                        assertThat(LakeSpark.content(row)).isEqualTo(expected.get(row.getString(0)));
                    });
            assertThat(seen).hasSize((int) listing.count());
        }
    }

    @Test
    void otherSequenceFilesAreNamed() throws Exception {
        try (SequenceFile.Writer writer = SequenceFile.createWriter(
                new Configuration(),
                SequenceFile.Writer.file(new org.apache.hadoop.fs.Path(root.toString(), "a.seq")),
                SequenceFile.Writer.keyClass(IntWritable.class),
                SequenceFile.Writer.valueClass(Text.class))) {
            writer.append(new IntWritable(1), new Text("x"));
        }
        assertThatThrownBy(() -> open(LakeSettings.Kind.SEQUENCE))
                .satisfies(thrown -> assertThat(WebDatasetLakeTest.mistake(thrown))
                        .contains("a.seq of the lake")
                        .contains("not Text → BytesWritable"));
    }

    @Test
    void cifarImagesKeepEveryPixel() throws Exception {
        final Random random = new Random(2);
        Files.createDirectories(root.resolve("ten"));
        Files.createDirectories(root.resolve("hundred"));
        final byte[] ten = batch(random, 1200, 1);
        final byte[] hundred = batch(random, 30, 2);
        Files.write(root.resolve("ten/data_batch_1.bin"), ten);
        Files.write(root.resolve("ten/batches.meta.txt"), List.of("airplane", "automobile", "bird", ""));
        Files.write(root.resolve("hundred/train.bin"), hundred);
        final Map<String, Row> rows = LakeSpark.read(open(LakeSettings.Kind.CIFAR));
        assertThat(rows).hasSize(1230);
        final String[] names = {"airplane", "automobile", "bird"};
        for (final int i : new int[] {0, 1, 999, 1000, 1199}) {
            final Row row = rows.get(String.format("ten/data_batch_1.bin/%05d", i));
            final int label = ten[i * 3073];
            assertThat(row.<String>getList(1)).containsExactly(label < 3 ? names[label] : String.valueOf(label));
            same(LakeSpark.content(row), ten, i * 3073 + 1);
        }
        final Row row = rows.get("hundred/train.bin/00029");
        assertThat(row.<String>getList(1)).containsExactly(String.valueOf(hundred[29 * 3074 + 1]));
        same(LakeSpark.content(row), hundred, 29 * 3074 + 2);
        Files.write(root.resolve("ten/data_batch_2.bin"), new byte[5000]);
        assertThatThrownBy(() -> open(LakeSettings.Kind.CIFAR))
                .satisfies(thrown ->
                        assertThat(WebDatasetLakeTest.mistake(thrown)).contains("its 5000 bytes are no whole number"));
    }

    private static byte[] batch(final Random random, final int count, final int labels) {
        final byte[] batch = new byte[count * (3072 + labels)];
        random.nextBytes(batch);
        for (int i = 0; i < batch.length; i += 3072 + labels) {
            for (int l = 0; l < labels; l++) {
                batch[i + l] = (byte) random.nextInt(10);
            }
        }
        return batch;
    }

    private static void same(final byte[] content, final byte[] batch, final int start) throws Exception {
        final BufferedImage image = ImageIO.read(new ByteArrayInputStream(content));
        for (int i = 0; i < 1024; i++) {
            final int rgb = image.getRGB(i % 32, i / 32);
            assertThat((byte) (rgb >> 16)).isEqualTo(batch[start + i]);
            assertThat((byte) (rgb >> 8)).isEqualTo(batch[start + 1024 + i]);
            assertThat((byte) rgb).isEqualTo(batch[start + 2048 + i]);
        }
    }

    private static float[] vector(final Row row, final int dimensions) throws ImageRejectedException {
        final float[] vector = new float[dimensions];
        VectorContent.read(LakeSpark.content(row), vector, 0, dimensions);
        return vector;
    }

    @Test
    void vectorsOfParquetAreFloatsOrDoubles() throws Exception {
        final String[] types = {"float", "double"};
        for (final String type : types) {
            spark.range(0, 500, 1, 2)
                    .selectExpr(
                            "concat('" + type + "', id) as id",
                            "transform(sequence(1, 5), k -> cast(id + k / 8 as " + type + ")) as vector",
                            "array('even') as labels")
                    .write()
                    .parquet(root.resolve(type).toString());
        }
        final Lake lake = open(LakeSettings.Kind.VECTORS);
        final Map<String, Row> rows = LakeSpark.read(lake);
        assertThat(rows).hasSize(1000);
        for (final String type : types) {
            assertThat(vector(rows.get(type + 77), 5)).containsExactly(77.125f, 77.25f, 77.375f, 77.5f, 77.625f);
        }
        assertThatThrownBy(() -> vector(rows.get("float1"), 9)).hasMessageContaining("has 5 values and not 9");
        assertThatThrownBy(() ->
                        VectorContent.read(VectorContent.write(new float[] {1, Float.NaN}), new float[2], 0, 2))
                .hasMessageContaining("value 1 is NaN");
    }

    @Test
    void matricesOfNumPyAndFvecsAreReadByRow() throws Exception {
        final Optional<String> made = LakeSpark.python("""
                import sys, numpy as n
                a = n.random.default_rng(5).standard_normal((30000, 200)).astype(n.float32)
                n.save(sys.argv[1] + '/base.npy', a)
                b = n.empty((1000, 41), dtype=n.int32)
                b[:, 0] = 40
                b[:, 1:] = a[:1000, :40].copy().view(n.int32)
                b.tofile(sys.argv[1] + '/query.fvecs')
                print(float(a[29999, 199]), float(a[123, 7]))
                """, root);
        assumeTrue(made.isPresent(), "python3 with NumPy is not installed");
        final String[] printed = made.get().trim().split(" ");
        final Lake lake = open(LakeSettings.Kind.VECTORS);
        assertThat(lake.listing()
                        .filter("id like 'base%'")
                        .select("part")
                        .distinct()
                        .count())
                .isEqualTo(2);
        final Map<String, Row> rows = LakeSpark.read(lake);
        assertThat(rows).hasSize(31000);
        assertThat(vector(rows.get("base.npy/000029999"), 200)[199]).isEqualTo(Float.parseFloat(printed[0]));
        assertThat(vector(rows.get("base.npy/000000123"), 200)[7]).isEqualTo(Float.parseFloat(printed[1]));
        assertThat(vector(rows.get("query.fvecs/000000123"), 40)[7]).isEqualTo(Float.parseFloat(printed[1]));
    }

    @Test
    void aFileThatGrowsAfterItWasListedIsNamed() throws Exception {
        final Path file = root.resolve("a.fvecs");
        final byte[] row = {1, 0, 0, 0, 0, 0, 0, 0};
        Files.write(file, row);
        final Lake lake = open(LakeSettings.Kind.VECTORS);
        final Lake.Whole whole = lake.whole(Partitions.of(100), 100).orElseThrow();
        assertThat(whole.count()).isEqualTo(1);
        assertThat(whole.rows().count()).isEqualTo(1);
        Files.write(file, row, StandardOpenOption.APPEND);
        assertThatThrownBy(() -> whole.rows().count())
                .hasStackTraceContaining("The file a.fvecs of the lake " + root + " has changed since it was listed");
    }

    @Test
    void aFileOfOtherRecordsThanListedIsNamed() throws Exception {
        final Dataset<Row> images = images().filter("content is not null").coalesce(1);
        write(images, "data");
        final Lake lake = open(LakeSettings.Kind.PARQUET);
        final Lake.Whole whole = lake.whole(Partitions.of(1 << 20), 1 << 20).orElseThrow();
        assertThat(whole.rows().count()).isEqualTo(whole.count()).isEqualTo(images.count());
        write(images.withColumn("id", functions.concat(functions.lit("other-"), functions.col("id"))), "_other");
        final Path file = parquetFile("data");
        Files.delete(file.resolveSibling("." + file.getFileName() + ".crc"));
        Files.copy(parquetFile("_other"), file, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> whole.rows().count()).hasStackTraceContaining(" has changed since it was listed");
    }

    private Path parquetFile(final String folder) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve(folder))) {
            return files.filter(path -> path.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void otherMatricesAreNamed() throws Exception {
        final Map<String, byte[]> bad = Map.of(
                "a.npy", "no numpy".getBytes(StandardCharsets.US_ASCII),
                "b.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", 16),
                "c.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", 8),
                "d.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 2), }", 8),
                "e.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8),
                "f.fvecs", new byte[] {3, 0, 0, 0, 1, 2, 3, 4},
                "g.fvecs", new byte[] {-1, -1, -1, -1, 1, 2, 3, 4});
        for (final Map.Entry<String, byte[]> entry : new ArrayList<>(bad.entrySet())) {
            final Path file = root.resolve(entry.getKey());
            Files.write(file, entry.getValue());
            assertThatThrownBy(() -> LakeSpark.open(LakeSettings.Kind.VECTORS, file))
                    .satisfies(thrown ->
                            assertThat(WebDatasetLakeTest.mistake(thrown)).contains(entry.getKey() + " of the lake"));
        }
        final Path good = root.resolve("good.npy");
        Files.write(good, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", 8));
        assertThat(LakeSpark.told(
                        LakeSpark.open(LakeSettings.Kind.VECTORS, good).listing()))
                .containsExactly("good.npy/000000000 null");
    }

    private static byte[] npy(final String header, final int data) throws Exception {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) (header.length() + 1), 0});
        bytes.write((header + "\n").getBytes(StandardCharsets.US_ASCII));
        bytes.write(new byte[data]);
        return bytes.toByteArray();
    }
}

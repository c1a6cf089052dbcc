package io.dpq.codes;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.format_string;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.codes.StagedWriter.Ids;
import io.dpq.codes.StagedWriter.Written;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.Encoding;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowGroupJoinTest {
    private static final String MODEL = "sha256:1";
    private static final CodeRun.Identity IDENTITY = new CodeRun.Identity(MODEL, 1, 4, 256);
    private static final int MANY = 120_000;

    @TempDir
    private Path folder;

    private static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.hadoop.fs.inplace.impl", InPlaceFileSystem.class.getName())
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Written file(final String name, final long rows, final String least, final String greatest) {
        return new Written(name, rows, Map.of(), new Ids(least, greatest, true), 1, 5 * rows);
    }

    private static List<String> joinable(final long rowsPerFile, final Written... files) {
        return RowGroupJoin.joinable(List.of(files), 256, rowsPerFile).stream()
                .map(Written::name)
                .toList();
    }

    @Test
    void filesAreJoinedWhoseRowsAreAsTheyAreToBe() {
        final Written good = file("good", MANY, "b", "c");
        assertThat(joinable(MANY, good, file("earlier", MANY, "a", "ab"))).containsExactly("earlier", "good");
        assertThat(joinable(MANY - 1, good)).isEmpty();
        assertThat(joinable(MANY, file("small", 100_000, "b", "c"))).isEmpty();
        assertThat(RowGroupJoin.joinable(List.of(good), 512, MANY)).isEmpty();
        assertThat(RowGroupJoin.joinable(List.of(good), 16, MANY)).containsExactly(good);
        assertThat(joinable(MANY, new Written("unsorted", MANY, Map.of(), new Ids("b", "c", false), 1, 1)))
                .isEmpty();
        assertThat(joinable(MANY, new Written("refused", MANY, Map.of("CORRUPT", 1L), good.ids(), 1, 1)))
                .isEmpty();
        assertThat(joinable(MANY, new Written("groups", MANY, Map.of(), good.ids(), 2, 1)))
                .isEmpty();
    }

    @Test
    void whatReachesIntoAnotherFileIsSorted() {
        assertThat(joinable(
                        MANY,
                        file("e", MANY, "7", "8"),
                        file("c", MANY, "5", "6"),
                        file("a", MANY, "1", "3"),
                        file("b", MANY, "3", "4"),
                        file("d", MANY, "51", "52"),
                        file("f", MANY, "9", "99")))
                .containsExactly("e", "f");
        // Also into one that is sorted itself, and over several.
        assertThat(joinable(
                        MANY,
                        file("a", MANY, "1", "2"),
                        new Written("wide", 5, Map.of(), new Ids("0", "6", false), 1, 1),
                        file("b", MANY, "3", "4"),
                        file("c", MANY, "7", "8")))
                .containsExactly("c");
        // By UTF-8, in which a character beyond the basic plane follows all within it.
        assertThat(joinable(
                        MANY,
                        file("far", MANY, "\uD83D\uDE00", "\uD83D\uDE01"),
                        file("near", MANY, "\uFFFD", "\uFFFE")))
                .containsExactly("near", "far");
    }

    @Property(tries = 200)
    void everyFileIsDealtOutOnceInItsOrder(@ForAll @LongRange(min = 0, max = 1000) final long seed) {
        final Random random = new Random(seed);
        final List<Written> files = new ArrayList<>();
        final int count = random.nextInt(30);
        for (int i = 0; i < count; i++) {
            files.add(file("f" + i, 1 + random.nextInt(100), "a" + i, "b" + i));
        }
        final long rowsPerFile = 100 + random.nextInt(500);
        final long bytesPerFile = 100 + random.nextInt(5000);
        final List<List<String>> dealt = RowGroupJoin.deal(files, bytesPerFile, rowsPerFile);
        assertThat(dealt.stream().flatMap(List::stream))
                .containsExactlyElementsOf(files.stream().map(Written::name).toList());
        for (final List<String> list : dealt) {
            final List<Written> together =
                    files.stream().filter(f -> list.contains(f.name())).toList();
            assertThat(together.stream().mapToLong(Written::encoded).sum()).isBetween(1L, rowsPerFile);
            // No more than the limit but for the file that reaches it.
            assertThat(together.stream()
                            .limit(together.size() - 1)
                            .mapToLong(f -> 5 * f.encoded())
                            .sum())
                    .isLessThan(bytesPerFile);
        }
    }

    private static Column level(final int level, final Column refused) {
        return when(
                        refused.unary_$bang(),
                        pmod(xxhash64(col("n"), lit(level)), lit(256)).cast(DataTypes.ShortType))
                .as("level_" + level);
    }

    /** So many rows of {@link #MANY} a partition with ids in the order of their numbers. */
    private static Dataset<Row> staged(final long first, final int partitions, final Column refused) {
        return spark.range(first, first + (long) partitions * MANY, 1, partitions)
                .toDF("n")
                .select(
                        format_string("v/%09d", col("n")).as("id"),
                        when(col("n").mod(3).notEqual(0), array(lit("cat"), lit("dog")))
                                .as("labels"),
                        xxhash64(col("n")).as("content_hash"),
                        level(1, refused),
                        level(2, refused),
                        level(3, refused),
                        level(4, refused),
                        when(refused, lit("CORRUPT")).as("reason"),
                        when(refused, lit("not finite")).as("detail"),
                        lit(20L).as("length"),
                        lit(7L).as("modified"),
                        when(refused.unary_$bang(), col("n").cast(DataTypes.IntegerType))
                                .as("width"),
                        when(refused.unary_$bang(), lit(3)).as("height"));
    }

    private RunManifest publish(final String root, final Dataset<Row> rows, final long rowsPerFile) {
        final CodeRun run = new CodeTable(root, hadoop()).begin(IDENTITY);
        run.stage(rows, Set.of(CodeSchema.Extra.SIZE));
        return run.publish(spark, rows.count(), 0, rowsPerFile, Map.of());
    }

    private static Configuration hadoop() {
        return spark.sparkContext().hadoopConfiguration();
    }

    private static List<String> joined(final RunManifest run) {
        return run.files().stream()
                .map(file -> file.path().replaceFirst(".*/", ""))
                .filter(name -> name.startsWith("part-j"))
                .toList();
    }

    private static ParquetFileReader open(final String root, final String file) throws IOException {
        return ParquetFileReader.open(HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(root, file), hadoop()));
    }

    @Test
    void joinedFilesAreLikeSortedOnes() throws IOException {
        final Dataset<Row> rows = staged(0, 3, lit(false));
        final String root = folder.resolve("joined").toString();
        final RunManifest run = publish(root, rows, 10_000_000);
        // There is no rename to join by.
        final String other = "inplace://" + folder.resolve("sorted");
        final RunManifest sorted = publish(other, rows, 10_000_000);

        assertThat(joined(run)).hasSize(1).hasSameSizeAs(run.files());
        assertThat(joined(sorted)).isEmpty();
        final Dataset<Row> read = spark.read().parquet(root).drop("run");
        final Dataset<Row> expected = spark.read().parquet(other).drop("run");
        assertThat(read.schema()).isEqualTo(expected.schema());
        assertThat(read.schema().apply("level_4").metadata().getString("dpq.model"))
                .isEqualTo(MODEL);
        assertThat(read.count()).isEqualTo(3L * MANY);
        assertThat(read.exceptAll(expected).count()).isZero();
        assertThat(new CodeTable(root, hadoop()).read(spark, MODEL, 4).count()).isEqualTo(3L * MANY);
        try (ParquetFileReader file = open(root, run.files().get(0).path());
                ParquetFileReader like = open(other, sorted.files().get(0).path())) {
            assertThat(file.getFileMetaData().getSchema())
                    .isEqualTo(like.getFileMetaData().getSchema());
            assertThat(file.getFooter().getBlocks()).hasSize(3);
            long bytes = 0;
            String last = "";
            for (final BlockMetaData group : file.getFooter().getBlocks()) {
                for (final ColumnChunkMetaData chunk : group.getColumns()) {
                    assertThat(chunk.getCodec()).isEqualTo(CompressionCodecName.ZSTD);
                    assertThat(file.readOffsetIndex(chunk).getPageCount()).isPositive();
                    if (chunk.getPath().toDotString().startsWith("level_")) {
                        bytes += chunk.getTotalSize();
                        assertThat(chunk.getEncodings()).anyMatch(Encoding::usesDictionary);
                    }
                }
                final ColumnChunkMetaData id = group.getColumns().get(0);
                assertThat(id.getStatistics().minAsString()).isGreaterThan(last);
                last = id.getStatistics().maxAsString();
                assertThat(file.readColumnIndex(id).getMinValues()).hasSizeGreaterThan(1);
            }
            assertThat(bytes).isLessThanOrEqualTo((long) (1.01 * 4 * 3 * MANY));
        }
        // By the bounds of pages, which were copied as well.
        assertThat(read.filter("id = 'v/000250000'").collectAsList())
                .isEqualTo(expected.filter("id = 'v/000250000'").collectAsList())
                .hasSize(1);
    }

    @Test
    void whatCannotBeJoinedIsSortedBesideIt() throws IOException {
        final Column refused = col("n").equalTo(MANY + 5);
        final String root = folder.resolve("codes").toString();
        final RunManifest run = publish(root, staged(0, 3, refused), 150_000);

        assertThat(run.encoded()).isEqualTo(3L * MANY - 1);
        assertThat(run.quarantineReasons()).isEqualTo(Map.of("CORRUPT", 1L));
        assertThat(joined(run)).hasSize(2);
        assertThat(run.files()).hasSize(3).allMatch(file -> file.rows() <= 150_000);
        assertThat(run.files().stream().mapToLong(RunManifest.DataFile::rows).sum())
                .isEqualTo(3L * MANY - 1);
        final Dataset<Row> read = new CodeTable(root, hadoop()).read(spark, MODEL, 4);
        assertThat(read.select("id").distinct().count()).isEqualTo(3L * MANY - 1);
        assertThat(read.filter("id = 'v/000120005'").count()).isZero();
        assertThat(Path.of(root, "_tmp")).isEmptyDirectory();
    }

    @Test
    void whatCannotBeJoinedLeavesNothing() throws IOException {
        final String root = folder.resolve("codes").toString();
        final CodeRun run = new CodeTable(root, hadoop()).begin(IDENTITY);
        run.stage(staged(0, 2, lit(false)), Set.of(CodeSchema.Extra.SIZE));
        try (Stream<Path> staged = Files.list(Path.of(root, "_tmp", run.id(), "staged"))) {
            final Path damaged = staged.filter(
                            file -> file.getFileName().toString().startsWith("part-00001"))
                    .findFirst()
                    .orElseThrow();
            Files.delete(damaged.resolveSibling("." + damaged.getFileName() + ".crc"));
            Files.write(damaged, new byte[40]);
        }
        assertThatThrownBy(() -> run.publish(spark, 2L * MANY, 0, 10_000_000, Map.of()))
                .hasStackTraceContaining("part-00001");
        assertThat(Path.of(root, "_tmp", run.id(), "joined")).isEmptyDirectory();
        assertThat(Path.of(root, "run=" + run.id())).doesNotExist();
    }

    /** Such as one of which the driver never heard. */
    @Test
    void aFileOfAFailedAttemptIsNotPublished() throws IOException {
        final String root = folder.resolve("codes").toString();
        final CodeRun run = new CodeTable(root, hadoop()).begin(IDENTITY);
        run.stage(staged(0, 2, lit(false)), Set.of(CodeSchema.Extra.SIZE));
        final Path aside = Files.createDirectories(Path.of(root, "_tmp", run.id(), "joined"));
        try (Stream<Path> staged = Files.list(Path.of(root, "_tmp", run.id(), "staged"))) {
            Files.copy(
                    staged.filter(file -> file.toString().endsWith(".parquet"))
                            .findFirst()
                            .orElseThrow(),
                    aside.resolve("part-j00000-attempt.zstd.parquet"));
        }
        final RunManifest manifest = run.publish(spark, 2L * MANY, 0, 10_000_000, Map.of());

        assertThat(joined(manifest)).hasSize(1).allMatch(name -> !name.contains("attempt"));
        assertThat(Arrays.stream(Path.of(root, "run=" + run.id()).toFile().list())
                        .filter(name -> name.endsWith(".parquet") && !name.startsWith(".")))
                .hasSize(1);
        assertThat(spark.read().parquet(root).count()).isEqualTo(2L * MANY);
    }
}

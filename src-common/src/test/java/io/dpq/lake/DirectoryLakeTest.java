package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryLakeTest {
    private static final long MAX = 1 << 28;
    private static SparkSession spark;

    @TempDir
    private Path root;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("lake")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 3)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private void put(final String id) throws IOException {
        put(id, id.getBytes(StandardCharsets.UTF_8));
    }

    private void put(final String id, final byte[] content) throws IOException {
        final Path file = root.resolve(id);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }

    private Lake open(final String list) {
        return Lake.open(
                spark,
                new LakeSettings(
                        "encode.lake", LakeSettings.Kind.DIRECTORY, root.toString(), Optional.ofNullable(list)));
    }

    private String list(final String... lines) throws IOException {
        final Path list = Files.createTempFile(root, ".list", ".txt");
        Files.write(list, List.of(lines));
        return list.toString();
    }

    private static List<String> told(final Dataset<Row> rows) {
        final List<String> told = new ArrayList<>();
        for (final Row row : rows.orderBy("id").collectAsList()) {
            told.add(row.getString(0) + " " + (row.isNullAt(1) ? null : row.getList(1)));
        }
        return told;
    }

    @Test
    void filesOfAnyDepthAreListedByIdWithTheirFolderAsLabel() throws IOException {
        put("b/deep/er/2.jpg");
        put("b/1.jpg");
        put("a/notes.txt");
        put("loose.png");
        put("odd name é:%20#1/x y.jpg");
        put("_tmp/b/3.jpg");
        put(".hidden/4.jpg");
        put("a/_SUCCESS");
        put("a/.5.jpg.crc");
        final Lake lake = open(null);
        assertThat(told(lake.listing()))
                .containsExactly(
                        "a/notes.txt [a]",
                        "b/1.jpg [b]",
                        "b/deep/er/2.jpg [er]",
                        "loose.png null",
                        "odd name é:%20#1/x y.jpg [odd name é:%20#1]");
        assertThat(lake.listing().columns()).containsExactly("id", "labels", "length", "modified");
        assertThat(lake.listing().head().<Long>getAs("modified"))
                .isEqualTo(
                        Files.getLastModifiedTime(root.resolve("a/notes.txt")).toMillis());
        final List<Row> read =
                lake.read(lake.listing(), Partitions.of(1 << 20), MAX).collectAsList();
        assertThat(read).hasSize(5);
        for (final Row row : read) {
            final String id = row.getAs("id");
            assertThat(new String(row.<byte[]>getAs("content"), StandardCharsets.UTF_8))
                    .isEqualTo(id);
            assertThat(row.<Long>getAs("length")).isEqualTo(id.getBytes(StandardCharsets.UTF_8).length);
            assertThat(row.<String>getAs("error")).isNull();
        }
    }

    @Test
    void aListRestrictsAndLabels() throws IOException {
        for (int i = 0; i < 40; i++) {
            put("a/" + i + ".jpg");
            put("b/" + i + ".jpg");
        }
        final List<String> lines = new ArrayList<>(List.of("# chosen", "", "./b/7.jpg  cat,dog,cat", "b/8.jpg"));
        for (int i = 0; i < 30; i++) {
            lines.add("a/" + i + ".jpg\tbird");
        }
        final List<String> told = told(open(list(lines.toArray(String[]::new))).listing());
        assertThat(told).hasSize(32).contains("b/7.jpg [cat, dog]", "b/8.jpg [b]", "a/29.jpg [bird]");
        assertThat(told).isSorted();
    }

    @Test
    void aListThatNamesMissingFilesIsRefused() throws IOException {
        final List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            put("a/" + i + ".jpg");
            lines.add("a/" + i + ".jpg");
        }
        lines.add("a/zzz.jpg");
        lines.add("gone/1.jpg");
        lines.add("a");
        final String list = list(lines.toArray(String[]::new));
        assertThatThrownBy(() -> open(list))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("names 3 files that the lake")
                .hasMessageContaining("the first is a;")
                .hasMessageContaining("encode.lake.list");
    }

    @Test
    void mistakesInAListAreToldByLine() throws IOException {
        put("a/1.jpg");
        for (final String[] lines : new String[][] {{"# one", "a/1.jpg cat dog"}, {"", "a/1.jpg cat,,dog"}}) {
            final String list = list(lines);
            assertThatThrownBy(() -> open(list))
                    .satisfies(thrown ->
                            assertThat(WebDatasetLakeTest.mistake(thrown)).contains("line 2"));
        }
        final String twice = list("a/1.jpg cat", "a/2.jpg", "./a/1.jpg dog");
        assertThatThrownBy(() -> open(twice))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("names a/1.jpg 2 times");
        final String empty = list("# nothing");
        assertThatThrownBy(() -> open(empty)).isInstanceOf(UserException.class).hasMessageContaining("names no files");
        assertThatThrownBy(() -> open(root + "/none.txt"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("none.txt does not exist");
    }

    @Test
    void aMissingOrEmptyLakeIsTheUsersMistake() throws IOException {
        assertThatThrownBy(() -> open(null)).isInstanceOf(UserException.class).hasMessageContaining("holds no files");
        put("file.jpg");
        for (final String path : List.of(root + "/nowhere", root + "/file.jpg", "nosuchscheme://x/y")) {
            assertThatThrownBy(() -> Lake.open(
                            spark, new LakeSettings("train.lake", LakeSettings.Kind.DIRECTORY, path, Optional.empty())))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("train.lake.path");
        }
    }

    @Test
    void readsAreCutByCostInIdOrderWhateverTheListingsPartitions() throws IOException {
        for (int i = 0; i < 60; i++) {
            put(String.format("a/%03d.jpg", i), new byte[i == 30 ? 1_000_000 : 100]);
        }
        final Lake lake = open(null);
        final long share = 10 * (DirectoryLake.FILE_COST + 100);
        final List<String> cut = cuts(lake.read(lake.listing(), Partitions.of(share), MAX));
        final List<String> shuffled = cuts(lake.read(
                lake.listing().repartition(7).filter(functions.col("length").gt(0)), Partitions.of(share), MAX));
        assertThat(shuffled).isEqualTo(cut);
        // 59 small files of cost 1 and one of about 16, in shares of 10: 8 partitions, none with more than 10 small
        // ones.
        assertThat(lake.read(lake.listing(), Partitions.of(share), MAX).rdd().getNumPartitions())
                .isEqualTo(8);
        assertThat(String.join("|", cut)).contains("a/000.jpg").contains("a/059.jpg");
        int files = 0;
        String last = "";
        for (final String part : cut) {
            final String[] ids = part.isEmpty() ? new String[0] : part.split(" ");
            assertThat(ids.length).isLessThanOrEqualTo(11);
            for (final String id : ids) {
                assertThat(id).isGreaterThan(last);
                last = id;
                files++;
            }
        }
        assertThat(files).isEqualTo(60);
    }

    private static List<String> cuts(final Dataset<Row> rows) {
        final List<String> cuts = new ArrayList<>();
        for (final List<Row> part : rows.javaRDD().glom().collect()) {
            cuts.add(String.join(
                    " ", part.stream().map(row -> row.<String>getAs("id")).toList()));
        }
        return cuts;
    }

    @Test
    void toCopyOnlyContentCounts() throws IOException {
        for (int i = 0; i < 40; i++) {
            put("a/" + i + ".jpg", new byte[1000]);
        }
        final Lake lake = open(null);
        assertThat(lake.read(lake.listing(), Partitions.ofContent(10_000), MAX)
                        .rdd()
                        .getNumPartitions())
                .isEqualTo(5);
        assertThat(lake.read(lake.listing(), Partitions.of(10_000), MAX).rdd().getNumPartitions())
                .isEqualTo(40);
    }

    @Test
    void aFewFilesStillOccupyEveryCore() throws IOException {
        put("a/1.jpg");
        put("a/2.jpg");
        put("a/3.jpg");
        final Lake lake = open(null);
        assertThat(lake.read(lake.listing(), Partitions.of(64 << 20), MAX).rdd().getNumPartitions())
                .isEqualTo(2);
        assertThat(lake.read(lake.listing().filter("false"), Partitions.of(64 << 20), MAX)
                        .count())
                .isZero();
    }

    @Test
    void whatCannotBeReadIsARowThatSaysWhy() throws IOException {
        put("a/1.jpg");
        put("a/2.jpg");
        final Lake lake = open(null);
        lake.listing().count();
        Files.delete(root.resolve("a/1.jpg"));
        final List<Row> rows = lake.read(lake.listing(), Partitions.of(1 << 20), MAX)
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(0).<byte[]>getAs("content")).isNull();
        assertThat(rows.get(0).<String>getAs("error"))
                .startsWith("FileNotFoundException")
                .contains("a/1.jpg");
        assertThat(rows.get(1).<String>getAs("error")).isNull();
        assertThat(rows.get(1).<byte[]>getAs("content")).isNotNull();
    }

    @Test
    void aFileTooLongIsNotReadAndSoIsOneThatGrew() throws IOException {
        put("a/1.jpg", new byte[10]);
        put("a/2.jpg", new byte[10]);
        try (RandomAccessFile stray =
                new RandomAccessFile(root.resolve("a/3.bin").toFile(), "rw")) {
            stray.setLength(8L << 30);
        }
        final Lake lake = open(null);
        try (RandomAccessFile grown =
                new RandomAccessFile(root.resolve("a/2.jpg").toFile(), "rw")) {
            grown.setLength(8L << 30);
        }
        final List<Row> rows = lake.read(lake.listing(), Partitions.of(1 << 20), 10)
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(0).<byte[]>getAs("content")).hasSize(10);
        assertThat(rows).extracting(row -> row.<Long>getAs("length")).containsExactly(10L, 11L, 8L << 30);
        for (final Row row : rows.subList(1, 3)) {
            assertThat(row.<byte[]>getAs("content")).isNull();
            assertThat(row.<String>getAs("error")).contains("at most 10 are read");
        }
    }

    @Test
    void theFileSystemIsThatOfThePathNotTheDefault() throws IOException {
        put("a/1.jpg");
        final Lake lake = Lake.open(
                spark,
                new LakeSettings(
                        "encode.lake", LakeSettings.Kind.DIRECTORY, root.toUri().toString(), Optional.empty()));
        assertThat(told(lake.listing())).containsExactly("a/1.jpg [a]");
        assertThat(lake.read(lake.listing(), Partitions.of(1), MAX)
                        .filter("content is not null")
                        .count())
                .isOne();
    }

    @Test
    void manyFilesAreListedByTheExecutors() throws IOException {
        final Set<String> expected = new TreeSet<>();
        for (int i = 0; i < 12_000; i++) {
            // One folder that is too large for the driver, and many at several depths.
            final String id = i % 2 == 0 ? "flat/" + i + ".jpg" : "deep/" + i % 7 + "/" + i % 97 + "/" + i + ".jpg";
            put(id, new byte[i % 3]);
            expected.add(id);
        }
        put("deep/_hidden/1/2.jpg");
        final Dataset<Row> listing = open(null).listing();
        final Map<String, Row> rows = new TreeMap<>();
        listing.collectAsList().forEach(row -> rows.put(row.getString(0), row));
        assertThat(listing.count()).isEqualTo(12_000);
        assertThat(rows.keySet()).isEqualTo(expected);
        assertThat(rows.get("deep/1/1/1.jpg").<String>getList(1)).containsExactly("1");
        assertThat(rows.get("flat/2.jpg").<String>getList(1)).containsExactly("flat");
        assertThat(rows.get("flat/2.jpg").getLong(2)).isEqualTo(2);
    }

    @Test
    void aLongListIsReadInStretches() throws IOException {
        final List<String> lines = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            put("a/" + i + ".jpg");
        }
        // Lines of many lengths, over more than two stretches of 16 MiB.
        long bytes = 0;
        for (int i = 0; bytes < 40 << 20; i++) {
            final String line =
                    i < 300_000 && i % 1000 == 0 ? "a/" + i / 1000 + ".jpg c" + i : "#" + "x".repeat(i % 211);
            lines.add(line);
            bytes += line.length() + 1;
        }
        final Lake lake = open(list(lines.toArray(String[]::new)));
        assertThat(told(lake.listing())).hasSize(300).contains("a/299.jpg [c299000]", "a/0.jpg [c0]");
    }
}

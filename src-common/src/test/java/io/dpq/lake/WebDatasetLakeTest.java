package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dpq.config.UserException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against shards that Python's own tarfile writes, in the three formats it knows. */
class WebDatasetLakeTest {
    private static final String TAR = """
            import io, json, sys, tarfile
            FORMATS = {'ustar': tarfile.USTAR_FORMAT, 'pax': tarfile.PAX_FORMAT, 'gnu': tarfile.GNU_FORMAT}
            def shard(path, members, form='pax'):
                with tarfile.open(path, 'w', format=FORMATS[form]) as tar:
                    for name, content in members:
                        info = tarfile.TarInfo(name)
                        if content is None:
                            info.type = tarfile.DIRTYPE
                            tar.addfile(info)
                        else:
                            info.size = len(content)
                            tar.addfile(info, io.BytesIO(content))
            root = sys.argv[1]
            """;

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

    private void shards(final String script) throws Exception {
        assumeTrue(LakeSpark.python(TAR + script.stripIndent(), root).isPresent(), "python3 is not installed");
    }

    private Lake open() {
        return LakeSpark.open(LakeSettings.Kind.WEBDATASET, root);
    }

    @Test
    void samplesOfEveryTarFormatComeWithTheirLabels() throws Exception {
        shards("""
                long = 'deep/' * 30 + 'x' * 120
                for form in FORMATS:
                    members = [('./', None), ('dir', None)]
                    for i in range(50):
                        members += [('%06d.cls' % i, b'%d' % (i % 3)), ('%06d.jpg' % i, (form + str(i)).encode() * (i * 7))]
                    if form != 'ustar':
                        members += [(long + '.PNG', b'long'), (long + '.json', json.dumps({'labels': ['a', 'b', 'a'], 'n': 1}).encode())]
                        members += [('./b/\\u00fc.webp', b'umlaut'), ('./b/\\u00fc.txt', 'K\\u00e4se,  Brot\\n'.encode())]
                    members += [('_.jpg', b'underscore'), ('n.seg.png', b'a mask'), ('n.jpeg', b'an image'), ('scan.tiff', b'a scan'), ('scan.cls', b'7')]
                    shard(root + '/' + form + '.tar', members, form)
                open(root + '/notes.txt', 'w').write('no shard')
                """);
        final Lake lake = open();
        final String deep = "deep/".repeat(30) + "x".repeat(120);
        assertThat(LakeSpark.told(lake.listing()))
                .hasSize(3 * 53 + 2 * 2)
                .contains(
                        "ustar.tar/000000 [0]",
                        "pax.tar/000049 [1]",
                        "gnu.tar/" + deep + " [a, b]",
                        "pax.tar/" + deep + " [a, b]",
                        "gnu.tar/b/ü [Käse, Brot]",
                        "pax.tar/_ null",
                        "pax.tar/n null");
        final Map<String, Row> rows = LakeSpark.read(lake);
        assertThat(rows).hasSize(163);
        for (final String form : List.of("ustar", "pax", "gnu")) {
            for (int i = 0; i < 50; i++) {
                final Row row = rows.get(String.format("%s.tar/%06d", form, i));
                assertThat(new String(LakeSpark.content(row), StandardCharsets.UTF_8))
                        .isEqualTo((form + i).repeat(i * 7));
            }
            assertThat(LakeSpark.content(rows.get(form + ".tar/n"))).asString().isEqualTo("an image");
            assertThat(LakeSpark.content(rows.get(form + ".tar/scan")))
                    .asString()
                    .isEqualTo("a scan");
        }
        assertThat(LakeSpark.content(rows.get("gnu.tar/" + deep))).asString().isEqualTo("long");
        assertThat(LakeSpark.content(rows.get("pax.tar/b/ü"))).asString().isEqualTo("umlaut");
        assertThat(rows.values()).allMatch(row -> row.isNullAt(4));
        // A selection of the listing, and content that is too long.
        final List<Row> few = lake.read(lake.listing().filter("id like '%/00004_'"), Partitions.of(1), 200)
                .collectAsList();
        assertThat(few).hasSize(30);
        for (final Row row : few) {
            assertThat(row.isNullAt(3)).isEqualTo(row.getLong(2) > 200);
            assertThat(row.isNullAt(4)).isEqualTo(row.getLong(2) <= 200);
        }
    }

    @Test
    void whichMembersLabelIsTheUsersChoice() throws Exception {
        shards("""
                shard(root + '/0.tar', [('1.cls', b'7'), ('1.jpg', b'x'), ('1.json', b'{"kind": 3.5, "labels": "no"}'), ('1.txt', b'a caption')])
                """);
        final List<List<String>> members = List.of(List.of("txt", "cls"), List.of("json"), List.of("cls"), List.of());
        final List<String> expected = List.of("[a caption]", "[3.5]", "[7]", "null");
        for (int i = 0; i < members.size(); i++) {
            final Lake lake = LakeSpark.open(new LakeSettings(
                    "train.lake",
                    LakeSettings.Kind.WEBDATASET,
                    root.resolve("0.tar").toString(),
                    Optional.empty(),
                    ParquetColumns.USUAL,
                    members.get(i),
                    "kind"));
            assertThat(LakeSpark.told(lake.listing())).containsExactly("0.tar/1 " + expected.get(i));
        }
    }

    @Test
    void aBadSampleIsARowThatSaysWhy() throws Exception {
        shards("""
                shard(root + '/0.tar', [('1.txt', b'alone'), ('2.jpg', b'x'), ('2.json', b'{"labels": '), ('3.jpg', b'fine'), ('4.jpg', b'y'), ('4.json', b'{"labels": {}}')])
                """);
        final Map<String, Row> rows = LakeSpark.read(open());
        assertThat(rows.get("0.tar/1").getString(4)).contains("has no member").contains("jpg");
        assertThat(rows.get("0.tar/2").getString(4)).contains("label cannot be read");
        assertThat(rows.get("0.tar/4").getString(4)).contains("which is no label");
        assertThat(LakeSpark.content(rows.get("0.tar/3"))).asString().isEqualTo("fine");
        assertThat(rows.values().stream().filter(row -> row.isNullAt(3))).hasSize(3);
    }

    @Test
    void aDamagedShardIsNamed() throws Exception {
        shards("""
                shard(root + '/0.tar', [('%d.jpg' % i, b'x' * 3000) for i in range(10)])
                shard(root + '/1.tar', [('%d.jpg' % i, b'x' * 3000) for i in range(10)])
                """);
        final Path shard = root.resolve("1.tar");
        final byte[] whole = Files.readAllBytes(shard);
        // In the middle of a member, in a header, and between two members.
        for (final int length : new int[] {512 + 1024, 512 + 3072 + 100, 3584}) {
            Files.write(shard, Arrays.copyOf(whole, length));
            assertThatThrownBy(this::open)
                    .satisfies(thrown -> assertThat(mistake(thrown))
                            .contains("1.tar of the lake")
                            .contains("replace it or take it out"));
        }
        final byte[] garbled = whole.clone();
        Arrays.fill(garbled, 3584, 3584 + 512, (byte) 'z');
        Files.write(shard, garbled);
        assertThatThrownBy(this::open)
                .satisfies(thrown -> assertThat(mistake(thrown)).contains("1.tar of the lake"));
    }

    @Test
    void anIdThatComesTwiceIsRefused() throws Exception {
        shards("shard(root + '/0.tar', [('1.jpg', b'x'), ('2.jpg', b'x'), ('1.jpg', b'y')])");
        assertThatThrownBy(this::open)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds the id 0.tar/1 2 times, in 0.tar;");
    }

    @Test
    void aFolderWithoutShardsIsTheUsersMistake() throws Exception {
        Files.writeString(root.resolve("a.jpg"), "x");
        assertThatThrownBy(this::open).isInstanceOf(UserException.class).hasMessageContaining("no .tar files");
    }

    /** The user's mistake, which Spark wraps when an executor meets it. */
    static String mistake(final Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof UserException) {
                return t.getMessage();
            }
        }
        throw new AssertionError("no UserException", thrown);
    }
}

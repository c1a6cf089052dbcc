package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.image.ImageContract;
import io.dpq.image.ImageDecoder;
import io.dpq.image.ImageRejectedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleLakeTest {
    private static final ImageDecoder DECODER = new ImageDecoder(new ImageContract(
            1,
            ImageContract.Fit.STRETCH,
            36,
            32,
            List.of(0.0, 0.0, 0.0),
            List.of(1.0, 1.0, 1.0),
            200_000_000,
            1 << 20));

    @TempDir
    private Path folder;

    private static Map<String, byte[]> files(final Path lake) throws IOException {
        final Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(lake)) {
            for (final Path path : all.filter(Files::isRegularFile).toList()) {
                files.put(lake.relativize(path).toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private int run(final String name, final String... more) {
        final String[] args = Stream.concat(
                        Stream.of("--out", folder.resolve(name).toString()), Stream.of(more))
                .toArray(String[]::new);
        return SampleLakeMain.run(args);
    }

    @Test
    void holdsWhatWasAskedForAndExactlySevenDamagedFiles() throws IOException {
        assertThat(run("lake", "--images", "48", "--queries", "12", "--seed", "5"))
                .isZero();
        final Map<String, byte[]> files = files(folder.resolve("lake"));
        assertThat(files.remove(".sample.json")).isNotNull();
        assertThat(files.keySet()).filteredOn(id -> id.startsWith("query/")).hasSize(12);
        assertThat(files.keySet()).filteredOn(id -> id.startsWith("train/")).hasSize(48 + 7);
        final Set<String> classes = new HashSet<>();
        int refused = 0;
        for (final Map.Entry<String, byte[]> file : files.entrySet()) {
            classes.add(file.getKey().split("/")[1]);
            boolean readable = true;
            try {
                DECODER.decode(file.getValue());
            } catch (final ImageRejectedException e) {
                readable = false;
                refused++;
            }
            assertThat(readable).as(file.getKey()).isEqualTo(!file.getKey().contains("/corrupt-"));
        }
        assertThat(refused).isEqualTo(SampleLake.DAMAGED);
        assertThat(classes).hasSizeGreaterThanOrEqualTo(10).containsExactlyInAnyOrderElementsOf(SampleLake.classes());
        assertThat(folder.toFile().list()).containsExactly("lake");
    }

    @Test
    void theSeedDecidesEveryByte() throws IOException {
        run("one", "--images", "24", "--queries", "0", "--seed", "5");
        run("two", "--images", "24", "--queries", "0", "--seed", "5");
        run("other", "--images", "24", "--queries", "0", "--seed", "6");
        final Map<String, byte[]> one = files(folder.resolve("one"));
        final Map<String, byte[]> two = files(folder.resolve("two"));
        assertThat(two.keySet()).isEqualTo(one.keySet());
        one.forEach((id, bytes) -> assertThat(two.get(id)).as(id).isEqualTo(bytes));
        assertThat(files(folder.resolve("other")).get("train/dots/0000.jpg"))
                .isNotEqualTo(one.get("train/dots/0000.jpg"));
        assertThat(one.get("train/dots/0001.jpg")).isNotEqualTo(one.get("train/dots/0000.jpg"));
    }

    @Test
    void aCompleteLakeIsKeptAndAnythingElseIsLeftAlone() throws IOException {
        assertThat(run("lake", "--images", "12", "--queries", "0")).isZero();
        final Path picture = folder.resolve("lake/train/dots/0000.jpg");
        Files.setLastModifiedTime(picture, FileTime.fromMillis(1_000_000));
        assertThat(run("lake", "--images", "12", "--queries", "0")).isZero();
        assertThat(Files.getLastModifiedTime(picture).toMillis()).isEqualTo(1_000_000);
        assertThat(run("lake", "--images", "13", "--queries", "0")).isEqualTo(2);
        assertThat(picture).exists();
        Files.createDirectory(folder.resolve("mine"));
        Files.writeString(folder.resolve("mine/precious"), "x");
        assertThat(run("mine", "--images", "12")).isEqualTo(2);
        assertThat(files(folder.resolve("mine"))).containsOnlyKeys("precious");
    }

    @Test
    void wrongUsageIsExitCodeOne() {
        assertThat(run("lake", "--images", "1")).isEqualTo(1);
        assertThat(run("lake", "--nonsense")).isEqualTo(1);
        assertThat(folder.resolve("lake")).doesNotExist();
    }
}

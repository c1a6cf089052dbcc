package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.storage.Outage;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
    private static final Map<String, String> FINGERPRINT = Map.of("seed", "1");

    @TempDir
    private Path directory;

    private Path root;
    private CheckpointStore store;

    @BeforeEach
    void open() {
        root = directory.resolve("checkpoints");
        store = CheckpointStore.open(root.toString(), 2, new Configuration());
    }

    private void write(final String run, final int step) throws IOException {
        write(store, run, step);
    }

    private static void write(final CheckpointStore store, final String run, final int step) throws IOException {
        final Standing standing = new Standing(
                1,
                2,
                step,
                0.1 + step,
                Map.of(Stage.SEMANTIC, 1.0 / 3),
                new LossGuard(Stage.JOINT, 3, 0.7, Math.PI),
                new Standing.Best(1, new ValidationScores(0.5, List.of(0.25, 1.0 / 7), 3, 4, "f")),
                1,
                null,
                12.5);
        store.write(run, "r1", FINGERPRINT, standing, Map.of("a", bytes("a" + step), "b", bytes("b" + step)));
    }

    private static byte[] bytes(final String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Optional<Checkpoint> newest(final List<String> said) throws IOException {
        return store.newest(said::add);
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatIsWrittenIsReadBackToTheLastBit() throws IOException {
        assertThat(newest(new ArrayList<>())).isEmpty();
        write("run", 7);
        final Checkpoint checkpoint = newest(new ArrayList<>()).orElseThrow();
        assertThat(checkpoint.files()).containsOnlyKeys("a", "b");
        assertThat(checkpoint.files().get("b")).isEqualTo(bytes("b7"));
        final Standing standing = checkpoint.manifest().standing();
        assertThat(standing.epochLoss()).isEqualTo(7.1);
        assertThat(standing.guard()).isEqualTo(new LossGuard(Stage.JOINT, 3, 0.7, Math.PI));
        assertThat(standing.losses()).containsEntry(Stage.SEMANTIC, 1.0 / 3);
        assertThat(standing.best().scores().last()).isEqualTo(1.0 / 7);
        assertThat(standing.last()).isNull();
        assertThat(checkpoint.manifest().run()).isEqualTo("run");
        assertThat(checkpoint.manifest().revision()).isEqualTo("r1");
        assertThat(checkpoint.manifest().fingerprint()).isEqualTo(FINGERPRINT);
    }

    @Test
    void theLastOnesStayAndThoseOfAnotherTrainingGo() throws IOException {
        for (int step = 1; step <= 3; step++) {
            write("run", step);
        }
        assertThat(names()).containsExactly("checkpoint-000002", "checkpoint-000003");
        write("another", 1);
        assertThat(names()).containsExactly("checkpoint-000004");
        write("another", 2);
        assertThat(names()).containsExactly("checkpoint-000004", "checkpoint-000005");
    }

    @Test
    void aTornCheckpointIsPassedOverWithASentence() throws IOException {
        for (int step = 1; step <= 2; step++) {
            write("run", step);
        }
        // A half-written file, under the checksum that Hadoop keeps beside it and without it.
        Files.write(root.resolve("checkpoint-000002/a"), bytes("x"));
        final List<String> said = new ArrayList<>();
        assertThat(newest(said).orElseThrow().manifest().standing().step()).isEqualTo(1);
        assertThat(said).singleElement().asString().contains("checkpoint-000002, which is not whole: a is not the one");
        Files.delete(root.resolve("checkpoint-000002/.a.crc"));
        assertThat(newest(said).orElseThrow().manifest().standing().step()).isEqualTo(1);
        Files.delete(root.resolve("checkpoint-000002/a"));
        assertThat(newest(said).orElseThrow().manifest().standing().step()).isEqualTo(1);
        assertThat(said).last().asString().contains("it has no a");
        Files.write(root.resolve("checkpoint-000001/checkpoint.json"), bytes("{\"formatVersion\":"));
        Files.delete(root.resolve("checkpoint-000001/.checkpoint.json.crc"));
        assertThat(newest(said)).isEmpty();
        assertThat(said).last().asString().contains("its checkpoint.json is damaged or of another release");
        // A later one takes a number of its own.
        write("run", 9);
        assertThat(newest(said).orElseThrow().path()).endsWith("checkpoint-000003");
    }

    @Test
    void whatAKillLeftOfAFirstCheckpointIsNone() throws IOException {
        Files.createDirectories(root.resolve("checkpoint-000001"));
        Files.writeString(root.resolve("checkpoint-000001/a"), "half");
        assertThat(newest(new ArrayList<>())).isEmpty();
        assertThat(store.isEmpty()).isTrue();
        write("run", 1);
        assertThat(store.isEmpty()).isFalse();
        assertThat(names()).containsExactly("checkpoint-000002");
    }

    /** The local disk, whose files of one name are away. */
    public static final class AwayFileSystem extends LocalFileSystem {
        @Override
        public FSDataInputStream open(final org.apache.hadoop.fs.Path path, final int bufferSize) throws IOException {
            if (path.getName().equals(getConf().get("away"))) {
                throw new ConnectException("nobody answers");
            }
            return super.open(path, bufferSize);
        }

        @Override
        public FSDataOutputStream create(
                final org.apache.hadoop.fs.Path path,
                final FsPermission permission,
                final boolean overwrite,
                final int bufferSize,
                final short replication,
                final long blockSize,
                final Progressable progress)
                throws IOException {
            if (path.getName().equals(getConf().get("full"))) {
                throw new IOException("no space is left");
            }
            return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
        }
    }

    private CheckpointStore storeWith(final String fault, final String name) {
        final Configuration hadoop = new Configuration();
        hadoop.set("fs.file.impl", AwayFileSystem.class.getName());
        hadoop.setBoolean("fs.file.impl.disable.cache", true);
        hadoop.set(fault, name);
        return CheckpointStore.open(root.toString(), 2, hadoop);
    }

    @Test
    void whatCannotBeReadJustNowIsNotTakenForTorn() throws IOException {
        write("run", 1);
        final CheckpointStore away = storeWith("away", "b");
        assertThat(away.newest(sentence -> {})).isEmpty();
        assertThat(away.isEmpty()).isFalse();
        assertThatThrownBy(away::requireReadable)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("checkpoint-000001 cannot be read: b cannot be read (nobody answers); leave it")
                .satisfies(e -> assertThat(Outage.of(e)).isPresent());
        store.requireReadable();
        // Whose it is cannot be told: it stays, and counts.
        write(storeWith("away", "checkpoint.json"), "run", 2);
        assertThat(names()).containsExactly("checkpoint-000001", "checkpoint-000002");
    }

    @Test
    void halfACheckpointDoesNotFillTheDisk() throws IOException {
        write("run", 1);
        assertThatThrownBy(() -> write(storeWith("full", "b"), "run", 2)).hasMessage("no space is left");
        assertThat(names()).containsExactly("checkpoint-000001");
    }

    @Test
    void clearingLeavesWhatIsNotOurs() throws IOException {
        write("run", 1);
        store.follow(bytes("{}\n"));
        assertThat(root.resolve("training.jsonl")).hasContent("{}");
        Files.writeString(root.resolve("notes.txt"), "mine");
        store.clear();
        assertThat(names()).containsExactly("notes.txt");
        Files.delete(root.resolve("notes.txt"));
        store.clear();
        assertThat(root).doesNotExist();
        store.clear();
    }

    @Test
    void aPlaceThatCannotBeWrittenIsRefused() throws IOException {
        final Path file = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> CheckpointStore.open(file + "/below", 1, new Configuration()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("correct train.checkpoint.path or model.path");
    }
}

package io.dpq.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real files and real processes; only the time for which one elsewhere is watched is another. */
class WriteLockTest {
    private static final WriteLock.Patience LONG = new WriteLock.Patience(Duration.ofMinutes(1), Duration.ofMillis(20));
    private static final WriteLock.Patience SHORT =
            new WriteLock.Patience(Duration.ofMillis(300), Duration.ofMillis(20));
    private static final String ELSEWHERE = "run old of me in process 7 on other (boot-1,pid:[2]) since 3";

    @TempDir
    private Path folder;

    private final ScheduledExecutorService elsewhere = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void end() {
        elsewhere.shutdownNow();
    }

    private WriteLock take(final String run, final WriteLock.Patience patience) throws IOException {
        return WriteLock.take(
                FileSystem.getLocal(new Configuration()),
                new org.apache.hadoop.fs.Path(file().toUri()),
                run,
                holder -> UserException.data("held by " + holder),
                patience);
    }

    private Path file() {
        return folder.resolve("made/lock");
    }

    private void leave(final String owner) throws IOException {
        Files.createDirectories(file().getParent());
        Files.deleteIfExists(file().resolveSibling(".lock.crc"));
        Files.writeString(file(), owner);
    }

    private void assertFree(final WriteLock.Patience patience) throws IOException {
        try (WriteLock lock = take("run new", patience)) {
            assertThat(lock.isHeld()).isTrue();
            assertThat(file()).content().startsWith("run new of ");
        }
        assertThat(file()).doesNotExist();
    }

    @Test
    void aLivingProcessOfThisMachineKeepsItAndIsNamed() throws IOException {
        try (WriteLock first = take("run first", LONG)) {
            assertThatThrownBy(() -> take("run second", LONG))
                    .isInstanceOf(UserException.class)
                    .hasMessageMatching("held by run first of \\S+ in process "
                            + ProcessHandle.current().pid() + " on .* since .*");
            assertThat(first.isHeld()).isTrue();
        }
        assertFree(LONG);
    }

    @Test
    void oneOfADeadProcessOfThisMachineIsTakenOverAtOnce() throws Exception {
        final Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        final String here = Owner.here();
        assertThat(Owner.state(here)).isEqualTo(Owner.State.ALIVE);
        final String dead = here.replaceFirst("process \\d+", "process " + ended.pid());
        assertThat(Owner.state(dead)).isEqualTo(Owner.State.DEAD);
        // The same number, but another process.
        assertThat(Owner.state(here.replaceFirst("since .*", "since 2001-01-01T00:00:00Z")))
                .isEqualTo(Owner.State.DEAD);
        assertThat(Owner.state(here.replaceFirst("on \\S+", "on elsewhere"))).isEqualTo(Owner.State.UNKNOWN);
        assertThat(Owner.state("run x of someone")).isEqualTo(Owner.State.UNKNOWN);

        leave("run old of me in " + dead);
        assertFree(LONG);
    }

    @Test
    void oneOfALivingProcessThatSleptIsStillItsOwn() throws IOException {
        try (WriteLock slept = take("run slept", LONG)) {
            Files.setLastModifiedTime(file(), FileTime.from(Instant.now().minus(Duration.ofDays(1))));
            assertThatThrownBy(() -> take("run new", LONG)).isInstanceOf(UserException.class);
            assertThat(slept.isHeld()).isTrue();
        }
    }

    @Test
    void oneThatWasTakenOverIsNotRemovedByItsFormerHolder() throws Exception {
        final WriteLock former = take("run former", LONG);
        leave(ELSEWHERE);
        try (WriteLock heir = take("run heir", SHORT)) {
            assertThat(former.isHeld()).isFalse();
            former.close();
            assertThat(heir.isHeld()).isTrue();
        }
    }

    @Test
    void oneThatIsTornIsTakenOver() throws IOException {
        // The file system of the table keeps checksums, which this content does not have.
        try (WriteLock torn = take("run torn", LONG)) {
            Files.writeString(file(), "run to");
            assertThat(torn.isHeld()).isFalse();
            Files.copy(folder.resolve("made/.lock.crc"), folder.resolve("kept"));
        }
        Files.copy(folder.resolve("kept"), folder.resolve("made/.lock.crc"), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(file(), "run to");
        assertFree(SHORT);
    }

    @Test
    void whoTookItOverMeanwhileIsNamed() throws IOException {
        leave(ELSEWHERE);
        elsewhere.schedule(() -> Files.writeString(file(), "run heir of you"), 500, TimeUnit.MILLISECONDS);
        assertThatThrownBy(() -> take("run new", LONG))
                .isInstanceOf(UserException.class)
                .hasMessage("held by run heir of you");
    }

    @Test
    void oneOfAProcessElsewhereIsTakenOverWhenItGivesNoSignOfLife() throws IOException {
        leave(ELSEWHERE);
        assertFree(SHORT);
    }

    @Test
    void oneOfAProcessElsewhereThatIsTouchedStays() throws Exception {
        leave(ELSEWHERE);
        // Again and again, since nothing tells when the first look was.
        final AtomicInteger touches = new AtomicInteger();
        elsewhere.scheduleWithFixedDelay(
                () -> {
                    try {
                        final Instant time = Instant.now().plusSeconds(touches.incrementAndGet());
                        Files.setLastModifiedTime(file(), FileTime.from(time));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                100,
                100,
                TimeUnit.MILLISECONDS);
        assertThatThrownBy(() -> take("run new", LONG))
                .isInstanceOf(UserException.class)
                .hasMessage("held by " + ELSEWHERE);
        assertThat(file()).hasContent(ELSEWHERE);
    }

    @Test
    void oneOfAProcessElsewhereThatEndsIsFree() throws IOException {
        leave(ELSEWHERE);
        elsewhere.schedule(() -> Files.deleteIfExists(file()), 300, TimeUnit.MILLISECONDS);
        try (WriteLock lock = take("run new", LONG)) {
            assertThat(lock.isHeld()).isTrue();
        }
    }
}

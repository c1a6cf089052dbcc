package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Records are read as they lie in a real file, however long they are and wherever the next one is. */
class StretchContentsTest {
    private static final int LENGTH = 1_000_000;
    private static final int BUFFER = 64 << 10;

    @TempDir
    private Path folder;

    private final byte[] bytes = new byte[LENGTH];

    @BeforeEach
    void write() throws IOException {
        new Random(7).nextBytes(bytes);
        Files.write(folder.resolve("file"), bytes);
    }

    private StretchContents open() throws IOException {
        return open(false);
    }

    private StretchContents open(final boolean reuses) throws IOException {
        final FSDataInputStream in = FileSystem.getLocal(new Configuration())
                .open(new org.apache.hadoop.fs.Path(folder.resolve("file").toUri()));
        return new StretchContents(in, reuses);
    }

    /** Lengths of records and the gaps before each, some of them backwards. */
    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of("one after another", new int[] {500, 500, 500}, new int[] {0, 0, 0}),
                Arguments.of("longer than the buffer", new int[] {100_000, 3, 200_000}, new int[] {5, 0, 1}),
                Arguments.of("as long as the buffer", new int[] {BUFFER, BUFFER, 1}, new int[] {0, 0, 0}),
                Arguments.of("near", new int[] {10, 10, 10}, new int[] {4, BUFFER, BUFFER - 1}),
                Arguments.of("far", new int[] {10, 10, 10}, new int[] {BUFFER + 1, 300_000, 2 * BUFFER}),
                Arguments.of("back", new int[] {700, 700, 700, 50}, new int[] {9000, -700, -5000, -750}),
                Arguments.of("of nothing", new int[] {0, 5, 0}, new int[] {0, 0, 70_000}),
                Arguments.of("to the end", new int[] {1, 99_999}, new int[] {0, 900_000}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void recordsAreWhatLiesThere(final String name, final int[] lengths, final int[] gaps) throws IOException {
        try (StretchContents contents = open()) {
            int place = 0;
            for (int i = 0; i < lengths.length; i++) {
                place += gaps[i];
                assertThat(contents.read(place, lengths[i], LENGTH))
                        .as("record %d at %d", i, place)
                        .hasValue(Arrays.copyOfRange(bytes, place, place + lengths[i]));
                place += lengths[i];
            }
        }
    }

    @Test
    void onlyWhoIsAskedToReadsIntoTheSameArray() throws IOException {
        try (StretchContents contents = open(true)) {
            final byte[] first = contents.read(0, 40, LENGTH).orElseThrow();
            final byte[] second = contents.read(40, 40, LENGTH).orElseThrow();
            assertThat(second).isSameAs(first).isEqualTo(Arrays.copyOfRange(bytes, 40, 80));
            final byte[] shorter = contents.read(80, 7, LENGTH).orElseThrow();
            assertThat(shorter).isEqualTo(Arrays.copyOfRange(bytes, 80, 87));
            assertThat(contents.read(90, 100, 6)).hasValue(Arrays.copyOfRange(bytes, 90, 97));
            assertThatThrownBy(() -> contents.read(LENGTH - 3, 7, LENGTH)).isInstanceOf(EOFException.class);
            assertThat(contents.read(0, 7, LENGTH)).hasValue(Arrays.copyOfRange(bytes, 0, 7));
        }
        try (StretchContents contents = open()) {
            final byte[] first = contents.read(0, 40, LENGTH).orElseThrow();
            contents.read(40, 40, LENGTH);
            assertThat(first).isEqualTo(Arrays.copyOfRange(bytes, 0, 40));
        }
    }

    @Test
    void ofOneThatIsTooLongOnlyAByteMoreIsRead() throws IOException {
        try (StretchContents contents = open()) {
            assertThat(contents.read(10, 500_000, 99)).hasValue(Arrays.copyOfRange(bytes, 10, 110));
            assertThat(contents.read(500_010, 20, 99)).hasValue(Arrays.copyOfRange(bytes, 500_010, 500_030));
        }
    }

    @Test
    void aFileThatEndsWithinARecordSaysSoAndCanBeReadOn() throws IOException {
        try (StretchContents contents = open()) {
            assertThatThrownBy(() -> contents.read(LENGTH - 10, 11, LENGTH))
                    .isInstanceOf(EOFException.class)
                    .hasMessage("it ends within a record");
            assertThat(contents.read(20, 30, LENGTH)).hasValue(Arrays.copyOfRange(bytes, 20, 50));
        }
    }
}

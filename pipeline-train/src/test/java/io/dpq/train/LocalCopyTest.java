package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalCopyTest {
    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path folder;

    @Test
    void theCopyHoldsTheFileAndIsDeleted() throws IOException {
        final Path file = Files.writeString(folder.resolve("weights.h5"), "content");
        final Path copied;
        try (LocalCopy copy = new LocalCopy("backbone.weights", file.toString(), hadoop)) {
            copied = Path.of(copy.path());
            assertThat(copied).hasContent("content").isNotEqualTo(file);
        }
        assertThat(copied).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nowhere/at/all.h5", "nosuchscheme://host/file.h5", "http:file.h5"})
    void whatCannotBeReadIsToldByItsKey(final String path) {
        assertThatThrownBy(() -> new LocalCopy("backbone.weights", path, hadoop))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(path)
                .hasMessageContaining("correct backbone.weights");
        assertThatThrownBy(() -> LabelVectors.read(path, hadoop, 2))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(path)
                .hasMessageContaining("correct labels.embeddings");
    }

    @Test
    void aCopyThatFailsLeavesNoFileBehind() throws IOException {
        final Path unreadable = Files.createDirectory(folder.resolve("folder-in-place-of-a-file.h5"));

        assertThatThrownBy(() -> new LocalCopy("backbone.weights", unreadable.toString(), hadoop))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be read; correct backbone.weights");
        try (var left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertThat(left).noneMatch(file -> file.toString().endsWith("folder-in-place-of-a-file.h5"));
        }
    }
}

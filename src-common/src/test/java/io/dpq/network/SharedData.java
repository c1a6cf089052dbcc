package io.dpq.network;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The shared folder of test data that is too large to keep beside the code. */
final class SharedData {
    private SharedData() {}

    /** The folder of pretrained backbones; a test is skipped without it. */
    static Path backbones() {
        final String given = Optional.ofNullable(System.getProperty("dpq.shared"))
                .orElse(Optional.ofNullable(System.getenv("DPQ_SHARED")).orElse(""));
        Path folder = given.isEmpty() ? Path.of("").toAbsolutePath() : Path.of(given);
        while (given.isEmpty() && folder.getParent() != null && !Files.isDirectory(folder.resolve("shared/data"))) {
            folder = folder.getParent();
        }
        final Path found = (given.isEmpty() ? folder.resolve("shared") : folder).resolve("data/backbones");
        assumeTrue(Files.isDirectory(found), "The shared folder with data/backbones is absent: give -Ddpq.shared.");
        return found;
    }
}

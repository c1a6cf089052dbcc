package io.dpq.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The configurations that are shipped in {@code conf/}, for the tests of every job. */
public final class Presets {
    private Presets() {}

    /** All of them. */
    public static List<Path> all() throws IOException {
        try (Stream<Path> files = Files.walk(folder())) {
            return files.filter(file -> file.toString().endsWith(".conf"))
                    .filter(file -> !file.endsWith("spark-defaults.conf"))
                    .sorted()
                    .toList();
        }
    }

    /** One by its file name. */
    public static Path named(final String name) {
        return folder().resolve(name);
    }

    /**
     * Loads one. Presets take their places from the environment; any places do for a plan.
     *
     * @param temporary folder for filled-in copies
     */
    public static DpqConfig load(final Path preset, final Path temporary) throws IOException {
        // With the others beside it, since presets may include one another.
        for (final Path each : all()) {
            final Path copy = temporary.resolve(folder().relativize(each));
            Files.createDirectories(copy.getParent());
            Files.writeString(copy, Files.readString(each).replaceAll("\\$\\{(\\w+)}", "/some/$1"));
        }
        return DpqConfig.load(temporary.resolve(folder().relativize(preset)), List.of());
    }

    private static Path folder() {
        Path project = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(project.resolve("conf"))) {
            project = project.getParent();
        }
        return project.resolve("conf");
    }
}

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
        try (Stream<Path> files = Files.list(folder())) {
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
     * @param temporary folder for the filled-in copy
     */
    public static DpqConfig load(final Path preset, final Path temporary) throws IOException {
        final Path filled = temporary.resolve("preset.conf");
        Files.writeString(filled, Files.readString(preset).replaceAll("\\$\\{(\\w+)}", "/some/$1"));
        return DpqConfig.load(filled, List.of());
    }

    private static Path folder() {
        Path project = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(project.resolve("conf"))) {
            project = project.getParent();
        }
        return project.resolve("conf");
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** What the jar for spark-submit carries. */
class ShadedJarIT {
    @Test
    void nativeCodeOfOnePlatform() throws IOException {
        final List<String> names = names();
        assertThat(names.stream()
                        .filter(name -> name.startsWith("ai/onnxruntime/native/"))
                        .filter(name -> !name.endsWith("/"))
                        .map(name -> name.split("/")[3])
                        .distinct())
                .hasSize(1);
        assertThat(names).contains("ai/onnxruntime/OrtEnvironment.class", "io/dpq/quantizer/VectorKernel.class");
        assertThat(names).noneMatch(name -> name.startsWith("org/openjdk/jmh/"));
    }

    private static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("target"))) {
            final Path jar = files.filter(file -> file.toString().endsWith("-spark.jar"))
                    .findFirst()
                    .orElseThrow();
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                return zip.stream().map(ZipEntry::getName).toList();
            }
        }
    }
}

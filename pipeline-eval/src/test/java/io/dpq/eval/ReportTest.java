package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static String file(final Report report, final String name) throws IOException {
        return new String(ReportFiles.render(report).get(name), StandardCharsets.UTF_8);
    }

    private static List<String> fields(final JsonNode node) {
        final TreeSet<String> names = new TreeSet<>();
        node.fieldNames().forEachRemaining(names::add);
        return List.copyOf(names);
    }

    @Test
    void jsonHasTheDocumentedFields() throws IOException {
        final JsonNode json = new ObjectMapper().readTree(file(Reports.report("/m", true), ReportFiles.JSON));
        assertThat(fields(json))
                .containsExactly(
                        "codes",
                        "config",
                        "conventions",
                        "createdAt",
                        "formatVersion",
                        "kind",
                        "levels",
                        "model",
                        "queries",
                        "seconds",
                        "versions");
        assertThat(json.path("formatVersion").asInt()).isEqualTo(1);
        assertThat(json.path("kind").asText()).isEqualTo("dpq-evaluation");
        assertThat(fields(json.path("model")))
                .containsExactly("backbone", "codewords", "dimensions", "id", "levels", "path");
        assertThat(fields(json.path("codes"))).containsExactly("path", "rows", "runs");
        assertThat(fields(json.path("queries")))
                .containsExactly("count", "empty", "path", "relevantPairs", "undecodable", "unlabelled");
        assertThat(fields(json.path("conventions")))
                .containsExactly(
                        "emptyQueries", "metric", "r", "relevance", "score", "tieRule", "ties", "wholeDatabase");
        assertThat(json.path("levels")).hasSize(4);
        final JsonNode level = json.path("levels").path(2);
        assertThat(fields(level))
                .containsExactly(
                        "bits",
                        "deadCodewords",
                        "entropyBits",
                        "level",
                        "map",
                        "quantizationError",
                        "randomMap",
                        "relativeQuantizationError");
        assertThat(level.path("bits").asInt()).isEqualTo(24);
        assertThat(level.path("map").asDouble()).isEqualTo(0.4493);
    }

    @Test
    void jsonKeepsTheFieldOfAMissingBaseline() throws IOException {
        final JsonNode level = new ObjectMapper()
                .readTree(file(Reports.report("/m", false), ReportFiles.JSON))
                .path("levels")
                .path(0);
        assertThat(level.has("randomMap")).isTrue();
        assertThat(level.path("randomMap").isNull()).isTrue();
    }

    @Test
    void csvIsARowALevel() throws IOException {
        final List<String> lines =
                file(Reports.report("/m", true), ReportFiles.CSV).lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0))
                .isEqualTo("level,bits,map,random_map,quantization_error,relative_quantization_error,dead_codewords,"
                        + "entropy_bits");
        final String[] row = lines.get(2).split(",", -1);
        assertThat(row).hasSize(8);
        assertThat(row[0]).isEqualTo("2");
        assertThat(row[1]).isEqualTo("16");
        assertThat(Double.parseDouble(row[2])).isEqualTo(0.4451);
        assertThat(Double.parseDouble(row[3])).isEqualTo(0.10031, within(1e-12));
        assertThat(file(Reports.report("/m", false), ReportFiles.CSV).lines().skip(1))
                .allMatch(line -> line.split(",", -1)[3].isEmpty());
    }

    @Test
    void htmlStandsAlone() throws IOException {
        for (final boolean random : new boolean[] {true, false}) {
            final String html = file(Reports.report("/m", random), ReportFiles.HTML);
            assertThat(html)
                    .doesNotContainPattern("(?i)(src|href)\\s*=|https?://|url\\(|@import|<script|<link|<iframe|<img")
                    .contains("<svg", "prefers-color-scheme: dark", "width=device-width")
                    .contains("0.4519", "54,000", "5,400,123", "3f3f3f", "20261122T140000Z-00c0ffee")
                    .contains("McSherry and Najork 2008")
                    .contains("image.mean = [123, 117.5, 104]", "labels.embeddings = null");
            assertThat(html.contains("random codes on the same rows")).isEqualTo(random);
        }
    }

    @Test
    void htmlEscapesWhatUsersWrote() throws IOException {
        assertThat(file(Reports.report("/m/<script>alert(1)</script>&", true), ReportFiles.HTML))
                .doesNotContain("<script>")
                .contains("/m/&lt;script&gt;alert(1)&lt;/script&gt;&amp;");
    }

    @Test
    void plotDrawsEveryLevelWithinItsFrame() {
        final String svg = CurvePlot.svg(Reports.report("/m", true).levels());
        assertThat(svg.split("class=\"map\" cx", -1)).hasSize(5);
        assertThat(svg.split("class=\"random\" cx", -1)).hasSize(5);
        final var matcher =
                java.util.regex.Pattern.compile("c([xy])=\"([0-9.]+)\"").matcher(svg);
        int drawn = 0;
        while (matcher.find()) {
            drawn++;
            assertThat(Double.parseDouble(matcher.group(2)))
                    .isBetween(32.0, matcher.group(1).equals("x") ? 696.0 : 276.0);
        }
        // Four levels and their random codes, an x and a y each.
        assertThat(drawn).isEqualTo(16);
    }

    @Test
    void publishesWholeFilesOverOldOnesAndNothingElse(@TempDir final Path folder) throws IOException {
        final Path root = folder.resolve("a/report");
        final Configuration hadoop = new Configuration();
        ReportPublisher.publish(
                root.toString(), hadoop, Map.of("x.txt", "long old content".getBytes(StandardCharsets.UTF_8)));
        Files.writeString(root.resolve("mine.txt"), "kept");
        ReportPublisher.publish(
                root.toUri().toString(), hadoop, Map.of("x.txt", "new".getBytes(StandardCharsets.UTF_8)));
        assertThat(root.resolve("x.txt")).hasContent("new");
        assertThat(root.resolve("mine.txt")).hasContent("kept");
        try (Stream<Path> files = Files.list(root)) {
            assertThat(files.map(path -> path.getFileName().toString()).filter(name -> !name.endsWith(".crc")))
                    .containsExactlyInAnyOrder("x.txt", "mine.txt");
        }
    }
}

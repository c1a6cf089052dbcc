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
    private static final List<QueryLines.Line> LINES = List.of(
            new QueryLines.Line("a,\"b\".jpg", List.of("cat"), 3, List.of(0.1, 0.2)),
            new QueryLines.Line("c", List.of(), 0, List.of(0.0, 0.0)));

    private static String file(final Report report, final String name) throws IOException {
        return new String(ReportFiles.render(report, LINES, Illustrations.NONE).get(name), StandardCharsets.UTF_8);
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
                        "baselines",
                        "classes",
                        "codes",
                        "comparison",
                        "config",
                        "conventions",
                        "createdAt",
                        "curveRanks",
                        "embedding",
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
                        "emptyQueries",
                        "excludedSelves",
                        "metric",
                        "otherMetrics",
                        "r",
                        "relevance",
                        "score",
                        "tieRule",
                        "ties",
                        "wholeDatabase");
        assertThat(json.path("levels")).hasSize(4);
        final JsonNode level = json.path("levels").path(2);
        assertThat(fields(level))
                .containsExactly(
                        "bits",
                        "curves",
                        "deadCodewords",
                        "entropyBits",
                        "level",
                        "map",
                        "ndcg",
                        "quantizationError",
                        "randomMap",
                        "relativeQuantizationError",
                        "symmetricMap");
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
                        + "entropy_bits,ndcg,symmetric_map,embedding_map,pq_map,itq_map");
        final String[] row = lines.get(2).split(",", -1);
        assertThat(row).hasSize(13);
        assertThat(row[11]).isEqualTo("0.35");
        assertThat(row[12]).isEmpty();
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
    void plotsDrawEveryPointWithinTheirFrame() {
        final Report report = Reports.report("/m", true);
        // 4 levels each of model, random codes, quantized queries and embeddings; 2 and 1 of the baselines.
        assertThat(circles(ReportPlots.quality(report).svg())).isEqualTo(19);
        // 4 levels and the embeddings, 6 ranks and 11 recalls each.
        assertThat(circles(ReportPlots.precision(report).svg())).isEqualTo(30);
        assertThat(circles(ReportPlots.recall(report).svg())).isEqualTo(55);
    }

    private static int circles(final String svg) {
        final var matcher =
                java.util.regex.Pattern.compile("c([xy])=\"([0-9.]+)\"").matcher(svg);
        int drawn = 0;
        while (matcher.find()) {
            drawn++;
            final boolean x = matcher.group(1).equals("x");
            assertThat(Double.parseDouble(matcher.group(2))).isBetween(x ? 64.0 : 32.0, x ? 696.0 : 276.0);
        }
        return drawn / 2;
    }

    @Test
    void axesEndInRoundNumbers() {
        assertThat(Plot.Axis.upTo("", 0.4519).to()).isEqualTo(0.5, within(1e-12));
        assertThat(Plot.Axis.upTo("", 1).to()).isEqualTo(1, within(1e-12));
        assertThat(Plot.Axis.upTo("", 1).ticks()).hasSizeBetween(5, 7);
        assertThat(Plot.Axis.upTo("", 0.01).text().apply(0.002)).isEqualTo("0.002");
        assertThat(Plot.Axis.upTo("", 31_234).to()).isEqualTo(40_000, within(1e-6));
        assertThat(Plot.Axis.decades("", 54_000).ticks()).containsExactly(1.0, 10.0, 100.0, 1000.0, 10_000.0);
    }

    @Test
    void trainingCurvesPassOverWhatTheyDoNotKnow() {
        final List<Plot> plots = TrainingCurves.plots(String.join(
                "\n",
                "{\"type\":\"round\",\"step\":1,\"loss\":2.5}",
                "no json {",
                "",
                "[1,2]",
                "{\"step\":2,\"loss\":\"NaN\"}",
                "{\"step\":3,\"loss\":1.5,\"new\":{}}",
                "{\"step\":3,\"validationMap\":[0.3,0.4]}",
                "{\"step\":4,\"validationMap\":[0.5,0.6]}"));
        assertThat(plots).extracting(Plot::label).containsExactly("training loss", "validation mAP");
        assertThat(plots.get(0).lines().get(0).points())
                .containsExactly(new Plot.Point(1, 2.5), new Plot.Point(3, 1.5));
        assertThat(plots.get(1).lines()).hasSize(2);
        assertThat(TrainingCurves.plots("")).isEmpty();
    }

    @Test
    void queriesAreALineEachAndReadBack() throws IOException {
        assertThat(QueryLines.readPrecisions(QueryLines.write(LINES)))
                .isEqualTo(Map.of("a,\"b\".jpg", List.of(0.1, 0.2), "c", List.of(0.0, 0.0)));
    }

    @Test
    void labelsAreMeansOfTheirQueries() {
        final List<Report.LabelFigures> table = LabelTable.of(List.of(
                new QueryLines.Line("1", List.of("x", "y"), 1, List.of(0.2)),
                new QueryLines.Line("2", List.of("y"), 1, List.of(0.6)),
                new QueryLines.Line("3", List.of(), 0, List.of(0.0))));
        assertThat(table)
                .containsExactly(
                        new Report.LabelFigures("x", 1, List.of(0.2)), new Report.LabelFigures("y", 2, List.of(0.4)));
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

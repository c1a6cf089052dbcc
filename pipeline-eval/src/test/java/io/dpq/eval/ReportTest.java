package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

    @Test
    void jsonHasTheDocumentedFieldsAndNoOther() throws IOException {
        for (final boolean everything : new boolean[] {true, false}) {
            final JsonNode json = new ObjectMapper().readTree(file(Reports.report("/m", everything), ReportFiles.JSON));
            ReportSchema.requireFits(json);
        }
        final JsonNode json = new ObjectMapper().readTree(file(Reports.report("/m", true), ReportFiles.JSON));
        assertThat(json.path("levels")).hasSize(4);
        final JsonNode level = json.path("levels").path(2);
        assertThat(level.path("bits").asInt()).isEqualTo(24);
        assertThat(level.path("map").asDouble()).isEqualTo(0.4493);
        assertThat(level.path("symmetric").path("map").asDouble()).isEqualTo(0.436);
    }

    @Test
    void theSchemaRefusesWhatIsNoReport() throws IOException {
        final ObjectNode json =
                (ObjectNode) new ObjectMapper().readTree(file(Reports.report("/m", true), ReportFiles.JSON));
        for (final Consumer<ObjectNode> spoil : List.<Consumer<ObjectNode>>of(
                report -> report.put("formatVersion", 2),
                report -> report.remove("levels"),
                report -> report.put("undocumented", 1),
                report -> ((ObjectNode) report.path("levels").path(0)).put("map", 1.5),
                report -> ((ObjectNode) report.path("levels").path(0).path("symmetric")).put("map", "high"),
                report -> ((ObjectNode) report.path("comparison")).remove("passed"))) {
            final ObjectNode spoilt = json.deepCopy();
            spoil.accept(spoilt);
            assertThatThrownBy(() -> ReportSchema.requireFits(spoilt)).isInstanceOf(AssertionError.class);
        }
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
                    .doesNotContainPattern(
                            "(?i)(src|href)\\s*=|https?://|xmlns|url\\(|@import|<script|<link|<iframe|<img")
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
        // 4 levels each of model, random codes and quantized queries; 2 and 1 of the baselines; embeddings are a line
        // alone.
        assertThat(circles(ReportPlots.quality(report).wide(), 880, 320)).isEqualTo(15);
        assertThat(circles(ReportPlots.quality(report).narrow(), 330, 260)).isEqualTo(15);
        // 4 levels, 6 ranks and 11 recalls each.
        assertThat(circles(ReportPlots.precision(report).half(), 430, 290)).isEqualTo(24);
        assertThat(circles(ReportPlots.recall(report).half(), 430, 290)).isEqualTo(44);
    }

    private static int circles(final String svg, final int width, final int height) {
        assertThat(svg).contains("viewBox=\"0 0 " + width + " " + height + "\"");
        final Matcher matcher = Pattern.compile("<circle[^>]* cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"")
                .matcher(svg);
        int drawn = 0;
        while (matcher.find()) {
            drawn++;
            assertThat(Double.parseDouble(matcher.group(1))).isBetween(20.0, width - 1.0);
            assertThat(Double.parseDouble(matcher.group(2))).isBetween(1.0, height - 40.0);
        }
        return drawn;
    }

    @Test
    void plotsTakeThePagesColours() {
        final String svg = ReportPlots.quality(Reports.report("/m", true)).wide();
        assertThat(svg)
                .contains("\"var(--c0)\"", "\"var(--c2)\"", "\"var(--exact)\"", "\"var(--random)\"", "\"var(--soft)\"")
                .contains("aria-label=\"mAP by code length\"");
        // What is in a colour of its own would be lost on a page of the same colour: only what is not seen may have
        // one.
        assertThat(svg.replaceFirst("<svg[^>]*>", "")).doesNotContainPattern("fill=\"rgb[^>]*fill-opacity=\"[^0]");
        assertThat(svg.split("rgb\\(", -1).length - 1).isLessThanOrEqualTo(6);
    }

    @Test
    void longerLinesLieHigher() {
        final Plot plot = new Plot(
                "two",
                Plot.Axis.named("bits", List.of("8", "16")),
                Plot.Axis.upTo("", 1),
                List.of(new Plot.Line(
                        "line", Ink.C3, List.of(new Plot.Point(1, 0.25), new Plot.Point(2, 0.75)), false)));
        final Matcher matcher = Pattern.compile("<circle[^>]* cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"")
                .matcher(plot.half());
        assertThat(matcher.find()).isTrue();
        final double x = Double.parseDouble(matcher.group(1));
        final double y = Double.parseDouble(matcher.group(2));
        assertThat(matcher.find()).isTrue();
        assertThat(Double.parseDouble(matcher.group(1))).isGreaterThan(x + 50);
        assertThat(Double.parseDouble(matcher.group(2))).isLessThan(y - 50);
    }

    @Test
    void aMachineThatCannotDrawLosesNoFigures() throws IOException {
        assertThat(SvgCanvas.draw(10, 10, "none", graphics -> {
                    throw new InternalError("no fonts");
                }))
                .isEmpty();
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
                "{\"type\":\"validation\",\"step\":3,\"levels\":[0.3,0.4]}",
                "{\"type\":\"validation\",\"step\":4,\"levels\":[0.5,0.6]}"));
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

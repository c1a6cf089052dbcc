package io.dpq.eval;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import freemarker.template.Configuration;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Renders a report as its three files. Stateless. */
final class ReportFiles {
    static final String JSON = "report.json";
    static final String CSV = "report.csv";
    static final String HTML = "report.html";
    static final String QUERIES = "queries.jsonl";

    private ReportFiles() {}

    /** Content by file name; the JSON, which programs wait for, comes last. */
    static Map<String, byte[]> render(
            final Report report, final List<QueryLines.Line> queries, final Illustrations illustrations)
            throws IOException {
        final Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(CSV, csv(report).getBytes(StandardCharsets.UTF_8));
        files.put(QUERIES, QueryLines.write(queries));
        files.put(HTML, html(report, illustrations).getBytes(StandardCharsets.UTF_8));
        files.put(
                JSON,
                new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(report));
        return files;
    }

    /** A row a level; the mAP of each baseline is a column after those that are always there. */
    private static String csv(final Report report) {
        final Set<String> methods = ReportPlots.methods(report);
        final StringBuilder csv = new StringBuilder("level,bits,map,random_map,quantization_error,"
                + "relative_quantization_error,dead_codewords,entropy_bits,ndcg,symmetric_map,embedding_map");
        methods.forEach(method -> csv.append(',').append(method).append("_map"));
        csv.append('\n');
        for (final Report.Level level : report.levels()) {
            final List<@Nullable Object> cells = new ArrayList<>();
            cells.add(level.level());
            cells.add(level.bits());
            cells.add(level.map());
            cells.add(level.randomMap());
            cells.add(level.quantizationError());
            cells.add(level.relativeQuantizationError());
            cells.add(level.deadCodewords());
            cells.add(level.entropyBits());
            cells.add(level.ndcg());
            cells.add(level.symmetricMap());
            cells.add(report.embedding() == null ? null : report.embedding().map());
            for (final String method : methods) {
                cells.add(report.baselines().stream()
                        .filter(row -> row.method().equals(method) && row.level() == level.level())
                        .map(Report.Baseline::map)
                        .findFirst()
                        .orElse(null));
            }
            csv.append(cells.stream()
                            .map(cell -> cell == null ? "" : cell.toString())
                            .collect(joining(",")))
                    .append('\n');
        }
        return csv.toString();
    }

    private static String html(final Report report, final Illustrations illustrations) throws IOException {
        final Configuration freemarker = new Configuration(Configuration.VERSION_2_3_32);
        freemarker.setClassForTemplateLoading(ReportFiles.class, "");
        freemarker.setDefaultEncoding(StandardCharsets.UTF_8.name());
        freemarker.setLocale(Locale.US);
        freemarker.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        freemarker.setLogTemplateExceptions(false);
        final Map<String, Object> data =
                new HashMap<>(new ObjectMapper().convertValue(report, new TypeReference<Map<String, Object>>() {}));
        data.put("plot", alone(ReportPlots.quality(report)));
        data.put("precisionPlot", beside(ReportPlots.precision(report)));
        data.put("recallPlot", beside(ReportPlots.recall(report)));
        data.put("methods", List.copyOf(ReportPlots.methods(report)));
        data.put(
                "headline",
                new ObjectMapper().convertValue(ReportPlots.headline(report), new TypeReference<List<Object>>() {}));
        data.put(
                "training",
                illustrations.training().stream().map(ReportFiles::beside).toList());
        data.put("pictures", new ObjectMapper().convertValue(illustrations.found(), List.class));
        data.put("panels", new ObjectMapper().convertValue(illustrations.queries(), Map.class));
        final StringWriter html = new StringWriter();
        try {
            freemarker.getTemplate("report.ftlh").process(data, html);
        } catch (TemplateException e) {
            throw new IOException("The report template does not fit the report.", e);
        }
        return html.toString();
    }

    /** A plot as the template takes it, alone on a wide screen. */
    private static Map<String, Object> alone(final Plot plot) {
        return drawn(plot, plot.wide());
    }

    /** A plot as the template takes it, one of two side by side on a wide screen. */
    private static Map<String, Object> beside(final Plot plot) {
        return drawn(plot, plot.half());
    }

    private static Map<String, Object> drawn(final Plot plot, final String wide) {
        return Map.of(
                "wide",
                wide,
                "narrow",
                plot.narrow(),
                "title",
                plot.label(),
                "key",
                // What is written out stands first, though it is drawn last, over the others.
                plot.lines().stream()
                        .sorted(Comparator.comparing(line -> !line.values()))
                        .map(line ->
                                Map.of("name", line.name(), "style", line.ink().style()))
                        .toList());
    }
}

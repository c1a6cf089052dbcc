package io.dpq.eval;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import freemarker.template.Configuration;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Renders a report as its three files. Stateless. */
final class ReportFiles {
    static final String JSON = "report.json";
    static final String CSV = "report.csv";
    static final String HTML = "report.html";

    private ReportFiles() {}

    /** Content by file name; the JSON, which programs wait for, comes last. */
    static Map<String, byte[]> render(final Report report) throws IOException {
        final Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(CSV, csv(report).getBytes(StandardCharsets.UTF_8));
        files.put(HTML, html(report).getBytes(StandardCharsets.UTF_8));
        files.put(
                JSON,
                new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsBytes(report));
        return files;
    }

    private static String csv(final Report report) {
        final StringBuilder csv = new StringBuilder("level,bits,map,random_map,quantization_error,"
                + "relative_quantization_error,dead_codewords,entropy_bits\n");
        for (final Report.Level level : report.levels()) {
            csv.append(level.level())
                    .append(',')
                    .append(level.bits())
                    .append(',')
                    .append(level.map())
                    .append(',')
                    .append(level.randomMap() == null ? "" : level.randomMap())
                    .append(',')
                    .append(level.quantizationError())
                    .append(',')
                    .append(level.relativeQuantizationError())
                    .append(',')
                    .append(level.deadCodewords())
                    .append(',')
                    .append(level.entropyBits())
                    .append('\n');
        }
        return csv.toString();
    }

    private static String html(final Report report) throws IOException {
        final Configuration freemarker = new Configuration(Configuration.VERSION_2_3_32);
        freemarker.setClassForTemplateLoading(ReportFiles.class, "");
        freemarker.setDefaultEncoding(StandardCharsets.UTF_8.name());
        freemarker.setLocale(Locale.US);
        freemarker.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        freemarker.setLogTemplateExceptions(false);
        final Map<String, Object> data =
                new HashMap<>(new ObjectMapper().convertValue(report, new TypeReference<Map<String, Object>>() {}));
        data.put("plot", CurvePlot.svg(report.levels()));
        final StringWriter html = new StringWriter();
        try {
            freemarker.getTemplate("report.ftlh").process(data, html);
        } catch (TemplateException e) {
            throw new IOException("The report template does not fit the report.", e);
        }
        return html.toString();
    }
}

package io.dpq.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the model was trained, from the file {@code training.jsonl} of its directory: a JSON object a line, of which those with a
 * {@code step} and a {@code loss} are rounds and those with a {@code step} and a list {@code validationMap} are validations.
 * Lines and fields that are neither are passed over, since a picture of a training is no reason for an evaluation to fail.
 */
final class TrainingCurves {
    static final String FILE = "training.jsonl";
    private static final Logger LOG = LoggerFactory.getLogger(TrainingCurves.class);

    /** Points drawn a line at the most: more would only make the page heavy. */
    private static final int MOST_POINTS = 240;

    private TrainingCurves() {}

    /** The plots that there is something for; none where the model has no such file. */
    static List<Plot> read(final String modelPath, final Configuration hadoop) {
        final Path path = new Path(modelPath, FILE);
        try {
            final FileSystem fileSystem = path.getFileSystem(hadoop);
            if (!fileSystem.exists(path)) {
                return List.of();
            }
            try (InputStream in = fileSystem.open(path)) {
                return plots(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            LOG.warn("The report goes without training curves: {}", e.toString());
            return List.of();
        }
    }

    static List<Plot> plots(final String content) {
        final List<Plot.Point> losses = new ArrayList<>();
        final Map<Integer, List<Plot.Point>> validations = new TreeMap<>();
        content.lines().forEach(line -> {
            final JsonNode node = parse(line);
            if (!node.path("step").isNumber()) {
                return;
            }
            final double step = node.path("step").asDouble();
            final double loss = node.path("loss").asDouble(Double.NaN);
            if (node.path("loss").isNumber() && Double.isFinite(loss) && loss >= 0) {
                losses.add(new Plot.Point(step, loss));
            }
            for (int level = 0; level < node.path("levels").size(); level++) {
                final double map = node.path("levels").path(level).asDouble(Double.NaN);
                if (Double.isFinite(map) && map >= 0) {
                    validations.computeIfAbsent(level, l -> new ArrayList<>()).add(new Plot.Point(step, map));
                }
            }
        });
        final List<Plot> plots = new ArrayList<>();
        if (losses.size() > 1) {
            plots.add(
                    plot("training loss", List.of(new Plot.Line("training loss", Ink.of(0), thinned(losses), false))));
        }
        final List<Plot.Line> lines = new ArrayList<>();
        validations.forEach((level, points) -> {
            if (points.size() > 1) {
                lines.add(new Plot.Line(
                        "validation mAP, " + (level == 0 ? "1 level" : level + 1 + " levels"),
                        Ink.of(level),
                        thinned(points),
                        false));
            }
        });
        if (!lines.isEmpty()) {
            plots.add(plot("validation mAP", lines));
        }
        return plots;
    }

    private static JsonNode parse(final String line) {
        final ObjectMapper json = new ObjectMapper();
        try {
            final JsonNode node = json.readTree(line);
            return node == null ? json.createObjectNode() : node;
        } catch (JsonProcessingException e) {
            return json.createObjectNode();
        }
    }

    private static Plot plot(final String label, final List<Plot.Line> lines) {
        final double last = lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(Plot.Point::x)
                .max()
                .orElse(1);
        return new Plot(
                label, Plot.Axis.upTo("step", last), Plot.Axis.upTo("", ReportPlots.highest(lines, 1e-9)), lines);
    }

    /** Means of neighbours, so many that few enough are left. */
    private static List<Plot.Point> thinned(final List<Plot.Point> points) {
        final int share = (points.size() + MOST_POINTS - 1) / MOST_POINTS;
        final List<Plot.Point> thinned = new ArrayList<>();
        for (int from = 0; from < points.size(); from += share) {
            final List<Plot.Point> few = points.subList(from, Math.min(points.size(), from + share));
            thinned.add(new Plot.Point(
                    few.stream().mapToDouble(Plot.Point::x).average().orElseThrow(),
                    few.stream().mapToDouble(Plot.Point::y).average().orElseThrow()));
        }
        return thinned;
    }
}

package io.dpq.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The plots that a report's own figures make. Stateless. */
final class ReportPlots {
    private static final String[] STYLES = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};

    private ReportPlots() {}

    /** The class of the i-th colour; they come round again. */
    static String style(final int i) {
        return STYLES[i % STYLES.length];
    }

    /** mAP over code length: the model, what it is set against, and the bounds above and below. */
    static Plot quality(final Report report) {
        final List<Report.Level> levels = report.levels();
        final List<Plot.Line> lines = new ArrayList<>();
        if (levels.stream().allMatch(level -> level.randomMap() != null)) {
            lines.add(new Plot.Line(
                    "random codes on the same rows",
                    "random",
                    levels.stream()
                            .map(level -> new Plot.Point(level.bits(), Objects.requireNonNull(level.randomMap())))
                            .toList(),
                    false));
        }
        final Report.Embedding embedding = report.embedding();
        if (embedding != null) {
            lines.add(new Plot.Line(
                    "unquantized embeddings",
                    "exact",
                    levels.stream()
                            .map(level -> new Plot.Point(level.bits(), embedding.map()))
                            .toList(),
                    false));
        }
        int style = 1;
        if (levels.stream().allMatch(level -> level.symmetricMap() != null)) {
            lines.add(new Plot.Line(
                    "quantized queries (SQD)",
                    style(style++),
                    levels.stream()
                            .map(level -> new Plot.Point(level.bits(), Objects.requireNonNull(level.symmetricMap())))
                            .toList(),
                    false));
        }
        for (final String method : methods(report)) {
            lines.add(new Plot.Line(
                    method.toUpperCase(Locale.ROOT),
                    style(style++),
                    report.baselines().stream()
                            .filter(baseline -> baseline.method().equals(method))
                            .map(baseline -> new Plot.Point(baseline.bits(), baseline.map()))
                            .toList(),
                    false));
        }
        lines.add(new Plot.Line(
                "codes of the model",
                style(0),
                levels.stream()
                        .map(level -> new Plot.Point(level.bits(), level.map()))
                        .toList(),
                true));
        return new Plot(
                "mAP by code length",
                Plot.Axis.at(
                        "code length, bits",
                        levels.stream().map(Report.Level::bits).toList()),
                Plot.Axis.upTo("", highest(lines, 0.01)),
                lines);
    }

    /** The baselines' methods, each once. */
    static Set<String> methods(final Report report) {
        final Set<String> methods = new LinkedHashSet<>();
        report.baselines().forEach(baseline -> methods.add(baseline.method()));
        return methods;
    }

    /** mAP of the baselines: a row a code length, {@code null} where a method has none. */
    static List<Map<String, Object>> baselineRows(final Report report) {
        final List<Map<String, Object>> rows = new ArrayList<>();
        for (final Report.Level level : report.levels()) {
            final Map<String, Object> row = new LinkedHashMap<>();
            row.put("bits", level.bits());
            row.put("map", level.map());
            for (final Report.Baseline baseline : report.baselines()) {
                if (baseline.level() == level.level()) {
                    row.put(baseline.method(), baseline.map());
                }
            }
            rows.add(row);
        }
        return rows;
    }

    /** Precision within the first N rows. */
    static Plot precision(final Report report) {
        final List<Plot.Line> lines = new ArrayList<>();
        curves(report)
                .forEach((name, curves) -> lines.add(new Plot.Line(
                        name, lineStyle(name, lines.size()), points(report.curveRanks(), curves.precision()), false)));
        final List<Long> ranks = report.curveRanks();
        return new Plot(
                "precision within the first N rows",
                Plot.Axis.decades("first N rows", ranks.get(ranks.size() - 1)),
                Plot.Axis.upTo("", highest(lines, 0.01)),
                lines);
    }

    /** Precision over recall. */
    static Plot recall(final Report report) {
        final List<Plot.Line> lines = new ArrayList<>();
        curves(report).forEach((name, curves) -> {
            final List<Plot.Point> points = new ArrayList<>();
            for (int i = 0; i < Measures.RECALL_POINTS; i++) {
                points.add(new Plot.Point(
                        (double) i / (Measures.RECALL_POINTS - 1),
                        curves.precisionAtRecall().get(i)));
            }
            lines.add(new Plot.Line(name, lineStyle(name, lines.size()), points, false));
        });
        return new Plot(
                "precision by recall", Plot.Axis.upTo("recall", 1), Plot.Axis.upTo("", highest(lines, 0.01)), lines);
    }

    private static Map<String, Report.Curves> curves(final Report report) {
        final Map<String, Report.Curves> curves = new LinkedHashMap<>();
        report.levels().forEach(level -> curves.put(level.bits() + " bits", level.curves()));
        if (report.embedding() != null) {
            curves.put("unquantized", report.embedding().curves());
        }
        return curves;
    }

    private static String lineStyle(final String name, final int index) {
        return name.equals("unquantized") ? "exact" : style(index);
    }

    private static List<Plot.Point> points(final List<Long> x, final List<Double> y) {
        final List<Plot.Point> points = new ArrayList<>(x.size());
        for (int i = 0; i < x.size(); i++) {
            points.add(new Plot.Point(x.get(i), y.get(i)));
        }
        return points;
    }

    /** The largest value of all lines, but no less than {@code least}. */
    static double highest(final List<Plot.Line> lines, final double least) {
        return lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(Plot.Point::y)
                .reduce(least, Math::max);
    }
}

package io.dpq.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The plots that a report's own figures make. Stateless. */
final class ReportPlots {
    /** What embeddings are called beside code lengths. */
    static final String UNQUANTIZED = "unquantized";

    private ReportPlots() {}

    /** mAP over code length: the model, what it is set against, and the bounds above and below. */
    static Plot quality(final Report report) {
        final List<Report.Level> levels = report.levels();
        final List<Plot.Line> lines = new ArrayList<>();
        add(lines, "random codes on the same rows", Ink.RANDOM, levels, Report.Level::randomMap);
        final Report.Ranked embedding = report.embedding();
        if (embedding != null) {
            add(lines, "unquantized embeddings", Ink.EXACT, levels, level -> embedding.map());
        }
        int ink = 1;
        if (add(lines, "quantized queries (SQD)", Ink.of(ink), levels, Report.Level::symmetricMap)) {
            ink++;
        }
        for (final String method : methods(report)) {
            lines.add(new Plot.Line(
                    method.toUpperCase(Locale.ROOT),
                    Ink.of(ink++),
                    report.baselines().stream()
                            .filter(baseline -> baseline.method().equals(method))
                            .map(baseline -> new Plot.Point(baseline.level(), baseline.map()))
                            .toList(),
                    false));
        }
        lines.add(new Plot.Line(
                "codes of the model",
                Ink.of(0),
                levels.stream()
                        .map(level -> new Plot.Point(level.level(), level.map()))
                        .toList(),
                true));
        return new Plot(
                "mAP by code length",
                Plot.Axis.named(
                        "code length, bits",
                        levels.stream()
                                .map(level -> Integer.toString(level.bits()))
                                .toList()),
                Plot.Axis.upTo("", highest(lines, 0.01)).higher(),
                lines);
    }

    /** Adds a line where every level has a value; tells whether it did. */
    private static boolean add(
            final List<Plot.Line> lines,
            final String name,
            final Ink ink,
            final List<Report.Level> levels,
            final Function<Report.Level, @Nullable Double> value) {
        final List<Plot.Point> points = new ArrayList<>();
        for (final Report.Level level : levels) {
            final Double map = value.apply(level);
            if (map == null) {
                return false;
            }
            points.add(new Plot.Point(level.level(), map));
        }
        lines.add(new Plot.Line(name, ink, points, false));
        return true;
    }

    /** The baselines' methods, each once. */
    static Set<String> methods(final Report report) {
        final Set<String> methods = new LinkedHashSet<>();
        report.baselines().forEach(baseline -> methods.add(baseline.method()));
        return methods;
    }

    /** The headline: a row a code length with the mAP of every baseline and the change since an earlier report, where there are such. */
    static List<Map<String, Object>> headline(final Report report) {
        final List<Map<String, Object>> rows = new ArrayList<>();
        for (final Report.Level level : report.levels()) {
            final Map<String, Object> row = new LinkedHashMap<>();
            row.put("level", level);
            for (final Report.Baseline baseline : report.baselines()) {
                if (baseline.level() == level.level()) {
                    row.put(baseline.method(), baseline.map());
                }
            }
            if (report.comparison() != null) {
                report.comparison().levels().stream()
                        .filter(change -> change.level() == level.level())
                        .forEach(change -> row.put("change", change));
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
                        name, ink(name, lines.size()), points(report.curveRanks(), curves.precision()), false)));
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
            lines.add(new Plot.Line(name, ink(name, lines.size()), points, false));
        });
        return new Plot(
                "precision by recall", Plot.Axis.upTo("recall", 1), Plot.Axis.upTo("", highest(lines, 0.01)), lines);
    }

    private static Map<String, Report.Curves> curves(final Report report) {
        final Map<String, Report.Curves> curves = new LinkedHashMap<>();
        report.levels().forEach(level -> curves.put(level.bits() + " bits", level.curves()));
        if (report.embedding() != null) {
            curves.put(UNQUANTIZED, report.embedding().curves());
        }
        return curves;
    }

    private static Ink ink(final String name, final int index) {
        return name.equals(UNQUANTIZED) ? Ink.EXACT : Ink.of(index);
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

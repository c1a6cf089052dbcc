package io.dpq.eval;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The curve of mAP over code length as SVG that stands in the page itself: its colours are the page's, so that one drawing
 * serves light and dark. Stateless.
 */
final class CurvePlot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 340;
    private static final int LEFT = 60;
    private static final int RIGHT = 24;
    private static final int TOP = 32;
    private static final int BOTTOM = 64;
    private static final double[] STEPS = {0.01, 0.02, 0.05, 0.1, 0.2};
    private static final int MOST_LINES = 6;

    private CurvePlot() {}

    static String svg(final List<Report.Level> levels) {
        double highest = 0.01;
        for (final Report.Level level : levels) {
            highest = Math.max(highest, Math.max(level.map(), random(level)));
        }
        double step = STEPS[STEPS.length - 1];
        for (int i = STEPS.length - 1; i >= 0; i--) {
            step = highest / STEPS[i] <= MOST_LINES ? STEPS[i] : step;
        }
        final double top = step * Math.ceil(highest / step * 1.0001);
        final StringBuilder svg = new StringBuilder(4096);
        svg.append(
                format("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"mAP by code length\">%n", WIDTH, HEIGHT));
        grid(svg, step, top);
        axis(svg, levels);
        if (levels.stream().anyMatch(level -> level.randomMap() != null)) {
            curve(svg, levels, CurvePlot::random, top, "random");
        }
        curve(svg, levels, Report.Level::map, top, "map");
        return svg.append("</svg>").toString();
    }

    private static double random(final Report.Level level) {
        final Double random = level.randomMap();
        return random == null ? 0 : random;
    }

    private static void grid(final StringBuilder svg, final double step, final double top) {
        for (int i = 0; i * step <= top + step / 2; i++) {
            final double y = y(i * step, top);
            svg.append(format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                            + "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.2f</text>%n",
                    LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, i * step));
        }
    }

    private static void axis(final StringBuilder svg, final List<Report.Level> levels) {
        for (int i = 0; i < levels.size(); i++) {
            svg.append(format(
                    "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>%n",
                    x(i, levels.size()), HEIGHT - BOTTOM + 24, levels.get(i).bits()));
        }
        svg.append(format(
                "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">code length, bits</text>%n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8));
    }

    private static void curve(
            final StringBuilder svg,
            final List<Report.Level> levels,
            final ToDoubleFunction<Report.Level> value,
            final double top,
            final String style) {
        final StringBuilder points = new StringBuilder();
        final StringBuilder marks = new StringBuilder();
        for (int i = 0; i < levels.size(); i++) {
            final double x = x(i, levels.size());
            final double v = value.applyAsDouble(levels.get(i));
            final double y = y(v, top);
            points.append(format("%.1f,%.1f ", x, y));
            marks.append(format(
                    "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>"
                            + "<text class=\"value %s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3f</text>%n",
                    style, x, y, style, x, y - 11, v));
        }
        svg.append(format(
                        "<polyline class=\"%s\" points=\"%s\"/>%n",
                        style, points.toString().trim()))
                .append(marks);
    }

    private static double x(final int index, final int count) {
        final double inner = WIDTH - LEFT - RIGHT;
        return LEFT + inner * (index + 0.5) / count;
    }

    private static double y(final double value, final double top) {
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    }

    private static String format(final String pattern, final Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }
}

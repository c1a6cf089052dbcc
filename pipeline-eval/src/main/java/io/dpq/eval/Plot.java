package io.dpq.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * Line plots as SVG that stands in the page itself: lines take the page's colours by class, so that one drawing serves light
 * and dark. Drawn by hand, because the libraries looked at (XChart 4, JFreeChart 1.5) bake colours in, which would take every
 * plot twice, and write SVG through LGPL back ends, which this archive's licence does not go with. Immutable.
 *
 * @param label for those who cannot see it
 * @param x horizontal axis
 * @param y vertical axis
 * @param lines drawn in this order
 */
record Plot(String label, Axis x, Axis y, List<Line> lines) {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 340;
    private static final int LEFT = 64;
    private static final int RIGHT = 24;
    private static final int TOP = 32;
    private static final int BOTTOM = 64;
    private static final int MOST_TICKS = 6;

    /** Lines with more points get no marks. */
    private static final int MOST_MARKS = 24;

    /**
     * A line.
     *
     * @param name for the key
     * @param style class of its colour: c0 … c7, exact or random
     * @param points x rising, both finite
     * @param values whether values are written at its points
     */
    record Line(String name, String style, List<Point> points, boolean values) {}

    /** A point. */
    record Point(double x, double y) {}

    /**
     * An axis.
     *
     * @param label written at it; may be empty
     * @param from value at its beginning
     * @param to value at its end, above {@code from}
     * @param logarithmic whether steps are factors; {@code from} is positive then
     * @param ticks values marked
     * @param text how they are written
     */
    record Axis(
            String label,
            double from,
            double to,
            boolean logarithmic,
            List<Double> ticks,
            DoubleFunction<String> text) {
        /** From 0 to a round number that is not below {@code highest}. */
        static Axis upTo(final String label, final double highest) {
            final double reached = Math.max(highest, 1e-12);
            final double decade = Math.pow(10, Math.floor(Math.log10(reached)) - 1);
            double step = decade;
            for (final double factor : new double[] {2, 5, 10, 20, 50}) {
                step = reached / step > MOST_TICKS ? factor * decade : step;
            }
            final int count = (int) Math.ceil(reached / step * 0.9999);
            final int digits = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
            return new Axis(
                    label,
                    0,
                    count * step,
                    false,
                    multiples(step, count),
                    value -> String.format(Locale.ROOT, "%." + digits + "f", value));
        }

        private static List<Double> multiples(final double step, final int count) {
            final List<Double> ticks = new ArrayList<>();
            for (int i = 0; i <= count; i++) {
                ticks.add(i * step);
            }
            return ticks;
        }

        /** Marked at the given whole numbers, with room at both ends. */
        static Axis at(final String label, final List<Integer> values) {
            final double first = values.get(0);
            final double last = values.get(values.size() - 1);
            final double room = values.size() == 1 ? 1 : (last - first) / (values.size() - 1) / 2;
            return new Axis(
                    label,
                    first - room,
                    last + room,
                    false,
                    values.stream().map(Integer::doubleValue).toList(),
                    Axis::whole);
        }

        /** Marked at powers of ten from 1 on. */
        static Axis decades(final String label, final double to) {
            final List<Double> ticks = new ArrayList<>();
            for (double tick = 1; tick <= to; tick *= 10) {
                ticks.add(tick);
            }
            return new Axis(label, 1, Math.max(2, to), true, ticks, Axis::whole);
        }

        private static String whole(final double value) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }

        private double share(final double value) {
            return logarithmic ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
        }
    }

    /** The drawing. */
    String svg() {
        final StringBuilder svg = new StringBuilder(8192);
        svg.append(format("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n", WIDTH, HEIGHT, label));
        for (final double tick : y.ticks()) {
            svg.append(format(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                            + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>%n",
                    LEFT,
                    WIDTH - RIGHT,
                    top(tick),
                    top(tick),
                    LEFT - 8,
                    top(tick) + 4,
                    y.text().apply(tick)));
        }
        for (final double tick : x.ticks()) {
            svg.append(format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                    left(tick), HEIGHT - BOTTOM + 24, x.text().apply(tick)));
        }
        svg.append(format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>%n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x.label()));
        if (!y.label().isEmpty()) {
            svg.append(format("<text x=\"%d\" y=\"%d\">%s</text>%n", LEFT, TOP - 14, y.label()));
        }
        lines.forEach(line -> draw(svg, line));
        return svg.append("</svg>").toString();
    }

    private void draw(final StringBuilder svg, final Line line) {
        final StringBuilder points = new StringBuilder();
        final StringBuilder marks = new StringBuilder();
        for (final Point point : line.points()) {
            points.append(format("%.1f,%.1f ", left(point.x()), top(point.y())));
            if (line.points().size() <= MOST_MARKS) {
                marks.append(format(
                        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>%n",
                        line.style(), left(point.x()), top(point.y()), line.values() ? "4.5" : "3"));
            }
            if (line.values()) {
                marks.append(format(
                        "<text class=\"value %s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%.3f</text>%n",
                        line.style(), left(point.x()), top(point.y()) - 11, point.y()));
            }
        }
        svg.append(format(
                        "<polyline class=\"%s\" points=\"%s\"/>%n",
                        line.style(), points.toString().trim()))
                .append(marks);
    }

    private double left(final double value) {
        return LEFT + x.share(value) * (WIDTH - LEFT - RIGHT);
    }

    private double top(final double value) {
        return HEIGHT - BOTTOM - y.share(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static String format(final String pattern, final Object... arguments) {
        return String.format(Locale.ROOT, pattern, arguments);
    }
}

package io.dpq.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Circle;
import org.knowm.xchart.style.markers.None;

/**
 * Lines over an axis, or points of a plane, drawn by XChart as SVG for the report's page. Immutable.
 *
 * @param label for those who cannot see it
 * @param x horizontal axis
 * @param y vertical axis
 * @param lines drawn in this order
 */
record Plot(String label, Axis x, Axis y, List<Line> lines) {
    /** Wide screens, in pixels. */
    private static final int WIDE = 880;

    /** Half of a wide screen, for plots that stand side by side. */
    private static final int HALF = 430;

    /** A telephone. */
    private static final int NARROW = 330;

    private static final int HEIGHT = 290;

    /** Lines with more points get no marks. */
    private static final int MOST_MARKS = 24;

    private static final int TEXT_SIZE = 13;
    private static final int TICK_EVERY = 70;

    /**
     * A line.
     *
     * @param name for the key, unique among the lines
     * @param ink of it
     * @param points x rising, both finite; at least one
     * @param values whether values are written at its points
     */
    record Line(String name, Ink ink, List<Point> points, boolean values) {}

    /** A point. */
    record Point(double x, double y) {}

    /** How the places of an axis are meant. */
    enum Scale {
        /** As they are. */
        LINEAR,
        /** Steps are factors. */
        LOGARITHMIC,
        /** The places 1, 2, 3, … stand for names. */
        NAMES,
        /** Nothing is written at the axis. */
        BARE
    }

    /**
     * An axis.
     *
     * @param label written at it; may be empty
     * @param from value at its beginning
     * @param to value at its end, above {@code from}
     * @param scale of it
     * @param names of the places where it has such
     */
    record Axis(String label, double from, double to, Scale scale, List<String> names) {
        /** From 0 to {@code highest}, with a little room at both ends: what lies at the very end gets no mark. */
        static Axis upTo(final String label, final double highest) {
            final double reached = Math.max(highest, 1e-9);
            return new Axis(label, -0.02 * reached, 1.02 * reached, Scale.LINEAR, List.of());
        }

        /** With room above for what is written there. */
        Axis higher() {
            return new Axis(label, from, to + 0.15 * (to - from), scale, names);
        }

        /** The places 1, 2, 3, … with names. */
        static Axis named(final String label, final List<String> names) {
            // Equal steps from end to end, so that XChart marks every place.
            return new Axis(label, 0, names.size() + 1, Scale.NAMES, names);
        }

        /** From 1 by powers of ten. */
        static Axis decades(final String label, final double to) {
            return new Axis(label, 0.9, Math.max(2, to), Scale.LOGARITHMIC, List.of());
        }

        /** From here to there, without a word. */
        static Axis bare(final double from, final double to) {
            return new Axis("", from, to > from ? to : from + 1, Scale.BARE, List.of());
        }

        private String nameOf(final double place) {
            final int index = (int) Math.round(place);
            final boolean named = Math.abs(place - index) < 1e-6 && index >= 1 && index <= names.size();
            // XChart takes equal names of both ends for a format that tells nothing apart, and then writes none at all.
            return named ? names.get(index - 1) : place < 1 ? " " : "  ";
        }
    }

    /** The drawing for a wide screen; empty where this machine cannot draw. */
    String wide() {
        return svg(WIDE, HEIGHT + 30);
    }

    /** The drawing for half of a wide screen. */
    String half() {
        return svg(HALF, HEIGHT);
    }

    /** The drawing for a telephone. */
    String narrow() {
        return svg(NARROW, HEIGHT - 30);
    }

    /** A square drawing of points alone, of so many pixels. */
    String square(final int side) {
        return svg(side, side);
    }

    private String svg(final int width, final int height) {
        return SvgCanvas.draw(
                width, height, label, graphics -> chart(width, height).paint(graphics, width, height));
    }

    private XYChart chart(final int width, final int height) {
        final XYChart chart = new XYChart(width, height);
        style(chart.getStyler());
        if (x.scale() == Scale.NAMES) {
            chart.setCustomXAxisTickLabelsFormatter(x::nameOf);
        }
        chart.setXAxisTitle(x.label());
        chart.setYAxisTitle(y.label());
        for (final Line line : lines) {
            add(chart, line);
        }
        return chart;
    }

    private void style(final XYStyler style) {
        final Color nothing = new Color(0, 0, 0, 0);
        final Font font = new Font(Font.SANS_SERIF, Font.PLAIN, TEXT_SIZE);
        style.setDefaultSeriesRenderStyle(
                x.scale() == Scale.BARE ? XYSeries.XYSeriesRenderStyle.Scatter : XYSeries.XYSeriesRenderStyle.Line);
        style.setXAxisMin(x.from());
        style.setXAxisMax(x.to());
        style.setYAxisMin(y.from());
        style.setYAxisMax(y.to());
        style.setXAxisLogarithmic(x.scale() == Scale.LOGARITHMIC);
        style.setXAxisLogarithmicDecadeOnly(true);
        style.setXAxisTickMarkSpacingHint(TICK_EVERY);
        style.setAxisTicksVisible(x.scale() != Scale.BARE);
        style.setXAxisTitleVisible(!x.label().isEmpty());
        style.setYAxisTitleVisible(!y.label().isEmpty());
        style.setAxisTitleFont(font);
        style.setAxisTickLabelsFont(font);
        style.setAxisTickLabelsColor(Ink.SOFT.colour());
        style.setChartFontColor(Ink.SOFT.colour());
        style.setAxisTicksLineVisible(false);
        style.setAxisTicksMarksVisible(false);
        style.setPlotTicksMarksVisible(false);
        style.setPlotGridVerticalLinesVisible(false);
        style.setPlotGridHorizontalLinesVisible(x.scale() != Scale.BARE);
        style.setPlotGridLinesColor(Ink.LINE.colour());
        style.setPlotGridLinesStroke(new BasicStroke(1));
        style.setPlotBorderVisible(false);
        style.setPlotMargin(0);
        style.setPlotContentSize(x.scale() == Scale.BARE ? 0.94 : 1);
        style.setChartPadding(x.scale() == Scale.BARE ? 0 : 4);
        style.setChartBackgroundColor(nothing);
        style.setPlotBackgroundColor(nothing);
        style.setLegendVisible(false);
        style.setChartTitleVisible(false);
        style.setLocale(Locale.ROOT);
        style.setMarkerSize(7);
        style.setAnnotationTextFont(font.deriveFont(Font.BOLD));
        style.setAnnotationTextFontColor(Ink.C0.colour());
    }

    private void add(final XYChart chart, final Line line) {
        final XYSeries series = chart.addSeries(
                line.name(),
                line.points().stream().mapToDouble(Point::x).toArray(),
                line.points().stream().mapToDouble(Point::y).toArray());
        series.setLineColor(line.ink().colour());
        series.setLineStyle(stroke(line.ink()));
        series.setMarkerColor(line.ink().colour());
        final boolean marked =
                x.scale() == Scale.BARE || (line.points().size() <= MOST_MARKS && line.ink() != Ink.EXACT);
        series.setMarker(marked ? new Circle() : new None());
        if (line.values()) {
            for (final Point point : line.points()) {
                chart.addAnnotation(new AnnotationText(
                        String.format(Locale.ROOT, "%.3f", point.y()),
                        point.x(),
                        point.y() + 0.075 * (y.to() - y.from()),
                        false));
            }
        }
    }

    private static BasicStroke stroke(final Ink ink) {
        return switch (ink) {
            case EXACT -> dashed(8, 6);
            case RANDOM -> dashed(2, 6);
            default -> new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
        };
    }

    private static BasicStroke dashed(final float drawn, final float left) {
        return new BasicStroke(1.8f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND, 1, new float[] {drawn, left}, 0);
    }
}

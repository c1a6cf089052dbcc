package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Queries in the plane of their two principal axes: as they are, and as every prefix of their codes reconstructs them, in the
 * same plane and scale, coloured by label. Stateless.
 */
final class QueryMap {
    private static final int SIDE = 220;
    private static final int MOST_QUERIES = 400;
    private static final int COLOURS = 8;
    /** Longer embeddings take minutes to find the axes of. */
    private static final int MOST_DIMENSIONS = 1024;

    private QueryMap() {}

    /**
     * A picture.
     *
     * @param title of it
     * @param svg drawing
     */
    record Panel(String title, String svg) {}

    /**
     * The pictures.
     *
     * @param panels unquantized first, then by code length
     * @param labels with a colour of their own, in the order of the colours; others are grey
     */
    record Panels(List<Panel> panels, List<String> labels) {}

    /** Pictures of evenly chosen queries; none where there are fewer than three, or not 2 to 1024 dimensions. */
    static Panels of(final Codebooks codebooks, final List<Query> queries) {
        final int dimensions = codebooks.dimensions();
        if (queries.size() < 3 || dimensions < 2 || dimensions > MOST_DIMENSIONS) {
            return new Panels(List.of(), List.of());
        }
        final int count = Math.min(MOST_QUERIES, queries.size());
        final float[] vectors = new float[count * dimensions];
        final List<String> labelOf = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            final Query query = queries.get((int) ((long) i * queries.size() / count));
            System.arraycopy(query.embedding(), 0, vectors, i * dimensions, dimensions);
            labelOf.add(query.labels().isEmpty() ? "" : query.labels().get(0));
        }
        final List<String> labels = frequent(labelOf);
        final PrincipalAxes axes = PrincipalAxes.of(vectors, count, dimensions);
        final short[] codes = new short[count * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(vectors, count, codes);
        final double[] frame = frame(axes, vectors, count, dimensions);
        final List<Panel> panels = new ArrayList<>();
        panels.add(new Panel(
                ReportPlots.UNQUANTIZED, draw(ReportPlots.UNQUANTIZED, axes, vectors, labelOf, labels, frame)));
        for (int level = 1; level <= codebooks.levels(); level++) {
            final String title = codebooks.bits(level) + " bits";
            final float[] decoded = Reconstruction.decode(codebooks, codes, count, level);
            panels.add(new Panel(title, draw(title, axes, decoded, labelOf, labels, frame)));
        }
        return new Panels(panels, labels);
    }

    private static List<String> frequent(final List<String> labelOf) {
        final Map<String, Integer> counts = new HashMap<>();
        labelOf.stream().filter(label -> !label.isEmpty()).forEach(label -> counts.merge(label, 1, Integer::sum));
        return counts.keySet().stream()
                .sorted(Comparator.comparingInt((String label) -> -counts.getOrDefault(label, 0))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(COLOURS)
                .sorted()
                .toList();
    }

    /** Least and largest place on both axes. */
    private static double[] frame(
            final PrincipalAxes axes, final float[] vectors, final int count, final int dimensions) {
        final double[] frame = {
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
        };
        for (int i = 0; i < count; i++) {
            for (int axis = 0; axis < 2; axis++) {
                final double place = axes.project(vectors, i * dimensions, axis);
                frame[2 * axis] = Math.min(frame[2 * axis], place);
                frame[2 * axis + 1] = Math.max(frame[2 * axis + 1], place);
            }
        }
        return frame;
    }

    private static String draw(
            final String title,
            final PrincipalAxes axes,
            final float[] vectors,
            final List<String> labelOf,
            final List<String> labels,
            final double[] frame) {
        // Grey ones first, so that they lie below.
        final Map<Integer, List<Plot.Point>> points = new TreeMap<>();
        final int dimensions = vectors.length / labelOf.size();
        for (int i = 0; i < labelOf.size(); i++) {
            points.computeIfAbsent(labels.indexOf(labelOf.get(i)), label -> new ArrayList<>())
                    .add(new Plot.Point(
                            within(axes.project(vectors, i * dimensions, 0), frame[0], frame[1]),
                            within(axes.project(vectors, i * dimensions, 1), frame[2], frame[3])));
        }
        final List<Plot.Line> lines = new ArrayList<>();
        points.forEach((label, some) ->
                lines.add(new Plot.Line("label " + label, label < 0 ? Ink.RANDOM : Ink.of(label), some, false)));
        return new Plot(
                        "queries, " + title,
                        Plot.Axis.bare(frame[0], frame[1]),
                        Plot.Axis.bare(frame[2], frame[3]),
                        lines)
                .square(SIDE);
    }

    /** A reconstruction may lie outside what the vectors themselves span. */
    private static double within(final double value, final double from, final double to) {
        return Math.max(from, Math.min(to, value));
    }
}

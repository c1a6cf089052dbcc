package io.dpq.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Figures label by label. Stateless. */
final class LabelTable {
    private LabelTable() {}

    /** The mean of the queries of each label; a query counts for each of its labels. */
    static List<Report.LabelFigures> of(final List<QueryLines.Line> lines) {
        final Map<String, List<QueryLines.Line>> byLabel = new TreeMap<>();
        for (final QueryLines.Line line : lines) {
            line.labels().stream()
                    .distinct()
                    .forEach(label -> byLabel.computeIfAbsent(label, l -> new ArrayList<>())
                            .add(line));
        }
        final List<Report.LabelFigures> table = new ArrayList<>();
        byLabel.forEach((label, queries) -> table.add(new Report.LabelFigures(label, queries.size(), means(queries))));
        return table;
    }

    private static List<Double> means(final List<QueryLines.Line> queries) {
        final int levels = queries.get(0).ap().size();
        final List<Double> means = new ArrayList<>(levels);
        for (int level = 0; level < levels; level++) {
            double sum = 0;
            for (final QueryLines.Line line : queries) {
                sum += line.ap().get(level);
            }
            means.add(sum / queries.size());
        }
        return means;
    }
}

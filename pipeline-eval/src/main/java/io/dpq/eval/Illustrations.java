package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the page shows beside the report's figures.
 *
 * @param training plots of how the model was trained
 * @param queries in the plane
 * @param found what some queries find
 */
record Illustrations(List<Plot> training, QueryMap.Panels queries, List<Found> found) {
    private static final Logger LOG = LoggerFactory.getLogger(Illustrations.class);

    /** None. */
    static final Illustrations NONE =
            new Illustrations(List.of(), new QueryMap.Panels(List.of(), List.of()), List.of());

    /**
     * What a query finds.
     *
     * @param query the query itself
     * @param levels its first rows by codes of each length
     */
    record Found(Picture query, List<List<Picture>> levels) {}

    /**
     * A picture.
     *
     * @param id of the image
     * @param jpeg in Base64; null where there is no picture of it
     * @param hit whether it shares a label with the query
     */
    record Picture(String id, @Nullable String jpeg, boolean hit) {}

    /** A part of the page that is no figure: figures that took hours must not be lost for it. */
    static <T> T orNone(final String what, final Supplier<T> part, final T none) {
        try {
            return part.get();
        } catch (Exception e) {
            // Spark throws what it does not declare.
            LOG.warn("The report goes without {}", what, e);
            return none;
        }
    }

    /** What queries find, in pictures; nothing where none are asked for or no lake of the database is configured. */
    static List<Found> found(
            final SparkSession spark,
            final Settings settings,
            final Codebooks codebooks,
            final Dataset<Row> codes,
            final List<Query> queries,
            final long[] relevantRows) {
        if (settings.thumbnails() == 0 || settings.images().isEmpty()) {
            return List.of();
        }
        final List<Query> shown = chosen(queries, relevantRows, settings.thumbnails());
        final List<List<List<Findings.Hit>>> findings =
                new Findings(codebooks, settings.score(), settings.excludeSelf()).of(spark, codes, shown);
        final Set<String> rows = new HashSet<>();
        findings.forEach(levels -> levels.forEach(hits -> hits.forEach(hit -> rows.add(hit.id()))));
        final Set<String> asked = new HashSet<>();
        shown.forEach(query -> asked.add(query.id()));
        final Map<String, String> pictures =
                Thumbnails.of(spark, settings.images().get(), settings.modelPath(), rows);
        // Rows of a code table have their pictures where the table has them from.
        final Map<String, String> askedPictures = Thumbnails.of(
                spark,
                settings.querySource() == QuerySource.LAKE
                        ? settings.queries()
                        : settings.images().get(),
                settings.modelPath(),
                asked);
        if (pictures.isEmpty()) {
            return List.of();
        }
        final List<Found> found = new ArrayList<>();
        for (int i = 0; i < shown.size(); i++) {
            final Query query = shown.get(i);
            found.add(new Found(
                    new Picture(query.id(), askedPictures.get(query.id()), true),
                    findings.get(i).stream()
                            .map(hits -> pictures(hits, query, pictures))
                            .toList()));
        }
        return found;
    }

    /** Queries with something to find, evenly from all. */
    private static List<Query> chosen(final List<Query> queries, final long[] relevantRows, final int wanted) {
        final List<Query> able = new ArrayList<>();
        for (int i = 0; i < queries.size(); i++) {
            if (relevantRows[i] > 0) {
                able.add(queries.get(i));
            }
        }
        final int count = Math.min(wanted, able.size());
        final List<Query> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add(able.get((int) ((2L * i + 1) * able.size() / (2L * count))));
        }
        return chosen;
    }

    private static List<Picture> pictures(
            final List<Findings.Hit> hits, final Query query, final Map<String, String> pictures) {
        return hits.stream()
                .map(hit -> new Picture(hit.id(), pictures.get(hit.id()), hit.sharesLabelWith(query)))
                .toList();
    }
}

package io.dpq.eval;

import io.dpq.ranking.Ties;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code report.json} holds, field by field. The schema only grows within a format version.
 *
 * @param formatVersion of this file
 * @param kind always {@code dpq-evaluation}
 * @param createdAt ISO-8601 instant
 * @param model that was evaluated
 * @param codes the database
 * @param queries that were asked
 * @param conventions that the figures follow
 * @param levels one entry a code length, shortest first
 * @param seconds spent, by step
 * @param versions of the software
 * @param config the resolved configuration, secrets starred out
 */
record Report(
        int formatVersion,
        String kind,
        String createdAt,
        Model model,
        Codes codes,
        Queries queries,
        Conventions conventions,
        List<Level> levels,
        Map<String, Double> seconds,
        Map<String, String> versions,
        Map<String, Object> config) {
    static final int VERSION = 1;
    static final String KIND = "dpq-evaluation";

    /**
     * The model.
     *
     * @param id SHA-256 over its files
     * @param path of its directory
     * @param backbone kind of backbone
     * @param dimensions D
     * @param levels L
     * @param codewords K
     */
    record Model(String id, String path, String backbone, int dimensions, int levels, int codewords) {}

    /**
     * The database.
     *
     * @param path of the code table
     * @param runs ids of the runs read
     * @param rows in them
     */
    record Codes(String path, List<String> runs, long rows) {}

    /**
     * The queries.
     *
     * @param path of the lake
     * @param count queries that the means are over
     * @param undecodable images left out because they cannot be decoded
     * @param unlabelled queries without any label, counted as empty
     * @param empty queries without any relevant row in the database; each counts as 0
     * @param relevantPairs pairs of a query and a relevant row
     */
    record Queries(String path, int count, long undecodable, long unlabelled, long empty, long relevantPairs) {}

    /**
     * The conventions.
     *
     * @param metric what is averaged and what it is divided by
     * @param r rank that average precision is cut at
     * @param wholeDatabase whether {@code r} is the number of rows, "mAP over all"
     * @param ties {@code expected} or {@code id}
     * @param tieRule in words
     * @param relevance in words
     * @param emptyQueries in words
     * @param score in words
     */
    record Conventions(
            String metric,
            long r,
            boolean wholeDatabase,
            String ties,
            String tieRule,
            String relevance,
            String emptyQueries,
            String score) {
        static Conventions of(final long r, final boolean wholeDatabase, final Ties ties) {
            return new Conventions(
                    "mAP@R: the mean over all queries of AP@R, the sum of the precision at the rank of every relevant row"
                            + " within the top R, divided by the number of relevant rows within the top R.",
                    r,
                    wholeDatabase,
                    io.dpq.config.DpqConfig.kebab(ties),
                    switch (ties) {
                        case EXPECTED ->
                            "Rows of equal score count in every order, equally likely: the value is the expectation"
                                    + " (McSherry and Najork 2008), exact also where R cuts a group of equal scores.";
                        case ID -> "Rows of equal score rank by their id, compared as UTF-8 bytes.";
                    },
                    "A row is relevant where it shares at least one label with the query.",
                    "A query without relevant rows within the top R counts as 0.",
                    "Asymmetric inner product: the real query against the sum of the item's codewords of the first levels;"
                            + " table entries are rounded to float once and summed in double, level by level. Scores tie"
                            + " where these sums are equal.");
        }
    }

    /**
     * Figures of one code length.
     *
     * @param level levels used, counted from 1
     * @param bits of a code
     * @param map mean average precision
     * @param randomMap the same for random codes of that length on the same rows; null where not asked for
     * @param quantizationError mean squared L2 distance of the queries to their reconstruction
     * @param relativeQuantizationError the same divided by the mean squared length of the queries
     * @param deadCodewords of this level, used by no row of the database
     * @param entropyBits of this level's codes in the database; log2 K where all are used alike
     */
    record Level(
            int level,
            int bits,
            double map,
            @Nullable Double randomMap,
            double quantizationError,
            double relativeQuantizationError,
            int deadCodewords,
            double entropyBits) {}
}

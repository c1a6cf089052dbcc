package io.dpq.eval;

import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code report.json} holds, field by field. The schema only grows within a format version; {@code report.schema.json}
 * among the resources says the same to programs, and tests hold every report to it.
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
 * @param curveRanks the N of every precision and recall in {@link Curves}
 * @param embedding the unquantized embeddings, ranked exactly: what codes would reach that lose nothing; null where the table
 *     has none
 * @param baselines other quantizers on the same embeddings, method by method, shortest code first
 * @param classes mAP of the queries of each label, in the order of the labels; a query counts for each of its labels
 * @param comparison with an earlier report; null where none was named
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
        Map<String, Object> config,
        List<Long> curveRanks,
        @Nullable Ranked embedding,
        List<Baseline> baselines,
        List<LabelFigures> classes,
        @Nullable Comparison comparison) {
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
     * @param otherMetrics NDCG, precision and recall in words
     * @param excludedSelves rows left out of the ranking of the query that they are
     */
    record Conventions(
            String metric,
            long r,
            boolean wholeDatabase,
            String ties,
            String tieRule,
            String relevance,
            String emptyQueries,
            String score,
            String otherMetrics,
            int excludedSelves) {
        static Conventions of(
                final long r,
                final boolean wholeDatabase,
                final Ties ties,
                final Score score,
                final int excludedSelves) {
            return new Conventions(
                    "mAP@R: the mean over all queries of AP@R, the sum of the precision at the rank of every relevant"
                            + " row within the top R, divided by the number of relevant rows within the top R.",
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
                    switch (score) {
                                case INNER_PRODUCT -> "Asymmetric inner product: the real query against";
                                case L2 -> "Asymmetric squared L2 distance of the real query to";
                                case COSINE -> "Asymmetric cosine of the real query and";
                            }
                            + " the sum of the item's codewords of the first levels; table entries are rounded to float"
                            + " once and summed in double, level by level. Scores tie where these sums are equal.",
                    "NDCG@R: gain is the number of labels shared, discount 1 / log2(rank + 1). Precision at a recall"
                        + " is that at the rank where this share of all relevant rows is found, not interpolated, 0"
                        + " where that is beyond R. All are expectations under the same rule for ties, and means over"
                        + " all queries.",
                    excludedSelves);
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
     * @param ndcg mean NDCG@R
     * @param symmetricMap mean average precision where the query is quantized as well; null where not asked for
     * @param curves precision and recall
     * @param symmetric all figures where the query is quantized as well (SQD); null where not asked for
     */
    record Level(
            int level,
            int bits,
            double map,
            @Nullable Double randomMap,
            double quantizationError,
            double relativeQuantizationError,
            int deadCodewords,
            double entropyBits,
            double ndcg,
            @Nullable Double symmetricMap,
            Curves curves,
            @Nullable Ranked symmetric) {}

    /**
     * Means over all queries.
     *
     * @param precision within the first N rows, at {@code curveRanks}
     * @param recall within the first N rows, at {@code curveRanks}
     * @param precisionAtRecall at a recall of 0 (the first relevant row), 0.1, … 1
     */
    record Curves(List<Double> precision, List<Double> recall, List<Double> precisionAtRecall) {
        static Curves of(final Measures measures, final double[] means) {
            return new Curves(measures.precision(means), measures.recall(means), measures.precisionAtRecall(means));
        }
    }

    /**
     * Figures of a ranking.
     *
     * @param map mean average precision
     * @param ndcg mean NDCG@R
     * @param curves precision and recall
     */
    record Ranked(double map, double ndcg, Curves curves) {
        static Ranked of(final Measures measures, final Figures figures, final int ranking) {
            final double[] means = figures.means()[ranking];
            return new Ranked(figures.map(ranking), Measures.ndcg(means), Curves.of(measures, means));
        }
    }

    /**
     * Another quantizer at one code length.
     *
     * @param method {@code pq}, {@code opq}, {@code rq} or {@code itq}
     * @param level levels of the model that take as many bits
     * @param bits of a code
     * @param map mean average precision
     * @param ndcg mean NDCG@R
     * @param relativeQuantizationError mean squared L2 distance of the sample it learnt from to its reconstruction, divided
     *     by the mean squared length; null for binary codes, which reconstruct nothing
     */
    record Baseline(
            String method,
            int level,
            int bits,
            double map,
            double ndcg,
            @Nullable Double relativeQuantizationError) {}

    /**
     * Queries of one label.
     *
     * @param label they have
     * @param queries how many
     * @param map mean average precision at each code length
     */
    record LabelFigures(String label, int queries, List<Double> map) {}

    /**
     * How figures changed since an earlier report.
     *
     * @param path of that report
     * @param createdAt when it was made
     * @param modelId of the model it is about
     * @param queries that both reports have, which the differences are over
     * @param unmatched queries that only one of the two has
     * @param caveats what differs besides the model, in words
     * @param resamples of the bootstrap
     * @param levels differences at each code length that both have
     * @param maxDrop most that mAP of the last level may fall; null where it may fall at will
     * @param passed whether it did not fall by more
     */
    record Comparison(
            String path,
            String createdAt,
            String modelId,
            int queries,
            int unmatched,
            List<String> caveats,
            int resamples,
            List<Change> levels,
            @Nullable Double maxDrop,
            boolean passed) {}

    /**
     * A change at one code length.
     *
     * @param level levels used, counted from 1
     * @param bits of a code
     * @param before mAP in the earlier report, over the shared queries
     * @param after mAP in this one, over the shared queries
     * @param difference after − before
     * @param low end of the 95 % interval of the difference
     * @param high end of the 95 % interval of the difference
     */
    record Change(int level, int bits, double before, double after, double difference, double low, double high) {}
}

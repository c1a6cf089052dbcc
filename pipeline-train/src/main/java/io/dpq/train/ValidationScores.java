package io.dpq.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How well queries find what is relevant to them: mean average precision over the whole database, ties in expectation over
 * their orders, queries real and items quantized, by inner product, as the evaluation has it.
 *
 * @param embedding of the items' own embeddings, 0…1
 * @param levels of the items' codes by the first 1…L levels; empty where there are no codebooks yet
 * @param queries asked
 * @param database items ranked
 * @param fingerprint of queries and database: figures of equal fingerprints can be compared
 */
record ValidationScores(double embedding, List<Double> levels, int queries, int database, String fingerprint) {
    /** By the whole code, 0 where there are no codes. */
    double last() {
        return levels.isEmpty() ? 0 : levels.get(levels.size() - 1);
    }

    /** In words, for a person. */
    String words() {
        final StringBuilder words = new StringBuilder(String.format(Locale.ROOT, "mAP %.4f by embeddings", embedding));
        for (int level = 0; level < levels.size(); level++) {
            words.append(String.format(Locale.ROOT, level == 0 ? ", %.4f" : " %.4f", levels.get(level)));
        }
        return words.append(levels.isEmpty() ? "" : " by levels").toString();
    }

    /** For the manifest and the log. */
    Map<String, Object> fields() {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("embedding", embedding);
        fields.put("levels", levels);
        fields.put("queries", queries);
        fields.put("database", database);
        fields.put("fingerprint", fingerprint);
        return fields;
    }
}

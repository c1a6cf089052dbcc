package io.dpq.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code queries.jsonl}: what every query scored, one JSON object a line, in the order of the ids. Stateless. */
final class QueryLines {
    private static final ObjectMapper JSON = new ObjectMapper();

    private QueryLines() {}

    /**
     * A line.
     *
     * @param id of the query
     * @param labels of the query
     * @param relevantRows rows of the database that share one
     * @param ap average precision at each code length
     */
    record Line(String id, List<String> labels, long relevantRows, List<Double> ap) {}

    /** The lines of queries. */
    static List<Line> of(final List<Query> queries, final double[][] precisions, final long[] relevantRows) {
        final List<Line> lines = new ArrayList<>(queries.size());
        for (int i = 0; i < queries.size(); i++) {
            final List<Double> ap = new ArrayList<>(precisions.length);
            for (final double[] level : precisions) {
                ap.add(level[i]);
            }
            lines.add(new Line(queries.get(i).id(), queries.get(i).labels(), relevantRows[i], ap));
        }
        return lines;
    }

    static byte[] write(final List<Line> lines) {
        final StringBuilder text = new StringBuilder();
        try {
            for (final Line line : lines) {
                text.append(JSON.writeValueAsString(line)).append('\n');
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** AP by id. */
    static Map<String, List<Double>> readPrecisions(final byte[] content) throws JsonProcessingException {
        final Map<String, List<Double>> precisions = new LinkedHashMap<>();
        for (final String line :
                new String(content, StandardCharsets.UTF_8).lines().toList()) {
            final JsonNode node = JSON.readTree(line);
            final List<Double> ap = new ArrayList<>();
            node.path("ap").forEach(value -> ap.add(value.asDouble()));
            precisions.put(node.path("id").asText(), ap);
        }
        return precisions;
    }
}

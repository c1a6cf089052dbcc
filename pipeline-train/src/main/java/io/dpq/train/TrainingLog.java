package io.dpq.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code training.jsonl}: a JSON object a round and a validation, in the order of time. Its numbers are those of the training
 * itself, so that equal trainings have equal logs but for the fields of speed and time. For one thread.
 */
final class TrainingLog {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> lines = new ArrayList<>();

    /** An empty log. */
    TrainingLog() {}

    /** The log that a checkpoint kept. */
    static TrainingLog restore(final byte[] content) {
        final TrainingLog log = new TrainingLog();
        new String(content, StandardCharsets.UTF_8).lines().forEach(log.lines::add);
        return log;
    }

    /**
     * Adds a round.
     *
     * @param step batches each worker has taken with it
     * @param epoch from 1
     * @param round of the epoch, from 1
     * @param terms of the loss by name, empty where they were not measured
     * @param images that all workers took
     * @param seconds that it took
     */
    void round(
            final int step,
            final int epoch,
            final int round,
            final String stage,
            final double loss,
            final Map<String, Double> terms,
            final double learningRate,
            final long images,
            final double seconds) {
        final Map<String, Object> fields = begin("round", step, epoch, stage);
        fields.put("round", round);
        fields.put("loss", loss);
        fields.putAll(terms);
        fields.put("learningRate", learningRate);
        fields.put("imagesPerSecond", images / Math.max(1e-9, seconds));
        fields.put("seconds", seconds);
        add(fields);
    }

    /** Adds a validation after an epoch, counted from 1. */
    void validation(
            final int step, final int epoch, final String stage, final ValidationScores scores, final double seconds) {
        final Map<String, Object> fields = begin("validation", step, epoch, stage);
        fields.putAll(scores.fields());
        fields.put("seconds", seconds);
        add(fields);
    }

    private static Map<String, Object> begin(final String type, final int step, final int epoch, final String stage) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("type", type);
        fields.put("step", step);
        fields.put("epoch", epoch);
        fields.put("stage", stage);
        return fields;
    }

    private void add(final Map<String, Object> fields) {
        try {
            lines.add(JSON.writeValueAsString(fields));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Numbers and texts always have a JSON form.", e);
        }
    }

    /** The file's content. */
    byte[] bytes() {
        return String.join("", lines.stream().map(line -> line + "\n").toList()).getBytes(StandardCharsets.UTF_8);
    }
}

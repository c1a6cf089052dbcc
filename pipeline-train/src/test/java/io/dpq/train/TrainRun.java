package io.dpq.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.job.JobMain;
import io.dpq.model.ModelDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** The training job as a user runs it, on a lake of {@link TinyLake}. */
final class TrainRun {
    /** Fields of the log that tell of time and speed. */
    private static final List<String> TIMES = List.of("seconds", "imagesPerSecond");

    /** What a run left behind. */
    record Result(int code, String out, String err) {}

    private TrainRun() {}

    /** Four epochs of three rounds on 24 images. */
    static List<String> arguments(final Path lake, final Path model, final String... more) {
        final List<String> defaults = List.of(
                "seed=11",
                "model.path=" + model,
                "train.lake.path=" + lake,
                "image.resize=16",
                "image.crop=12",
                "image.deviation=[64,64,64]",
                "backbone.kind=simple-cnn",
                "backbone.width=4",
                "backbone.dropout=0.2",
                "embedding.dimensions=6",
                "quantization.levels=2",
                "quantization.codewords=4",
                "train.epochs=4",
                "train.semantic-epochs=2",
                "train.batch-size=4",
                "train.averaging-frequency=2",
                "train.optimizer.learning-rate=0.01",
                "resources.master=\"local[2]\"",
                "resources.tasks-per-executor=2",
                "resources.driver-heap=1GiB",
                "resources.executor-heap=1GiB");
        final List<String> arguments = new ArrayList<>();
        Stream.concat(defaults.stream(), Stream.of(more))
                .forEach(set -> arguments.addAll(set.startsWith("--") ? List.of(set) : List.of("--set", set)));
        return arguments;
    }

    static Result run(final List<String> arguments) {
        return run(arguments, "never printed");
    }

    /** A run that breaks down when it prints a line that holds the given pattern. */
    static Result run(final List<String> arguments, final String breakdown) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final PrintStream breaking = new PrintStream(out, true, StandardCharsets.UTF_8) {
            @Override
            public void println(final String line) {
                super.println(line);
                if (line.matches(".*" + breakdown + ".*")) {
                    throw new IllegalStateException("broken down");
                }
            }
        };
        final int code = JobMain.run(new TrainJob(), arguments, breaking, print(err));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static PrintStream print(final OutputStream out) {
        return new PrintStream(out, true, StandardCharsets.UTF_8);
    }

    static ModelDirectory model(final Path model) {
        return ModelDirectory.open(model.toString(), new Configuration());
    }

    /** A log without its times, which are no part of what is reproduced. */
    static List<Map<String, Object>> log(final Path file) throws IOException {
        final List<Map<String, Object>> lines = new ArrayList<>();
        for (final String line : Files.readAllLines(file)) {
            @SuppressWarnings("unchecked")
            final Map<String, Object> fields = new ObjectMapper().readValue(line, Map.class);
            TIMES.forEach(fields::remove);
            lines.add(fields);
        }
        return lines;
    }
}

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.job.JobMain;
import io.dpq.model.ModelDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trainings on backbones from files, as a user runs them: real Spark, real files. */
class BackboneFileTest {
    private static final int SIDE = 19;

    @TempDir
    private static Path shared;

    private static Path lake;

    @TempDir
    private Path directory;

    private record Result(int code, String out, String err) {}

    @BeforeAll
    static void lake() throws IOException {
        lake = shared.resolve("lake");
        TinyLake.write(lake, 8);
    }

    private Path model() {
        return directory.resolve("model");
    }

    private Result train(final String... sets) {
        final List<String> args = new ArrayList<>();
        Stream.concat(
                        Stream.of(
                                "seed=11",
                                "model.path=" + model(),
                                "train.lake.path=" + lake,
                                "image.resize=" + SIDE,
                                "image.crop=" + SIDE,
                                "image.deviation=[64,64,64]",
                                "backbone.kind=simple-cnn",
                                "backbone.width=4",
                                "backbone.dropout=0",
                                "embedding.dimensions=6",
                                "quantization.levels=2",
                                "quantization.codewords=4",
                                "train.epochs=6",
                                "train.semantic-epochs=4",
                                "train.workers=2",
                                "train.batch-size=4",
                                "train.averaging-frequency=2",
                                "train.optimizer.learning-rate=0.01",
                                "train.augmentation.crop=false",
                                "train.augmentation.flip=false",
                                "resources.master=\"local[2]\"",
                                "resources.tasks-per-executor=2",
                                "resources.driver-heap=1GiB",
                                "resources.executor-heap=1GiB"),
                        Stream.of(sets))
                .forEach(set -> args.addAll(List.of("--set", set)));
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final int code = JobMain.run(
                new TrainJob(),
                args,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private ModelDirectory published() {
        return ModelDirectory.open(model().toString(), new Configuration());
    }

    private double metric(final String name) {
        return ((Number) Objects.requireNonNull(published().manifest().metrics().get(name))).doubleValue();
    }

    private static String resource(final Path folder, final String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(BackboneFileTest.class.getResourceAsStream("/io/dpq/network/keras/" + name))) {
            final Path file = folder.resolve(name);
            Files.write(file, in.readAllBytes());
            return file.toString();
        }
    }

    @Test
    void aKerasModelBecomesTheBackbone() throws IOException {
        final Result result = train(
                "backbone.kind=keras",
                "backbone.weights=" + resource(directory, "sequential.h5"),
                "backbone.feature-layer=pool",
                "backbone.frozen-up-to=first",
                // Four random features, one of them dead for most colours: they need more steps than a backbone that
                // learns.
                "backbone.normalise-features=false",
                "train.optimizer.learning-rate=0.03",
                "train.epochs=40",
                "train.semantic-epochs=36",
                "train.workers=1",
                "train.batch-size=8");

        assertThat(result.err).isEmpty();
        assertThat(metric("exportParity")).isLessThan(1e-4);
        assertThat(metric("trainingAccuracy")).isGreaterThan(0.9);
        assertThat(published().manifest().backbone()).isEqualTo("keras");
    }

    @Test
    void aModelOfOursBecomesTheBackboneOfAnother() {
        assertThat(train().err).isEmpty();
        final Path network = directory.resolve("network.zip");
        assertThat(model().resolve("network.zip").toFile().renameTo(network.toFile()))
                .isTrue();
        assertThat(model().resolve("manifest.json").toFile().delete()).isTrue();
        assertThat(directory
                        .resolve("model")
                        .toFile()
                        .renameTo(directory.resolve("other").toFile()))
                .isTrue();

        final Result result =
                train("backbone.kind=dl4j", "backbone.weights=" + network, "backbone.feature-layer=features");

        assertThat(result.err).isEmpty();
        assertThat(published().manifest().backbone()).isEqualTo("dl4j");
        assertThat(metric("exportParity")).isLessThan(1e-4);
        assertThat(metric("trainingAccuracy")).isGreaterThan(0.9);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        backbone.kind=keras                  | point backbone.weights to the file
        backbone.feature-layer=conv1         | backbone.feature-layer is for backbones from files
        """)
    void aMistakeIsOneSentence(final String set, final String sentence) {
        final Result result = train(set);
        assertThat(result.err).contains(sentence).startsWith("dpq: ").hasLineCount(1);
        assertThat(result.code).isEqualTo(1);
    }
}

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is measured while training, and what comes of it. */
class ValidationTest {
    @TempDir
    private static Path shared;

    private static Path lake;

    @TempDir
    private Path directory;

    @BeforeAll
    static void lake() throws IOException {
        lake = shared.resolve("lake");
        TinyLake.write(lake, 10);
    }

    private static Map<String, Object> metrics(final Path model) {
        return TrainRun.model(model).manifest().metrics();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> validation(final Path model) {
        return (Map<String, Object>) metrics(model).get("validation");
    }

    private static List<Map<String, Object>> validations(final Path model) throws IOException {
        return TrainRun.log(model.resolve(ModelDirectory.TRAINING_LOG)).stream()
                .filter(line -> line.get("type").equals("validation"))
                .toList();
    }

    @Test
    void imagesWithoutALabelFalsifyNoFigure() throws IOException {
        final Path mixed = directory.resolve("mixed");
        TinyLake.write(mixed, 10);
        for (int copy = 0; copy < 20; copy++) {
            // Directly below the root, hence without a label.
            Files.copy(mixed.resolve("red/image" + copy % 10 + ".png"), mixed.resolve("nameless" + copy + ".png"));
        }
        final Path model = directory.resolve("model");
        final TrainRun.Result result =
                TrainRun.run(TrainRun.arguments(mixed, model, "train.epochs=12", "train.validation.fraction=0.3"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("35 images of 3 classes, 15 of them without a label");
        assertThat((double) metrics(model).get("trainingAccuracy")).isGreaterThan(0.9);
        // Of the 15 that were held out.
        assertThat(validation(model)).containsEntry("queries", 10);
        assertThat((double) validation(model).get("embedding")).isGreaterThan(0.6);
    }

    @Test
    void everyRoundAndValidationIsALineOfTheLog() throws IOException {
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(
                TrainRun.arguments(lake, model, "train.validation.fraction=0.2", "train.validation.every-epochs=2"));
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("images to validate on").contains("validation after epoch 4: mAP ");

        final List<Map<String, Object>> lines = TrainRun.log(model.resolve(ModelDirectory.TRAINING_LOG));
        final List<Map<String, Object>> rounds =
                lines.stream().filter(line -> line.get("type").equals("round")).toList();
        assertThat(rounds).hasSize(12).allSatisfy(line -> {
            assertThat(line)
                    .containsOnlyKeys(
                            "type",
                            "step",
                            "epoch",
                            "stage",
                            "round",
                            "loss",
                            "margin",
                            "classification",
                            "soft",
                            "hard",
                            "match",
                            "retrieval",
                            "learningRate");
            final boolean joint = line.get("stage").equals("joint");
            assertThat(joint).isEqualTo((int) line.get("epoch") > 2);
            assertThat((double) line.get("soft") > 0).isEqualTo(joint);
            assertThat((double) line.get("margin")).isPositive();
        });
        assertThat(rounds.get(11)).containsEntry("epoch", 4).containsEntry("round", 3);
        final List<Map<String, Object>> validations = validations(model);
        assertThat(validations).extracting(line -> line.get("epoch")).containsExactly(2, 4);
        assertThat((List<?>) validations.get(0).get("levels")).isEmpty();
        assertThat((List<?>) validations.get(1).get("levels")).hasSize(2);
        assertThat((double) validations.get(1).get("embedding")).isBetween(0.5, 1.0);

        assertThat(validation(model)).containsKeys("embedding", "levels", "fingerprint");
        final int queries = (int) validation(model).get("queries");
        assertThat(queries + (int) validation(model).get("database")).isEqualTo(30);
        assertThat(TrainRun.model(model).manifest().files()).containsKey(ModelDirectory.TRAINING_LOG);
    }

    @Test
    void trainingStopsWhenValidationsNoLongerImprove() throws IOException {
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                lake,
                model,
                "train.validation.fraction=0.2",
                "train.validation.patience=2",
                "train.optimizer.learning-rate=0",
                "train.epochs=60",
                "train.semantic-epochs=1"));
        assertThat(result.code()).isZero();
        // The rule by hand, on what was measured.
        int best = 0;
        int last = 0;
        double map = -1;
        for (final Map<String, Object> line : validations(model)) {
            final List<?> levels = (List<?>) line.get("levels");
            assertThat(last - best).as("validations since the best").isLessThan(2);
            last = (int) line.get("epoch");
            if (!levels.isEmpty() && (double) levels.get(1) > map) {
                map = (double) levels.get(1);
                best = last;
            }
        }
        assertThat(last).isEqualTo(best + 2).isLessThan(60);
        assertThat(result.out())
                .contains("stopped after epoch " + last + ": 2 validations in a row brought nothing better");
        assertThat(metrics(model)).containsEntry("bestEpoch", best);
        assertThat(last(model)).isEqualTo(map);
    }

    @Test
    void imagesToValidateOnMayLieInALakeOfTheirOwn() throws IOException {
        final Path others = directory.resolve("others");
        TinyLake.write(others, 2);
        Files.createDirectory(others.resolve("violet"));
        Files.copy(others.resolve("red/image0.png"), others.resolve("violet/image0.png"));
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                lake, model, "train.validation.lake.path=" + others, "train.epochs=2", "train.semantic-epochs=2"));
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("1 of them have no label that the training images have and find nothing");
        assertThat(validation(model)).containsEntry("queries", 7).containsEntry("database", 30);
        // Two-step training is measured with the codebooks that it is published with.
        assertThat((List<?>) validation(model).get("levels")).hasSize(2);
    }

    /** Five workers, whose sums travel in groups, and everything that validation sends. */
    @Test
    void kryoCarriesAllOfIt() {
        final Map<String, String> properties = Map.of(
                "spark.serializer", "org.apache.spark.serializer.KryoSerializer",
                "spark.kryo.registrator", "org.nd4j.kryo.Nd4jRegistrator");
        properties.forEach(System::setProperty);
        try {
            final Path model = directory.resolve("model");
            final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                    lake,
                    model,
                    "train.validation.fraction=0.2",
                    "train.workers=5",
                    "train.epochs=2",
                    "train.semantic-epochs=1"));
            assertThat(result.err()).isEmpty();
            assertThat(result.code()).isZero();
            assertThat((List<?>) validation(model).get("levels")).hasSize(2);
        } finally {
            properties.keySet().forEach(System::clearProperty);
        }
    }

    @Test
    void aModelUnderTheBarIsKeptAside() {
        final Path model = directory.resolve("model");
        final String[] sets = {
            "train.validation.fraction=0.2",
            "train.epochs=2",
            "train.semantic-epochs=1",
            "train.optimizer.learning-rate=0"
        };
        final List<String> high = TrainRun.arguments(lake, model, sets);
        high.addAll(List.of("--set", "train.publish.min-map=1"));
        final TrainRun.Result result = TrainRun.run(high);
        assertThat(result.code()).isEqualTo(4);
        assertThat(result.out())
                .contains("is not published: its mAP of 0.")
                .contains("is below train.publish.min-map, 1.0; it is kept at " + model + ".held-back");
        assertThat(model).doesNotExist();
        assertThat(TrainRun.model(directory.resolve("model.held-back"))
                        .manifest()
                        .dimensions())
                .isEqualTo(6);
        assertThat(directory.resolve("model.checkpoints")).doesNotExist();
        high.add("--resume");
        final TrainRun.Result again = TrainRun.run(high);
        assertThat(again.code()).isEqualTo(4);
        assertThat(again.out()).contains("this training is finished: its model was not fit to be published");
    }

    @Test
    void aModelThatFindsLessThanThePublishedOneIsKeptAside() {
        final Path model = directory.resolve("model");
        final List<String> good = TrainRun.arguments(
                lake, model, "train.validation.fraction=0.3", "train.epochs=8", "train.semantic-epochs=4");
        assertThat(TrainRun.run(good).code()).isZero();
        final String published = TrainRun.model(model).manifest().modelId();
        final double map = last(model);

        final List<String> bad = TrainRun.arguments(
                lake,
                model,
                "train.validation.fraction=0.3",
                "train.publish.must-beat-published=true",
                "train.epochs=2",
                "train.semantic-epochs=1",
                "train.optimizer.learning-rate=0");
        final TrainRun.Result same = TrainRun.run(bad);
        assertThat(same.code()).as(same.err()).isEqualTo(4);
        assertThat(same.out())
                .contains("the published model was measured on the same images")
                .contains("is below the published model's, ")
                .contains("on the same images; it is kept at " + model + ".held-back");
        assertThat(last(directory.resolve("model.held-back"))).isLessThan(map);
        assertThat(TrainRun.model(model).manifest().modelId()).isEqualTo(published);

        // Other images: the published model is measured anew, by its own encoder and codebooks.
        final List<String> other = new ArrayList<>(bad);
        other.addAll(List.of("--set", "train.validation.fraction=0.25"));
        final TrainRun.Result anew = TrainRun.run(other);
        assertThat(anew.code()).as(anew.err()).isEqualTo(4);
        assertThat(anew.out()).contains("the published model, measured anew: mAP ");

        // As good as the published one is good enough.
        final List<String> equal = new ArrayList<>(good);
        equal.addAll(List.of("--set", "train.publish.must-beat-published=true"));
        final TrainRun.Result result = TrainRun.run(equal);
        assertThat(result.code()).as(result.out()).isZero();
        assertThat(result.out()).contains("published at " + model);
    }

    @Test
    void codebooksThatFindLessAreTakenBack() throws IOException {
        // Those of noise learn all three colours; four images, of which the sample consists, do not show them all.
        final String[] sets = {
            "seed=5",
            "train.validation.fraction=0.3",
            "train.epochs=12",
            "train.semantic-epochs=2",
            "train.optimizer.codebook-learning-rate=0.05",
            "quantization.start=random",
            "quantization.kmeans-sample=4"
        };
        final Path before = directory.resolve("before");
        assertThat(TrainRun.run(TrainRun.arguments(lake, before, sets)).code()).isZero();
        final Path model = directory.resolve("model");
        final List<String> refitting = TrainRun.arguments(lake, model, sets);
        refitting.addAll(List.of("--set", "quantization.refit=true"));
        final TrainRun.Result result = TrainRun.run(refitting);
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("codebooks stay as they were before they were fitted, by which more is found");

        final List<Map<String, Object>> validations = validations(model);
        final Map<String, Object> joint = validations.get(validations.size() - 2);
        final Map<String, Object> refitted = validations.get(validations.size() - 1);
        assertThat(joint).containsEntry("stage", "joint");
        assertThat(refitted).containsEntry("stage", "refitted");
        assertThat(last((List<?>) refitted.get("levels"))).isLessThan(last((List<?>) joint.get("levels")));
        assertThat(validation(model)).isEqualTo(validation(before)).containsEntry("levels", joint.get("levels"));
        for (final String file : List.of(ModelDirectory.NETWORK, ModelDirectory.CODEBOOKS)) {
            assertThat(model.resolve(file)).hasSameBinaryContentAs(before.resolve(file));
        }
    }

    private static double last(final Path model) {
        return last((List<?>) validation(model).get("levels"));
    }

    private static double last(final List<?> levels) {
        return (double) levels.get(levels.size() - 1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        train.publish.min-map=0.5                | train.publish.min-map is set but nothing is measured to judge a model by; set train.validation.fraction
        train.publish.must-beat-published=true   | train.publish.must-beat-published is set but nothing is measured
        train.validation.patience=3              | train.validation.patience is 3 but nothing is measured
        train.validation.fraction=0.0001         | train.validation.fraction is 1.0E-4, which holds none of 30 images out; raise it
        train.max-loss-growth=0.5                | train.max-loss-growth is 0.5 but must be above 1
        train.stall-timeout=3s                   | train.stall-timeout is 3 s but workers report every 10 s; raise it to 20 s
        train.stall-timeout=soon                 | 'train.stall-timeout' is 'soon' but must be a length of time such as 15m
        """)
    void aMistakeIsOneSentence(final String set, final String sentence) {
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(lake, model, set));
        assertThat(result.err()).contains(sentence).startsWith("dpq: ").hasLineCount(1);
        assertThat(result.code()).isEqualTo(1);
        assertThat(model).doesNotExist();
    }

    @Test
    void withoutLabelsThereIsNothingToValidate() {
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                lake,
                directory.resolve("model"),
                "train.validation.fraction=0.2",
                "loss.margin=0",
                "loss.classification=0",
                "quantization.gradient=codebooks-only"));
        assertThat(result.err())
                .contains("Validation measures how well labels are found")
                .hasLineCount(1);
        assertThat(result.code()).isEqualTo(1);
    }

    @Test
    void anExplodingLossPublishesNothingAndLeavesTheCheckpoints() {
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                lake,
                model,
                "train.checkpoint.every-rounds=1",
                "train.optimizer.kind=sgd",
                "train.optimizer.schedule=step",
                // Calm for the first epoch, then a thousand times wilder after every step.
                "train.optimizer.decay=1000",
                "train.optimizer.decay-steps=6",
                "train.optimizer.learning-rate=0.001",
                "loss.classification=1"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .hasLineCount(1)
                .containsPattern("The loss (has grown to|is no longer a number)")
                .containsPattern("\\(step [0-9]+\\)")
                .contains("lower train.optimizer.learning-rate");
        assertThat(model).doesNotExist();
        assertThat(directory.resolve("model.checkpoints")).isDirectoryContaining("glob:**/checkpoint-*");
    }
}

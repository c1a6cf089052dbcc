package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A training that broke down and went on is, to the last bit, the training that never did. */
class ResumeTest {
    private static final String[] ALL = {
        "train.workers=1",
        "train.weight-averaging.decay=0.9",
        "train.validation.fraction=0.2",
        "train.validation.every-epochs=2"
    };

    @TempDir
    private static Path shared;

    private static Path lake;
    private static Path undisturbed;

    @TempDir
    private Path directory;

    @BeforeAll
    static void train() throws IOException {
        lake = shared.resolve("lake");
        TinyLake.write(lake, 10);
        undisturbed = shared.resolve("undisturbed");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(lake, undisturbed, ALL));
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("epoch 4/4 (joint)  round 3/3");
    }

    private static String[] with(final String... more) {
        return Stream.concat(Stream.of(ALL), Stream.of(more)).toArray(String[]::new);
    }

    /**
     * In the middle of the semantic stage; right before codebooks are started, also by a checkpoint that only the end of the epoch
     * brought; in the middle of the joint stage.
     */
    @ParameterizedTest(name = "broken down in epoch {0}, a checkpoint every {1} rounds")
    @CsvSource({
        "2, 2, 'epoch 2, round 2'",
        "3, 3, 'epoch 3, round 1'",
        "3, 100, 'epoch 3, round 1'",
        "4, 5, 'epoch 4, round 2'"
    })
    void isTheUndisturbedTraining(final int epoch, final int every, final String where) throws IOException {
        final Path model = directory.resolve("model");
        final String[] sets = with("train.checkpoint.every-rounds=" + every);
        final TrainRun.Result broken =
                TrainRun.run(TrainRun.arguments(lake, model, sets), "epoch " + epoch + "/4 .*round 3/3");
        assertThat(broken.code()).isEqualTo(3);
        assertThat(model).doesNotExist();

        final List<String> arguments = TrainRun.arguments(lake, model, sets);
        arguments.add("--resume");
        final TrainRun.Result resumed = TrainRun.run(arguments);
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.code()).isZero();
        assertThat(resumed.out()).contains("going on from " + where).doesNotContain("epoch 1/4");
        assertSame(model);
        assertThat(directory.resolve("model.checkpoints")).doesNotExist();
    }

    @Test
    void aFinishedTrainingIsNotDoneAgain() throws IOException {
        final String before =
                TrainRun.model(undisturbed).manifest().provenance().toString();
        final List<String> arguments = TrainRun.arguments(lake, undisturbed, ALL);
        arguments.add("--resume");
        final TrainRun.Result again = TrainRun.run(arguments);
        assertThat(again.err()).isEmpty();
        assertThat(again.code()).isZero();
        assertThat(again.out())
                .contains("this training is finished: its model is published at")
                .doesNotContain("epoch");
        assertThat(TrainRun.model(undisturbed).manifest().provenance()).hasToString(before);
        assertThat(shared.resolve("undisturbed.checkpoints")).doesNotExist();
    }

    private static void assertSame(final Path model) throws IOException {
        for (final String file : List.of(ModelDirectory.NETWORK, ModelDirectory.ENCODER, ModelDirectory.CODEBOOKS)) {
            assertThat(model.resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        assertThat(TrainRun.model(model).manifest().modelId())
                .isEqualTo(TrainRun.model(undisturbed).manifest().modelId());
        assertThat(TrainRun.log(model.resolve(ModelDirectory.TRAINING_LOG)))
                .isEqualTo(TrainRun.log(undisturbed.resolve(ModelDirectory.TRAINING_LOG)));
    }

    @Test
    void otherSettingsOrImagesAreRefusedByName() throws IOException {
        final Path model = directory.resolve("model");
        final Path mine = directory.resolve("lake");
        TinyLake.write(mine, 8);
        final String[] sets = {"train.epochs=3", "train.semantic-epochs=3", "train.checkpoint.every-rounds=1"};
        assertThat(TrainRun.run(TrainRun.arguments(mine, model, sets), "epoch 2/3 .*round 3/3")
                        .code())
                .isEqualTo(3);
        final List<String> other = TrainRun.arguments(mine, model, sets);
        other.addAll(List.of("--set", "train.batch-size=3", "--set", "seed=12", "--resume"));
        final TrainRun.Result refused = TrainRun.run(other);
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err())
                .hasLineCount(1)
                .contains("seed (11 then, 12 now), train.batch-size (4 then, 3 now)")
                .doesNotContain("images");

        // The same name, another picture.
        Files.copy(
                mine.resolve("red/image0.png"),
                mine.resolve("blue/image0.png"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        final List<String> same = TrainRun.arguments(mine, model, sets);
        same.add("--resume");
        final TrainRun.Result changed = TrainRun.run(same);
        assertThat(changed.code()).isEqualTo(1);
        assertThat(changed.err()).hasLineCount(1).contains("which differs in the images of train.lake;");
        assertThat(model).doesNotExist();

        // Where it lies, how it is watched and what comes afterwards does not matter.
        TinyLake.write(mine, 8);
        final Path moved = directory.resolve("moved");
        Files.move(mine, moved);
        final List<String> elsewhere = TrainRun.arguments(moved, model, sets);
        elsewhere.addAll(List.of("--set", "train.stall-timeout=1h", "--set", "encode.batch-size=8", "--resume"));
        elsewhere.addAll(List.of("--set", "quantization.refit=true"));
        final TrainRun.Result result = TrainRun.run(elsewhere);
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("going on from epoch 2, round ")
                .contains("codebooks fitted")
                .contains("published at");
    }

    @Test
    void withoutACheckpointTrainingStartsFromTheBeginning() {
        final Path model = directory.resolve("model");
        final TrainRun.Result result = TrainRun.run(TrainRun.arguments(
                lake,
                model,
                "train.epochs=1",
                "train.semantic-epochs=1",
                "train.checkpoint.every-rounds=0",
                "--resume"));
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(result.out())
                .contains("there is no checkpoint at")
                .contains("training starts from the beginning")
                .contains("published at");
    }

    @Test
    void beginningAnewSaysWhatItReplaces() throws IOException {
        final Path model = directory.resolve("model");
        final String[] sets = {"train.epochs=2", "train.semantic-epochs=2", "train.checkpoint.every-rounds=1"};
        TrainRun.run(TrainRun.arguments(lake, model, sets), "epoch 2/2 .*round 4/4");
        final Path checkpoints = directory.resolve("model.checkpoints");
        final Path newest = checkpoints.resolve("checkpoint-000007/checkpoint.json");
        assertThat(newest).exists();
        assertThat(TrainRun.log(checkpoints.resolve("training.jsonl"))).isNotEmpty();

        final TrainRun.Result anew = TrainRun.run(TrainRun.arguments(lake, model, sets), "epoch 1/2 .*round 4/4");
        assertThat(anew.out())
                .contains("a checkpoint of an unfinished training (epoch 2, round 4)")
                .contains("begins anew and replaces it, --resume would go on from it")
                .contains("epoch 1/2");
        assertThat(newest).as("what is replaced").doesNotExist();
        assertThat(checkpoints.resolve("checkpoint-000009/checkpoint.json")).exists();

        // The newest one is torn: the one before it serves.
        Files.delete(checkpoints.resolve("checkpoint-000010/checkpoint.json"));
        final List<String> arguments = TrainRun.arguments(lake, model, sets);
        arguments.add("--resume");
        final TrainRun.Result resumed = TrainRun.run(arguments);
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.out())
                .contains("passed over the checkpoint")
                .contains("it has no checkpoint.json")
                .contains("going on from epoch 1, round 3")
                .contains("published at");
    }
}

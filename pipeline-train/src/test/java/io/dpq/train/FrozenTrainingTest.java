package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileUtil;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Long trainings of what follows a frozen backbone: they break down, go on, and are measured as any other. */
class FrozenTrainingTest {
    private static final String COMPUTES = "computing the frozen layers once for 30 images";
    private static final String USES = "using the features of 30 images stored at";

    @TempDir
    private static Path shared;

    private static Path lake;
    private static Path onnx;

    @TempDir
    private Path directory;

    /** What is frozen. */
    private enum Frozen {
        LAYERS("backbone.frozen-up-to=conv2_bn"),
        MODEL("backbone.kind=onnx");

        private final String set;

        Frozen(final String set) {
            this.set = set;
        }

        List<String> arguments(final Path model, final String... more) {
            return TrainRun.arguments(
                    lake,
                    model,
                    Stream.concat(
                                    Stream.of(
                                            set,
                                            this == MODEL ? "backbone.weights=" + onnx : "backbone.weights=null",
                                            "train.augmentation.crop=false",
                                            "train.augmentation.flip=false"),
                                    Stream.of(more))
                            .toArray(String[]::new));
        }
    }

    @BeforeAll
    static void files() throws IOException {
        lake = shared.resolve("lake");
        TinyLake.write(lake, 10);
        onnx = shared.resolve("colours.onnx");
        Files.write(onnx, TinyOnnx.model());
    }

    private Path cache() {
        return directory.resolve("model.features");
    }

    private Path model() {
        return directory.resolve("model");
    }

    @ParameterizedTest
    @EnumSource
    void aResumedTrainingIsTheUndisturbedOne(final Frozen frozen) throws IOException {
        final String[] sets = {
            "train.workers=1",
            "train.weight-averaging.decay=0.9",
            "train.validation.fraction=0.2",
            "train.validation.every-epochs=2",
            "train.checkpoint.every-rounds=2"
        };
        final Path undisturbed = directory.resolve("undisturbed");
        final TrainRun.Result whole = TrainRun.run(frozen.arguments(undisturbed, sets));
        assertThat(whole.err()).isEmpty();
        assertThat(whole.out()).contains(COMPUTES).contains("validation after epoch 4: mAP ");
        assertThat(directory.resolve("undisturbed.features")).doesNotExist();

        final List<String> arguments = frozen.arguments(model(), sets);
        assertThat(TrainRun.run(arguments, "epoch 2/4 .*round 3/3").code()).isEqualTo(3);
        arguments.add("--resume");
        final TrainRun.Result again = TrainRun.run(arguments, "epoch 4/4 .*round 3/3");
        assertThat(again.code()).isEqualTo(3);
        assertThat(again.out()).contains(USES).doesNotContain(COMPUTES).contains("going on from epoch 2, round 2");
        // Whoever clears the folder loses time and nothing else.
        FileUtil.fullyDelete(cache().toFile());
        final TrainRun.Result last = TrainRun.run(arguments);
        assertThat(last.err()).isEmpty();
        assertThat(last.code()).isZero();
        assertThat(last.out())
                .contains(COMPUTES)
                .contains("going on from epoch ")
                .doesNotContain("epoch 2/4");

        for (final String file : List.of(ModelDirectory.NETWORK, ModelDirectory.ENCODER, ModelDirectory.CODEBOOKS)) {
            assertThat(model().resolve(file)).hasSameBinaryContentAs(undisturbed.resolve(file));
        }
        assertThat(TrainRun.log(model().resolve(ModelDirectory.TRAINING_LOG)))
                .isEqualTo(TrainRun.log(undisturbed.resolve(ModelDirectory.TRAINING_LOG)));
        assertThat(cache()).doesNotExist();
    }

    /** A published model sees the images, the network that learns their features: both must find the same. */
    @ParameterizedTest
    @EnumSource
    void isMeasuredAsThePublishedModelIs(final Frozen frozen) throws IOException {
        final Path others = directory.resolve("others");
        TinyLake.write(others, 2);
        final String[] sets = {"train.epochs=1", "train.semantic-epochs=1", "train.workers=1"};
        assertThat(TrainRun.run(frozen.arguments(model(), sets)).err()).isEmpty();

        final List<String> arguments = frozen.arguments(model(), sets);
        Stream.of("train.validation.lake.path=" + others, "train.publish.must-beat-published=true")
                .forEach(set -> arguments.addAll(List.of("--set", set)));
        final TrainRun.Result second = TrainRun.run(arguments);
        assertThat(second.err()).isEmpty();
        assertThat(second.code()).isZero();
        assertThat(second.out()).contains(COMPUTES).contains("once for 6 images to validate on");
        assertThat(told(second, "validation after epoch 1: "))
                .startsWith("mAP ")
                .isEqualTo(told(second, "the published model, measured anew: "));
        assertThat(cache()).doesNotExist();
    }

    private static String told(final TrainRun.Result result, final String what) {
        return result.out()
                .lines()
                .filter(line -> line.contains(what))
                .findFirst()
                .map(line -> line.substring(line.indexOf(what) + what.length()))
                .orElseThrow();
    }

    @Test
    void onlyWholeFeaturesAreUsed() throws IOException {
        final List<String> arguments = Frozen.LAYERS.arguments(
                model(),
                "train.feature-cache.keep=true",
                "train.epochs=1",
                "train.semantic-epochs=1",
                "train.workers=1");
        assertThat(TrainRun.run(arguments).out()).contains(COMPUTES);
        assertThat(TrainRun.run(arguments).out()).contains(USES).doesNotContain(COMPUTES);
        final Path name = only(".whole");
        final Path folder = cache().resolve(Files.readString(name));

        // A file is gone.
        try (Stream<Path> parts = Files.list(folder)) {
            Files.delete(parts.filter(file -> file.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow());
        }
        assertThat(TrainRun.run(arguments).out()).contains(COMPUTES);
        final Path second = cache().resolve(Files.readString(name));
        assertThat(second).exists().isNotEqualTo(folder);

        // Killed while the features were written, long ago and just now: no file names them.
        Files.delete(name);
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        assertThat(TrainRun.run(arguments).out()).contains(COMPUTES);
        assertThat(folder).doesNotExist();
        assertThat(second).exists();

        // Killed while the name was written.
        Files.writeString(name, Files.readString(name).substring(0, 20));
        assertThat(TrainRun.run(arguments).out()).contains(COMPUTES);
    }

    private Path only(final String suffix) throws IOException {
        try (Stream<Path> files = Files.list(cache())) {
            final List<Path> found = files.filter(file -> file.toString().endsWith(suffix)
                            && !file.getFileName().toString().startsWith("."))
                    .toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }

    @Test
    void thePlanSaysWhatIsComputedOnce() {
        assertThat(TrainRun.run(Frozen.MODEL.arguments(model(), "--dry-run")).out())
                .contains("frozen layers: computed once, kept at " + cache());
        assertThat(TrainRun.run(Frozen.LAYERS.arguments(model(), "train.augmentation.flip=true", "--dry-run"))
                        .out())
                .contains("frozen layers: computed in every epoch");
    }

    @Test
    void augmentedImagesPassTheFrozenLayersInEveryEpoch() throws IOException {
        final TrainRun.Result result = TrainRun.run(Frozen.LAYERS.arguments(
                model(), "train.augmentation.flip=true", "train.epochs=1", "train.semantic-epochs=1"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("the frozen layers are computed anew in every epoch, since images are augmented; to compute")
                .contains("published at");
        assertThat(cache()).doesNotExist();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        train.augmentation.erase=0.5    | images cannot be augmented; set train.augmentation.crop and flip to false
        train.feature-cache.enabled=off | set train.feature-cache.enabled to auto
        backbone.frozen-up-to=conv1     | set backbone.frozen-up-to to null
        """)
    void anOnnxModelIsAlwaysComputedOnce(final String set, final String sentence) {
        final TrainRun.Result result = TrainRun.run(Frozen.MODEL.arguments(model(), set));
        assertThat(result.err()).contains(sentence).startsWith("dpq: ").hasLineCount(1);
        assertThat(result.code()).isEqualTo(1);
    }
}

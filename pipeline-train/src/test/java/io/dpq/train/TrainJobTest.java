package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.job.JobMain;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.model.ModelPublisher;
import io.dpq.model.OnnxEmbedder;
import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.network.OneDnn;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.Similarity;
import io.dpq.storage.WriteLock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The job as a user runs it: real Spark with two workers, real files, exit codes and sentences. */
class TrainJobTest {
    private static final int PER_CLASS = 8;

    @TempDir
    private static Path shared;

    private static Path lake;

    @TempDir
    private Path directory;

    private Path model;

    /** What a run left behind. */
    private record Result(int code, String out, String err) {}

    @BeforeAll
    static void lake() throws IOException {
        lake = shared.resolve("lake");
        TinyLake.write(lake, PER_CLASS);
    }

    @BeforeEach
    void model() {
        model = directory.resolve("model");
    }

    @Test
    void aSecondTrainingOfOneModelIsRefusedAndTouchesNothing() throws IOException {
        final Path checkpoints = directory.resolve("model.checkpoints");
        Files.createDirectories(checkpoints.resolve("checkpoint-000001"));
        try (WriteLock first = ModelPublisher.lock(model.toString(), new Configuration())) {
            final Result second = train("model.path=" + model);
            assertThat(second.code).isEqualTo(2);
            assertThat(second.err)
                    .contains(
                            "Another training, a run begun at ",
                            "works at file:" + model,
                            "a model.path and train.checkpoint.path of its own");
            assertThat(first.isHeld()).isTrue();
        }
        try (WriteLock first = ModelPublisher.lock(checkpoints.toString(), new Configuration())) {
            final Result second =
                    train("model.path=" + directory.resolve("other"), "train.checkpoint.path=" + checkpoints);
            assertThat(second.code).isEqualTo(2);
            assertThat(second.err).contains("works at file:" + checkpoints);
            assertThat(first.isHeld()).isTrue();
        }
        assertThat(directory.resolve("_other.lock")).doesNotExist();
        assertThat(checkpoints.resolve("checkpoint-000001")).exists();
        assertThat(directory.resolve("_model.lock")).doesNotExist();
    }

    @Test
    void trainsTwoWorkersToAModelDirectory() throws IOException {
        final Path damaged = directory.resolve("damaged");
        TinyLake.write(damaged, 8);
        Files.write(damaged.resolve("red/broken.png"), "no image".getBytes(StandardCharsets.UTF_8));

        final Result result = train("train.lake.path=" + damaged, "train.workers=2");

        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();
        assertThat(directory.resolve("_model.lock")).doesNotExist();
        assertThat(result.out)
                .contains("reading and checking 25 images")
                .contains("24 images of 3 classes")
                .contains("skipped 1 images")
                .contains("red/broken.png")
                .contains("epoch 1/8 (semantic)")
                .contains("epoch 8/8 (joint)")
                .contains("codebooks started from the embeddings of 24 images")
                .contains("published at " + model);
        try (var files = Files.list(model)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .filteredOn(name -> !name.endsWith(".crc"))
                    .containsExactlyInAnyOrder(
                            "manifest.json", "network.zip", "encoder.onnx", "codebooks.npy", "training.jsonl");
        }
        final ModelDirectory opened = ModelDirectory.open(model.toString(), new Configuration());
        final ModelManifest manifest = opened.manifest();
        assertThat(manifest.labels()).isEqualTo(TinyLake.CLASSES);
        assertThat(manifest.dimensions()).isEqualTo(6);
        assertThat(manifest.levels()).isEqualTo(2);
        assertThat(manifest.codewords()).isEqualTo(4);
        assertThat(manifest.backbone()).isEqualTo("simple-cnn");
        assertThat(manifest.provenance())
                .containsEntry("seed", 11)
                .containsEntry("workers", 2)
                .containsEntry("averagingFrequency", 2)
                .containsEntry("stepsPerEpoch", 3)
                .containsEntry("totalSteps", 24)
                .containsEntry("oneDnn", OneDnn.enabled())
                .containsKeys("revision", "config");
        assertThat(manifest.provenance().get("versions"))
                .isEqualTo(Map.of(
                        "java", Runtime.version().toString(),
                        "spark", "3.5.5",
                        "deeplearning4j", "1.0.0-M2.1",
                        "dl4j-spark", "1.0.0-M2",
                        "nd4j", "1.0.0-M2.1",
                        "onnxruntime", "1.23.2"));
        assertThat(manifest.provenance().get("data"))
                .isEqualTo(Map.of(
                        "images", 25,
                        "usable", 24,
                        "skipped", Map.of("UNKNOWN_FORMAT", 1),
                        "unlabelled", 0,
                        "imagesPerClass", Map.of("blue", 8, "green", 8, "red", 8)));
        assertThat((double) manifest.metrics().get("exportParity")).isBetween(0.0, 1e-4);
        assertThat((double) manifest.metrics().get("trainingAccuracy")).isGreaterThan(0.9);
        assertThat(manifest.metrics())
                .containsKeys("semanticLoss", "jointLoss", "imagesPerSecond", "trainingSeconds", "measuredImages");
        final List<?> errors = (List<?>) manifest.metrics().get("relativeHardError");
        assertThat(errors).hasSize(2);
        assertThat((double) errors.get(1)).isLessThan((double) errors.get(0)).isLessThan(0.5);
        final Codebooks codebooks = opened.codebooks();
        assertThat(codebooks).hasToString("Codebooks[2, 4, 6]");
        try (OnnxEmbedder embedder = new OnnxEmbedder(opened.read(ModelDirectory.ENCODER), 12, 1)) {
            assertThat(embedder.dimensions()).isEqualTo(6);
        }
    }

    @Test
    void weightDecayIsNoPartOfTheLoss() throws IOException {
        final List<Double> losses = new ArrayList<>();
        for (final double decay : new double[] {0, 10}) {
            final Path place = directory.resolve("decay-" + decay);
            // A rate too small for the decay, or anything else, to be felt.
            final String[] sets = {
                "model.path=" + place,
                "train.epochs=1",
                "train.semantic-epochs=1",
                "train.optimizer.learning-rate=1e-9",
                "train.optimizer.weight-decay=" + decay
            };
            assertThat(train(sets).code).isZero();
            losses.add((Double) TrainRun.log(place.resolve(ModelDirectory.TRAINING_LOG))
                    .get(0)
                    .get("loss"));
        }
        assertThat(losses.get(1)).isCloseTo(losses.get(0), within(1e-4));
    }

    @Test
    void oneWorkerIsReproducible() {
        final String[] sets = {
            "train.workers=1",
            "train.epochs=2",
            "train.semantic-epochs=1",
            "backbone.dropout=0.3",
            "train.augmentation.min-scale=0.5",
            "train.augmentation.brightness=0.4",
            "train.augmentation.contrast=0.4",
            "train.augmentation.saturation=0.4",
            "train.augmentation.erase=0.5",
            "model.path=" + model
        };
        assertThat(train(sets).code).isZero();
        final Codebooks first = codebooks();
        assertThat(train(sets).code).isZero();
        assertThat(codebooks()).isEqualTo(first);
        assertThat(train(with(sets, "seed=12")).code).isZero();
        assertThat(codebooks()).isNotEqualTo(first);
    }

    @Test
    void everythingOfOursTrainsOnTwoWorkers() {
        final Result result = train(
                "train.workers=2",
                "train.epochs=24",
                "train.semantic-epochs=18",
                "backbone.kind=residual-cnn",
                "backbone.depth=8",
                "loss.prefix-classification=0.5",
                "loss.label-smoothing=0.1",
                "train.augmentation.padding=2",
                "train.optimizer.kind=momentum",
                "train.optimizer.new-factor=2");
        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();
        final ComputationGraph graph = network();
        assertThat(graph.getConfiguration().getNetworkOutputs())
                .containsExactly(DpqNetwork.CLASSIFICATION, DpqNetwork.QUANTIZATION, "prefix_1", "prefix_2");
        assertThat(DpqNetwork.codebooks(graph)).isEqualTo(codebooks());
        assertThat((double) metrics().get("exportParity")).isBetween(0.0, 1e-4);
        assertThat((double) metrics().get("trainingAccuracy")).isGreaterThan(0.9);
    }

    @Test
    void semanticEpochsAloneEndWithKMeansCodebooks() {
        final Result result = train("train.epochs=2", "train.semantic-epochs=2");
        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();
        assertThat(result.out)
                .contains("codebooks by residual K-means")
                .contains("codebooks started from the embeddings of 24 images")
                .doesNotContain("warning");
        // Codebooks that are still the noise of the network's start leave most of the embeddings over.
        final List<?> errors = (List<?>) metrics().get("relativeHardError");
        assertThat((double) errors.get(0)).isLessThan(0.5);
        assertThat((double) errors.get(1)).isLessThan((double) errors.get(0));
    }

    @Test
    void codebooksAreFittedOnceMoreWhenTheNetworkHasLearnt() {
        final String[] sets = {
            "train.epochs=3",
            "train.semantic-epochs=2",
            "loss.retrieval=0.5",
            "loss.prefix-retrieval=0.5",
            "model.path=" + model
        };
        assertThat(train(sets).code).isZero();
        final ComputationGraph joint = network();
        final Result result = train(with(sets, "quantization.refit=true"));
        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();
        assertThat(result.out).contains("codebooks fitted to the network as it is now, on the embeddings of 24 images");
        final ComputationGraph refitted = network();

        joint.paramTable().forEach((name, values) -> {
            if (!name.startsWith("level_")) {
                assertThat(refitted.paramTable().get(name)).as(name).isEqualTo(values);
            }
        });
        final Codebooks shrunk = codebooks();
        assertThat(shrunk).isEqualTo(DpqNetwork.codebooks(refitted)).isNotEqualTo(DpqNetwork.codebooks(joint));

        // All the way, and every codeword of the first level is the mean of a class.
        assertThat(train(with(
                                sets,
                                "quantization.codewords=8",
                                "quantization.refit=true",
                                "quantization.refit-shrinkage=1"))
                        .code)
                .isZero();
        final Set<String> means = new HashSet<>();
        for (int k = 0; k < codebooks().codewords(); k++) {
            means.add(codeword(codebooks(), k));
        }
        assertThat(means).hasSize(TinyLake.CLASSES.size());

        assertThat(train(with(sets, "quantization.refit=true")).code).isZero();
        assertThat(codebooks()).isEqualTo(shrunk);
    }

    /** Of the first level, to three decimals. */
    private static String codeword(final Codebooks codebooks, final int k) {
        return IntStream.range(0, codebooks.dimensions())
                .mapToObj(d -> String.format(Locale.ROOT, "%.3f", codebooks.value(0, k, d)))
                .collect(Collectors.joining(" "));
    }

    private ComputationGraph network() {
        return NetworkZip.restore(
                ModelDirectory.open(model.toString(), new Configuration()).read(ModelDirectory.NETWORK), true);
    }

    @Test
    void labelVectorsComeFromAFile() throws IOException {
        final Path vectors = directory.resolve("vectors.txt");
        Files.writeString(vectors, "1 0 0 0 0 0\n0,1,0,0,0,0\n\n0 0 1 0 0 0\n");
        final String[] sets = {
            "labels.embeddings=" + vectors, "train.epochs=1", "train.semantic-epochs=1", "loss.classification=0"
        };
        final Result result = train(sets);
        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();
        final Object loss = metrics().get("semanticLoss");
        // Two classes of nearly one vector have no margin between them, which the loss of the same images must show.
        Files.writeString(vectors, "1 0 0 0 0 0\n0.99,0.01,0,0,0,0\n\n0 0 1 0 0 0\n");
        assertThat(train(sets).code).isZero();
        assertThat(metrics().get("semanticLoss")).isNotEqualTo(loss);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        train.lake.path=/nowhere/at/all     | 2 | The lake /nowhere/at/all does not exist
        quantization.codewords=12           | 1 | 'quantization.codewords' is '12' but must be a power of two
        embedding.dimensions=2              | 1 | embedding.dimensions is 2 but 3 classes need as many orthogonal directions
        train.batch-size=100                | 1 | 1 workers with batches of 100 need 100 images but there are 24
        train.semantic-epochs=9             | 1 | train.semantic-epochs is 9 but train.epochs
        labels.embeddings=/nowhere.txt      | 2 | The file /nowhere.txt does not exist; correct labels.embeddings
        train.optimizer.warmup-steps=48     | 1 | train.optimizer.warmup-steps is 48 but the whole training takes 48 steps
        train.augmentation.crop=false,train.augmentation.padding=2 | 1 | set train.augmentation.crop to true
        train.augmentation.min-scale=0.5,train.augmentation.padding=2 | 1 | A crop is either resized or padded
        loss.label-smoothing=2              | 1 | 'loss.label-smoothing' is '2' but must be a number from 0
        quantization.start=middle           | 1 | must be one of kmeans, random
        quantization.refit-shrinkage=1.5    | 1 | 'quantization.refit-shrinkage' is '1.5' but must be
        quantization.kmeans-sample=2        | 1 | quantization.kmeans-sample is 2 but must be at least quantization.codewords
        """)
    void aMistakeIsOneSentence(final String sets, final int code, final String sentence) {
        final Result result = train(sets.split(","));
        assertThat(result.err).contains(sentence).startsWith("dpq: ").hasLineCount(1);
        assertThat(result.code).isEqualTo(code);
        assertThat(model).doesNotExist();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
        backbone.weights=/weights.h5        | backbone.weights is given but the backbone simple-cnn always starts anew
        embedding.kind=identity             | there are 16 features, so set embedding.dimensions to that, from 6
        backbone.kind=none                  | train.lake.kind is directory but backbone.kind is none
        backbone.frozen-up-to=conv9         | backbone.frozen-up-to names the layer "conv9"
        backbone.kind=squeezenet            | The backbone squeezenet needs images of at least 47 pixels
        """)
    void aDryRunFindsWhatTheNetworkWouldRefuse(final String set, final String sentence) {
        final List<String> args = new ArrayList<>(arguments(set));
        args.add("--dry-run");
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final int code = JobMain.run(new TrainJob(), args, System.out, print(err));
        assertThat(text(err)).contains(sentence).startsWith("dpq: ").hasLineCount(1);
        assertThat(code).isEqualTo(1);
    }

    @Test
    void codebooksOfNoiseAreNeverPublished() {
        final Result result = train("quantization.start=random", "train.epochs=2", "train.semantic-epochs=2");
        assertThat(result.err).contains("quantization.start is random but train.semantic-epochs leaves no epoch");
        assertThat(result.code).isEqualTo(1);
    }

    /** The first layer is what the images' patches ask for, and the published encoder sees both sides of an image. */
    @Test
    void anAirbenchNetworkBeginsWhiteAndEmbedsBothSides() throws IOException {
        final Result result = train(
                "backbone.kind=airbench",
                "backbone.width=2",
                "image.crop=16",
                "image.mirror=true",
                "quantization.refit=true",
                "train.validation.fraction=0.2",
                "train.epochs=2",
                "train.semantic-epochs=1");
        assertThat(result.err).isEmpty();
        assertThat(result.code).isZero();

        final ModelDirectory opened = ModelDirectory.open(model.toString(), new Configuration());
        assertThat(opened.manifest().image().mirror()).isTrue();
        assertThat((Double) opened.manifest().metrics().get("exportParity")).isLessThan(1e-4);
        final ComputationGraph graph = NetworkZip.restore(opened.read(ModelDirectory.NETWORK), false);
        final float[] image = new float[3 * 16 * 16];
        final Random random = new Random(3);
        IntStream.range(0, image.length).forEach(i -> image[i] = (float) random.nextGaussian());
        final float[] mirrored = DpqNetwork.mirrored(Nd4j.createFromArray(image).reshape('c', 1, 3, 16, 16))
                .dup('c')
                .data()
                .asFloat();
        try (OnnxEmbedder embedder = new OnnxEmbedder(opened.read(ModelDirectory.ENCODER), 16, 1)) {
            assertThat(embedder.embed(image, 1)).containsExactly(embedder.embed(mirrored, 1), within(1e-6f));
        }
        // Whatever these images are, half of the filters are the other half's negatives, and each is of the length that
        // whitens.
        final INDArray filters = graph.getParam("whitening_W");
        assertThat(filters.size(0)).isEqualTo(24);
        assertThat(filters.get(NDArrayIndex.interval(0, 12)))
                .isEqualTo(filters.get(NDArrayIndex.interval(12, 24)).neg());
        // Noise of 30 levels either way, by 64: a variance of about .076, next to which colours are loud.
        final double longest = filters.mul(filters).sum(1, 2, 3).maxNumber().doubleValue();
        assertThat(longest).isBetween(1 / 0.08, 1 / 0.04);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.lake.kind=vectors backbone.kind=none | Vectors have no mirror images",
                "backbone.kind=onnx backbone.weights=m.onnx train.augmentation.crop=false train.augmentation.flip=false"
                        + " | not for its mirror image",
                "backbone.frozen-up-to=conv1 train.augmentation.crop=false train.augmentation.flip=false"
                        + " | computed once for every image",
            })
    void thereIsNoMirrorImageOfWhatIsNoImage(final String sets, final String sentence) {
        final Result result = train(with(sets.split(" "), "image.mirror=true"));
        assertThat(result.err).contains(sentence).contains("set image.mirror to false");
        assertThat(result.code).isEqualTo(1);
    }

    @Test
    void filesAreLookedForBeforeTheImagesAreRead() {
        final Result result =
                train("backbone.kind=squeezenet", "image.crop=48", "image.resize=48", "backbone.weights=/nowhere.h5");
        assertThat(result.err).contains("The file /nowhere.h5 does not exist; correct backbone.weights");
        assertThat(result.code).isEqualTo(2);
        assertThat(result.out).doesNotContain("images");
    }

    @Test
    void labelVectorsOfAnotherLengthAreRefused() throws IOException {
        final Path vectors = directory.resolve("vectors.txt");
        Files.writeString(vectors, "1 0\n0 1\n1 1\n");
        final Result result = train("labels.embeddings=" + vectors);
        assertThat(result.err).contains("holds 2 numbers but embedding.dimensions is 6");
        assertThat(result.code).isEqualTo(2);
    }

    @Test
    void tooManyDamagedImagesAreRefused() throws IOException {
        final Path damaged = directory.resolve("damaged");
        TinyLake.write(damaged, 4);
        Files.writeString(damaged.resolve("red/broken.png"), "no image");
        final Result result = train("train.lake.path=" + damaged);
        assertThat(result.err).contains("1 of 13 images").contains("red/broken.png (UNKNOWN_FORMAT)");
        assertThat(result.code).isEqualTo(2);
    }

    @Test
    void aClassWithoutAnyImageIsRefused() throws IOException {
        final Path damaged = directory.resolve("damaged");
        TinyLake.write(damaged, 10);
        Files.createDirectory(damaged.resolve("yellow"));
        Files.writeString(damaged.resolve("yellow/broken.png"), "no image");
        final Result result = train("train.lake.path=" + damaged);
        assertThat(result.err).contains("None of the images of class 'yellow'");
        assertThat(result.code).isEqualTo(2);
    }

    @Test
    void imagesWithoutLabelsAreRefused() throws IOException {
        final Path flat = directory.resolve("flat");
        TinyLake.write(directory.resolve("source"), 1);
        Files.createDirectory(flat);
        Files.move(directory.resolve("source/red/image0.png"), flat.resolve("image.png"));
        final Result result = train("train.lake.path=" + flat);
        assertThat(result.err).contains("show 0 classes but training needs two or more");
        assertThat(result.code).isEqualTo(2);
    }

    @Test
    void aModelLearntByCosineChoosesByCosineEverywhere() {
        assertThat(train("train.epochs=2", "train.semantic-epochs=1", "quantization.similarity=cosine").err)
                .isEmpty();
        final Codebooks codebooks = codebooks();
        assertThat(codebooks.similarity()).isEqualTo(Similarity.COSINE);
        final int count = 200;
        final Random random = new Random(3);
        final float[] embeddings = new float[count * codebooks.dimensions()];
        for (int i = 0; i < embeddings.length; i++) {
            embeddings[i] = (float) random.nextGaussian();
        }
        final short[] byCosine = new short[count * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(embeddings, count, byCosine);
        final short[] byDistance = new short[byCosine.length];
        new ResidualEncoder(codebooks.by(Similarity.L2)).encode(embeddings, count, byDistance);
        assertThat(byCosine).isNotEqualTo(byDistance);
    }

    @Test
    void aDryRunTellsThePlanAndDoesNothing() {
        final List<String> args = new ArrayList<>(arguments());
        args.add("--dry-run");
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final int code = JobMain.run(new TrainJob(), args, print(out), System.err);
        assertThat(code).isZero();
        assertThat(text(out)).contains("4 semantic and 4 joint epochs").contains("--class io.dpq.train.Train");
        assertThat(model).doesNotExist();
    }

    private Map<String, Object> metrics() {
        return ModelDirectory.open(model.toString(), new Configuration())
                .manifest()
                .metrics();
    }

    private Codebooks codebooks() {
        return ModelDirectory.open(model.toString(), new Configuration()).codebooks();
    }

    private Result train(final String... sets) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final int code = JobMain.run(new TrainJob(), arguments(sets), print(out), print(err));
        return new Result(code, text(out), text(err));
    }

    private List<String> arguments(final String... sets) {
        final List<String> defaults = List.of(
                "seed=11",
                "model.path=" + model,
                "train.lake.path=" + lake,
                "image.resize=16",
                "image.crop=12",
                "image.deviation=[64,64,64]",
                "backbone.kind=simple-cnn",
                "backbone.width=4",
                "backbone.dropout=0",
                "embedding.dimensions=6",
                "quantization.levels=2",
                "quantization.codewords=4",
                "train.epochs=8",
                "train.semantic-epochs=4",
                "train.batch-size=4",
                "train.averaging-frequency=2",
                "train.optimizer.learning-rate=0.01",
                "resources.master=\"local[2]\"",
                "resources.tasks-per-executor=2",
                "resources.driver-heap=1GiB",
                "resources.executor-heap=1GiB");
        return IntStream.range(0, defaults.size() + sets.length)
                .mapToObj(i -> i < defaults.size() ? defaults.get(i) : sets[i - defaults.size()])
                .flatMap(set -> List.of("--set", set).stream())
                .collect(Collectors.toList());
    }

    private static String[] with(final String[] sets, final String... more) {
        return Stream.concat(Arrays.stream(sets), Arrays.stream(more)).toArray(String[]::new);
    }

    private static PrintStream print(final ByteArrayOutputStream out) {
        return new PrintStream(out, true, StandardCharsets.UTF_8);
    }

    private static String text(final ByteArrayOutputStream out) {
        return out.toString(StandardCharsets.UTF_8);
    }
}

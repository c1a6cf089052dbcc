package io.dpq.encode;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import io.dpq.job.JobContext;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import io.dpq.network.SharedModel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Times the encode job on drawn lakes. Images: reading, decoding, embedding, encoding and writing them, against ONNX Runtime alone
 * on tensors of the same images, with the same model, batches and threads. Vectors: the same job, against the quantizer's kernel
 * alone on as many threads. Both alternate in this JVM; medians of the rounds are printed, and the memory that it took.
 */
@Command(name = "encode-bench", mixinStandardHelpOptions = true)
public final class EncodeBenchMain implements Callable<Integer> {
    private static final int PREPARED_BATCHES = 4;

    /** What is measured. */
    enum What {
        /** JPEGs through SqueezeNet. */
        IMAGES,
        /** Vectors through the quantizer. */
        VECTORS
    }

    @Option(
            names = "--what",
            defaultValue = "IMAGES",
            description = "${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE} unless told.")
    private What what = What.IMAGES;

    @Option(
            names = "--side",
            defaultValue = "500",
            description = "Pixels of a JPEG's side; ${DEFAULT-VALUE} unless told.")
    private int side;

    @Option(
            names = "--least-side",
            defaultValue = "0",
            description = "Of the smallest JPEG, where sides are spread evenly up to --side.")
    private int leastSide;

    @Option(names = "--count", defaultValue = "1000", description = "Images or vectors; ${DEFAULT-VALUE} unless told.")
    private int count;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            description = "Beside one to warm up; ${DEFAULT-VALUE} unless told.")
    private int rounds;

    @Option(names = "--threads", defaultValue = "0", description = "Threads that compute; all cores unless told.")
    private int threads;

    @Option(
            names = "--tasks",
            defaultValue = "1",
            description = "Tasks at once that share the threads, on images; ${DEFAULT-VALUE} unless told.")
    private int tasks;

    @Option(names = "--weights", description = "Keras file of SqueezeNet's weights; random ones unless told.")
    private @Nullable String weights;

    @Parameters(paramLabel = "FOLDER", description = "For lakes, models and tables.")
    private Path folder = Path.of(".");

    private EncodeBenchMain() {}

    /** Runs. */
    public static void main(final String[] args) {
        System.exit(new CommandLine(new EncodeBenchMain())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(args));
    }

    @Override
    public Integer call() throws IOException, ImageRejectedException, InterruptedException {
        final int cores = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        final boolean images = what == What.IMAGES;
        final Path model = folder.resolve(images ? "squeezenet" : "vectors-model");
        if (!Files.exists(model)) {
            if (images) {
                BenchModels.squeezenet(model.toString(), Optional.ofNullable(weights));
            } else {
                BenchModels.vectors(model.toString());
            }
        }
        final int least = leastSide > 0 ? leastSide : side;
        final Path lake = folder.resolve(images ? "jpegs-" + least + "-" + side : "vectors")
                .resolve(Integer.toString(count));
        if (images) {
            BenchLakes.jpegs(lake, least, side, count);
        } else {
            BenchLakes.fvecs(lake, count);
        }
        // A task on vectors computes with one thread.
        final int perTask = images ? Math.max(1, cores / tasks) : 1;
        try (SparkSession spark = SparkSession.builder()
                .appName("dpq encode bench")
                .master("local[" + cores + "]")
                .config("spark.task.cpus", perTask)
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            final List<Double> ours = new ArrayList<>();
            final List<Double> whole = new ArrayList<>();
            final List<Double> alone = new ArrayList<>();
            final PeakMemory memory = new PeakMemory();
            for (int round = 0; round <= rounds; round++) {
                final Rates job = job(spark, model, lake, cores, cores / perTask);
                final double reference = images ? network(model, lake, cores / perTask, perTask) : kernel(model, cores);
                System.out.printf(
                        Locale.ROOT,
                        "%s: the job %.1f/s, %.1f/s with listing and publishing, %s alone %.1f/s%n",
                        round == 0 ? "warming up" : "round " + round,
                        job.encoding(),
                        job.whole(),
                        images ? "ONNX Runtime" : "the quantizer's kernel",
                        reference);
                if (round > 0) {
                    ours.add(job.encoding());
                    whole.add(job.whole());
                    alone.add(reference);
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s, %d, %d tasks of %d threads, medians of %d: %.1f/s against %.1f/s, ratio %.2f, %.2f with listing"
                            + " and publishing; %s%n",
                    images ? "JPEGs of " + (least < side ? least + " to " : "") + side + " px" : "vectors",
                    count,
                    cores / perTask,
                    perTask,
                    rounds,
                    median(ours),
                    median(alone),
                    median(ours) / median(alone),
                    median(whole) / median(alone),
                    memory);
        }
        return 0;
    }

    /**
     * Of the job, a second.
     *
     * @param encoding from reading the first image to the last row written
     * @param whole from listing the lake to the manifest
     */
    private record Rates(double encoding, double whole) {}

    private Rates job(final SparkSession spark, final Path model, final Path lake, final int cores, final int atOnce)
            throws IOException {
        final Path codes = folder.resolve("codes");
        FileUtil.fullyDelete(codes.toFile());
        final long began = System.nanoTime();
        new EncodeJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(
                                null,
                                List.of(
                                        "seed=1",
                                        "model.path=" + model.toUri(),
                                        "codes.path=" + codes.toUri(),
                                        "encode.lake.path="
                                                + lake.resolve("lake").toUri(),
                                        "encode.lake.kind=" + (what == What.IMAGES ? "directory" : "vectors"),
                                        "resources.cores-per-executor=" + cores,
                                        "resources.tasks-per-executor=" + atOnce)),
                        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8)));
        final double seconds = (System.nanoTime() - began) / 1e9;
        final RunManifest run =
                new CodeTable(codes.toString(), new Configuration()).runs().get(0);
        if (run.encoded() != count) {
            throw new IllegalStateException("Of " + count + " only " + run.encoded() + " were encoded.");
        }
        return new Rates(count / (run.metrics().getOrDefault("encodeMillis", 0L) / 1000.0), count / seconds);
    }

    private static SharedModel open(final Path path, final int threads) {
        final Configuration hadoop = new Configuration();
        final ModelManifest manifest =
                ModelDirectory.open(path.toString(), hadoop).manifest();
        return Embedders.model(path.toString(), manifest.modelId(), Engine.ONNX, threads, hadoop);
    }

    /** The network alone, on tensors that are there, as many calls at once as the job has tasks. */
    private double network(final Path path, final Path lake, final int atOnce, final int perTask)
            throws IOException, ImageRejectedException, InterruptedException {
        final SharedModel model = open(path, perTask);
        final int size = batchSize(path, atOnce, perTask);
        final List<float[]> batches = tensors(model.reader(), lake, size);
        final int calls = Math.max(1, count / size / atOnce);
        final double seconds = together(atOnce, () -> {
            for (int call = 0; call < calls; call++) {
                model.embedder().embed(batches.get(call % batches.size()), size);
            }
        });
        return (double) size * calls * atOnce / seconds;
    }

    /** As the job chooses it. */
    private static int batchSize(final Path path, final int atOnce, final int perTask) {
        return BatchSize.from(DpqConfig.load(
                        null,
                        List.of(
                                "seed=1",
                                "resources.cores-per-executor=" + atOnce * perTask,
                                "resources.tasks-per-executor=" + atOnce)))
                .of(ModelDirectory.open(path.toString(), new Configuration()).manifest());
    }

    private static List<float[]> tensors(final InputReader reader, final Path lake, final int size)
            throws IOException, ImageRejectedException {
        final List<float[]> batches = new ArrayList<>();
        try (Stream<Path> files = Files.walk(lake.resolve("lake"))) {
            float[] batch = new float[size * reader.length()];
            int filled = 0;
            for (final Path file : files.filter(Files::isRegularFile)
                    .limit((long) PREPARED_BATCHES * size)
                    .toList()) {
                reader.read(Files.readAllBytes(file), batch, filled * reader.length());
                filled++;
                if (filled == size) {
                    batches.add(batch);
                    batch = new float[size * reader.length()];
                    filled = 0;
                }
            }
            if (batches.isEmpty()) {
                batches.add(batch);
            }
        }
        return batches;
    }

    /** Seconds that so many threads take, each for the same work. */
    private static double together(final int count, final Runnable work) throws InterruptedException {
        final List<Thread> running = new ArrayList<>();
        final long began = System.nanoTime();
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int i = 0; i < count; i++) {
            final Thread thread = new Thread(work);
            thread.setUncaughtExceptionHandler((failed, e) -> failure.compareAndSet(null, e));
            thread.start();
            running.add(thread);
        }
        for (final Thread thread : running) {
            thread.join();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("The reference failed.", failure.get());
        }
        return (System.nanoTime() - began) / 1e9;
    }

    /** The quantizer alone, as many threads as the job has tasks. */
    private double kernel(final Path path, final int cores) throws InterruptedException {
        final SharedModel model = open(path, 1);
        final int size = batchSize(path, cores, 1);
        final int levels = model.quantizer().codebooks().levels();
        final float[] vectors = BenchModels.draw(new Random(3), size);
        final int calls = Math.max(1, count / size / cores);
        final double seconds = together(cores, () -> {
            final short[] codes = new short[size * levels];
            for (int call = 0; call < calls; call++) {
                model.quantizer().encode(vectors, size, codes);
            }
        });
        return (double) size * calls * cores / seconds;
    }

    private static double median(final List<Double> values) {
        final double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}

package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelManifest;
import io.dpq.network.DpqNetwork;
import io.dpq.network.Embedders;
import io.dpq.network.NetworkZip;
import io.dpq.quantizer.Codebooks;
import io.dpq.storage.Hashes;
import io.dpq.train.data.TrainRow;
import io.dpq.train.data.TrainingData;
import io.dpq.train.data.ValidationRows;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Measures retrieval while training: images that training does not see ask for the images of a seeded sample of those it does.
 * The executors embed and rank. For one thread.
 */
final class Validation {
    private static final int TASKS_PER_CORE = 2;

    private final JavaSparkContext spark;
    private final TrainSettings settings;
    private final TrainingData data;
    private final ValidationRows queries;
    private final Learner learner;
    private final int sample;
    private final String fingerprint;

    /**
     * Of a training.
     *
     * @param data the images, which a published model is measured on
     * @param queries likewise
     * @param learner what is measured while it learns, on rows of its own
     */
    Validation(
            final JavaSparkContext spark,
            final TrainSettings settings,
            final TrainingData data,
            final ValidationRows queries,
            final Learner learner) {
        this.spark = spark;
        this.settings = settings;
        this.data = data;
        this.queries = queries;
        this.learner = learner;
        this.sample = settings.run().validation().databaseSample();
        final String database =
                data.index().digest(EmbeddingSample.keys(data, settings.dimensions(), settings.seed(), sample));
        this.fingerprint = Hashes.of(out -> {
            out.writeUTF(queries.index().digest());
            out.writeUTF(database);
        });
    }

    /** Of queries and database. */
    String fingerprint() {
        return fingerprint;
    }

    /**
     * Measures a network.
     *
     * @param joint whether its codebooks are of use yet
     */
    ValidationScores measure(final ComputationGraph graph, final boolean joint) {
        final Broadcast<byte[]> sent = spark.broadcast(NetworkZip.write(graph, false));
        try {
            return measure(
                    learner.data(),
                    learner.queries().orElse(queries),
                    new RowEmbedder(sent, learner.recipe(), settings.batchSize()),
                    settings.dimensions(),
                    joint ? DpqNetwork.codebooks(graph) : null);
        } finally {
            sent.destroy();
        }
    }

    /**
     * Measures a published model as a user of it would: by its encoder, its codebooks and its own way to decode.
     *
     * @throws UserException where it cannot be read by this release
     */
    ValidationScores measure(final ModelDirectory model, final String path, final int threads) {
        final ModelManifest manifest = model.manifest();
        Embedders.requireReadable(path, manifest.image());
        final PublishedEmbedder embedder = new PublishedEmbedder(
                path,
                manifest.modelId(),
                threads,
                // Of a network that sees both sides of an image, so that it holds no more than in training.
                manifest.image().mirror() ? Math.max(1, settings.batchSize() / 2) : settings.batchSize(),
                new SerializableConfiguration(spark.hadoopConfiguration()));
        return measure(data, queries, embedder, manifest.dimensions(), model.codebooks());
    }

    private ValidationScores measure(
            final TrainingData from,
            final ValidationRows by,
            final FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, EmbeddedRow> embedder,
            final int dimensions,
            final @Nullable Codebooks codebooks) {
        final EmbeddingSample database = EmbeddingSample.of(spark, from, embedder, dimensions, settings.seed(), sample);
        final RetrievalTask task = new RetrievalTask(
                LabelledVectors.of(database, from.index()), embed(by, embedder, dimensions), codebooks);
        final double[] means = means(task);
        final List<Double> levels = new ArrayList<>();
        for (int level = 1; level < means.length; level++) {
            levels.add(means[level]);
        }
        return new ValidationScores(
                means[0], List.copyOf(levels), queries.index().size(), database.count(), fingerprint);
    }

    private static LabelledVectors embed(
            final ValidationRows by,
            final FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, EmbeddedRow> embedder,
            final int dimensions) {
        final List<EmbeddedRow> rows =
                by.rows().map(row -> new Tuple2<>(0, row)).mapPartitions(embedder).collect().stream()
                        .sorted(Comparator.comparingLong(EmbeddedRow::key))
                        .toList();
        final float[] vectors = new float[Math.multiplyExact(rows.size(), dimensions)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i).embedding(), 0, vectors, i * dimensions, dimensions);
        }
        return new LabelledVectors(
                vectors, rows.stream().map(row -> by.index().labels(row.key())).toArray(int[][]::new));
    }

    /** In the order of the queries, so that the sums round alike every time. */
    private double[] means(final RetrievalTask task) {
        final Broadcast<RetrievalTask> sent = spark.broadcast(task);
        try {
            final List<double[]> precisions = spark.parallelize(
                            IntStream.range(0, task.queries()).boxed().toList(),
                            Math.min(task.queries(), TASKS_PER_CORE * spark.defaultParallelism()))
                    .map(query -> sent.value().precisions(query))
                    .collect();
            final double[] means = new double[precisions.get(0).length];
            for (final double[] query : precisions) {
                for (int i = 0; i < means.length; i++) {
                    means[i] += query[i];
                }
            }
            for (int i = 0; i < means.length; i++) {
                means[i] /= precisions.size();
            }
            return means;
        } finally {
            sent.destroy();
        }
    }
}

package io.dpq.train;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.train.data.SlotDealer;
import io.dpq.train.data.TrainRow;
import io.dpq.train.data.TrainingData;
import io.dpq.train.random.Permutation;
import io.dpq.train.random.Seeds;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Embeddings of a seeded sample of the training images, on the driver. The same rows and order whatever the partitioning. */
final class EmbeddingSample {
    private final long[] keys;
    private final float[] vectors;
    private final int count;
    private final double accuracy;

    private EmbeddingSample(final long[] keys, final float[] vectors, final int count, final double accuracy) {
        this.keys = keys;
        this.vectors = vectors;
        this.count = count;
        this.accuracy = accuracy;
    }

    /**
     * Embeds a sample.
     *
     * @param network the learner's, as bytes of network.zip
     * @param size images wanted; all are taken where there are fewer
     */
    static EmbeddingSample of(
            final JavaSparkContext spark,
            final Learner learner,
            final byte[] network,
            final TrainSettings settings,
            final int size) {
        final Broadcast<byte[]> sent = spark.broadcast(network);
        try {
            return of(
                    spark,
                    learner.data(),
                    new RowEmbedder(sent, learner.recipe(), settings.batchSize()),
                    settings.dimensions(),
                    settings.seed(),
                    size);
        } finally {
            sent.destroy();
        }
    }

    /**
     * Embeds the same sample in any way.
     *
     * @param embedder from numbered rows to their embeddings
     * @param dimensions length of those
     * @param seed of the sample
     * @param size images wanted; all are taken where there are fewer
     */
    static EmbeddingSample of(
            final JavaSparkContext spark,
            final TrainingData data,
            final FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, EmbeddedRow> embedder,
            final int dimensions,
            final long seed,
            final int size) {
        final int count = count(data, dimensions, size);
        final Broadcast<int[]> permutation = spark.broadcast(order(data, seed));
        try {
            final List<EmbeddedRow> rows = data
                    .rows()
                    .mapPartitionsToPair(new SlotDealer(data.keys(), permutation, count))
                    .mapPartitions(embedder)
                    .collect()
                    .stream()
                    .sorted(Comparator.comparingLong(EmbeddedRow::key))
                    .toList();
            final float[] vectors = new float[count * dimensions];
            for (int i = 0; i < count; i++) {
                System.arraycopy(rows.get(i).embedding(), 0, vectors, i * dimensions, dimensions);
            }
            final long[] keys = rows.stream().mapToLong(EmbeddedRow::key).toArray();
            final long right = rows.stream().filter(EmbeddedRow::right).count();
            final long labelled = Arrays.stream(keys)
                    .filter(key -> data.index().labels(key).length > 0)
                    .count();
            return new EmbeddingSample(keys, vectors, count, (double) right / labelled);
        } finally {
            permutation.destroy();
        }
    }

    /** Keys of a sample's rows in ascending order, without embedding them. */
    static long[] keys(final TrainingData data, final int dimensions, final long seed, final int size) {
        final int count = count(data, dimensions, size);
        final int[] order = order(data, seed);
        return IntStream.range(0, order.length)
                .filter(row -> order[row] < count)
                .mapToLong(row -> data.index().keys()[row])
                .toArray();
    }

    private static int count(final TrainingData data, final int dimensions, final int size) {
        return Math.min(Math.min(size, data.index().size()), (Integer.MAX_VALUE - 8) / dimensions);
    }

    private static int[] order(final TrainingData data, final long seed) {
        return Permutation.of(data.index().size(), Seeds.mix(seed, -1));
    }

    /** Keys of the rows, in their order. */
    long[] keys() {
        return keys;
    }

    /** Embeddings, row by row. */
    float[] vectors() {
        return vectors;
    }

    /** Images of the sample. */
    int count() {
        return count;
    }

    /** Share of the labelled images whose likeliest class is one of their labels; NaN where none is labelled. */
    double accuracy() {
        return accuracy;
    }

    /** Relative error of each prefix: the mean of ‖x − H_l‖² over the mean of ‖x‖², l = 1…L. */
    double[] hardErrors(final Codebooks codebooks) {
        final short[] codes = new short[count * codebooks.levels()];
        new ResidualEncoder(codebooks).encode(vectors, count, codes);
        final double[] errors = Reconstruction.meanSquaredErrors(codebooks, vectors, codes, count);
        return Arrays.stream(errors, 1, errors.length)
                .map(error -> error / errors[0])
                .toArray();
    }
}

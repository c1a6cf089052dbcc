package io.dpq.train;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/** Embeddings of a seeded sample of the training images, on the driver. The same rows and order whatever the partitioning. */
final class EmbeddingSample {
    private final float[] vectors;
    private final int count;
    private final double accuracy;

    private EmbeddingSample(final float[] vectors, final int count, final double accuracy) {
        this.vectors = vectors;
        this.count = count;
        this.accuracy = accuracy;
    }

    /**
     * Embeds a sample.
     *
     * @param network bytes of network.zip
     * @param size images wanted; all are taken where there are fewer
     */
    static EmbeddingSample of(
            final JavaSparkContext spark,
            final TrainingData data,
            final byte[] network,
            final BatchRecipe recipe,
            final TrainSettings settings,
            final int size) {
        final int count =
                Math.min(Math.min(size, data.summary().usable()), (Integer.MAX_VALUE - 8) / settings.dimensions());
        final Broadcast<byte[]> sent = spark.broadcast(network);
        final Broadcast<int[]> permutation =
                spark.broadcast(Permutation.of(data.summary().usable(), Seeds.mix(settings.seed(), -1)));
        try {
            final List<EmbeddedRow> rows = data
                    .rows()
                    .mapPartitionsToPair(new SlotDealer(data.keys(), permutation, count))
                    .mapPartitions(
                            new RowEmbedder(sent, recipe, settings.batchSize()))
                    .collect()
                    .stream()
                    .sorted(Comparator.comparingLong(EmbeddedRow::key))
                    .toList();
            final float[] vectors = new float[count * settings.dimensions()];
            for (int i = 0; i < count; i++) {
                System.arraycopy(rows.get(i).embedding(), 0, vectors, i * settings.dimensions(), settings.dimensions());
            }
            final long right = rows.stream().filter(EmbeddedRow::right).count();
            return new EmbeddingSample(vectors, count, (double) right / count);
        } finally {
            sent.destroy();
            permutation.destroy();
        }
    }

    /** Embeddings, row by row. */
    float[] vectors() {
        return vectors;
    }

    /** Images of the sample. */
    int count() {
        return count;
    }

    /** Share of images whose likeliest class is one of their labels. */
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

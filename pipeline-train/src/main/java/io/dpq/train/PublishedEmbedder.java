package io.dpq.train;

import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import io.dpq.network.SharedModel;
import io.dpq.train.data.TrainRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/** Embeds rows by a published model's own encoder, decoded as that model asks; classifies nothing. */
final class PublishedEmbedder implements FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, EmbeddedRow> {
    private static final long serialVersionUID = 1L;

    private final String path;
    private final String modelId;
    private final int threads;
    private final int batchSize;
    private final SerializableConfiguration hadoop;

    PublishedEmbedder(
            final String path,
            final String modelId,
            final int threads,
            final int batchSize,
            final SerializableConfiguration hadoop) {
        this.path = path;
        this.modelId = modelId;
        this.threads = threads;
        this.batchSize = batchSize;
        this.hadoop = hadoop;
    }

    @Override
    public Iterator<EmbeddedRow> call(final Iterator<Tuple2<Integer, TrainRow>> rows) {
        final List<EmbeddedRow> embedded = new ArrayList<>();
        if (!rows.hasNext()) {
            return embedded.iterator();
        }
        final SharedModel model = Embedders.model(path, modelId, Engine.ONNX, threads, hadoop.value());
        final InputReader reader = model.reader();
        final int length = reader.length();
        final float[] images = new float[Math.multiplyExact(batchSize, length)];
        final long[] keys = new long[batchSize];
        while (rows.hasNext()) {
            int count = 0;
            while (count < batchSize && rows.hasNext()) {
                final TrainRow row = rows.next()._2();
                try {
                    reader.read(row.content(), images, count * length);
                } catch (ImageRejectedException e) {
                    throw new IllegalStateException(
                            "The image " + row.id() + " cannot be decoded as the published model asks.", e);
                }
                keys[count++] = row.key();
            }
            // Always a full batch, as encode gives it: kernels may sum in another order for other sizes.
            Arrays.fill(images, count * length, images.length, 0);
            final float[] values = model.embedder().embed(images, batchSize);
            final int dimensions = model.embedder().dimensions();
            for (int i = 0; i < count; i++) {
                embedded.add(new EmbeddedRow(
                        keys[i], Arrays.copyOfRange(values, i * dimensions, (i + 1) * dimensions), false));
            }
        }
        return embedded.iterator();
    }
}

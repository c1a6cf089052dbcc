package io.dpq.train;

import io.dpq.image.ImageContract;
import io.dpq.model.OnnxEmbedder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Collectors;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/** Computes what the frozen part of a network yields of images, centred, a batch at a time. Runs on executors. */
final class FeatureTask implements FlatMapFunction<Iterator<TrainRow>, Row> {
    private static final long serialVersionUID = 1L;

    /** Labels are class indices, joined by commas; features are float32, little-endian. */
    static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("labels", DataTypes.StringType, false)
            .add("features", DataTypes.BinaryType, false);

    private final Broadcast<byte[]> onnx;
    private final BatchRecipe images;
    private final int side;
    private final int batchSize;
    private final int threads;

    /**
     * For one network.
     *
     * @param onnx the frozen part
     * @param images how images are decoded
     * @param contract of the images
     * @param threads that a task computes with
     */
    FeatureTask(
            final Broadcast<byte[]> onnx,
            final BatchRecipe images,
            final ImageContract contract,
            final int batchSize,
            final int threads) {
        this.onnx = onnx;
        this.images = images;
        this.side = contract.crop();
        this.batchSize = batchSize;
        this.threads = threads;
    }

    @Override
    public Iterator<Row> call(final Iterator<TrainRow> rows) {
        if (!rows.hasNext()) {
            return List.<Row>of().iterator();
        }
        final BatchRecipe.Kitchen kitchen = images.open();
        final OnnxEmbedder network = new OnnxEmbedder(onnx.value(), side, threads);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> network.close());
        return new Iterator<>() {
            private Iterator<Row> ready = List.<Row>of().iterator();

            @Override
            public boolean hasNext() {
                return ready.hasNext() || rows.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                if (!ready.hasNext()) {
                    final List<TrainRow> batch = new ArrayList<>();
                    while (batch.size() < batchSize && rows.hasNext()) {
                        batch.add(rows.next());
                    }
                    ready = features(network, kitchen.centred(batch), batch).iterator();
                }
                return ready.next();
            }
        };
    }

    private static List<Row> features(
            final OnnxEmbedder network, final float[] images, final List<TrainRow> batch) {
        final float[] features = network.embed(images, batch.size());
        final int length = network.dimensions();
        final List<Row> found = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            found.add(RowFactory.create(
                    batch.get(i).id(),
                    Arrays.stream(batch.get(i).labels())
                            .mapToObj(Integer::toString)
                            .collect(Collectors.joining(",")),
                    FeatureBytes.of(features, i * length, length)));
        }
        return found;
    }

    /** A stored row as training takes it. */
    static TrainRow read(final Row row) {
        final String labels = row.getAs("labels");
        return new TrainRow(
                row.getAs("id"),
                row.getAs("features"),
                labels.isEmpty()
                        ? new int[0]
                        : Arrays.stream(labels.split(",", -1))
                                .mapToInt(Integer::parseInt)
                                .toArray(),
                null);
    }
}

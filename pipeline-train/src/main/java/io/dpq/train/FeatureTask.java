package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import io.dpq.image.VectorContent;
import io.dpq.model.OnnxEmbedder;
import io.dpq.train.data.InputContract;
import io.dpq.train.data.TrainRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
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

    /** Labels are class indices; features are content as {@link VectorContent} writes it. */
    static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("labels", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
            .add("features", DataTypes.BinaryType, false);

    private final Broadcast<byte[]> onnx;
    private final InputContract contract;
    private final int side;
    private final int batchSize;
    private final int threads;

    /**
     * For one network.
     *
     * @param onnx the frozen part
     * @param contract how images are decoded
     * @param side pixels of the square input
     * @param threads that a task computes with
     */
    FeatureTask(
            final Broadcast<byte[]> onnx,
            final InputContract contract,
            final int side,
            final int batchSize,
            final int threads) {
        this.onnx = onnx;
        this.contract = contract;
        this.side = side;
        this.batchSize = batchSize;
        this.threads = threads;
    }

    @Override
    public Iterator<Row> call(final Iterator<TrainRow> rows) {
        if (!rows.hasNext()) {
            return List.<Row>of().iterator();
        }
        final InputReader reader = contract.reader();
        final OnnxEmbedder network = new OnnxEmbedder(onnx.value(), side, threads);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> network.close());
        final float[] images = new float[Math.multiplyExact(batchSize, reader.length())];
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
                    ready = batch(rows, reader, network, images).iterator();
                }
                return ready.next();
            }
        };
    }

    private List<Row> batch(
            final Iterator<TrainRow> rows, final InputReader reader, final OnnxEmbedder network, final float[] images) {
        final int length = reader.length();
        final List<TrainRow> batch = new ArrayList<>();
        while (batch.size() < batchSize && rows.hasNext()) {
            final TrainRow row = rows.next();
            try {
                reader.read(row.content(), images, batch.size() * length);
            } catch (ImageRejectedException e) {
                throw new IllegalStateException("The image " + row.id() + " could be decoded before but not now.", e);
            }
            batch.add(row);
        }
        // Always a full batch: kernels may sum in another order for other sizes, and features computed again must be
        // the same.
        Arrays.fill(images, batch.size() * length, images.length, 0);
        final float[] features = network.embed(images, batchSize);
        return IntStream.range(0, batch.size())
                .mapToObj(i -> row(
                        batch.get(i),
                        Arrays.copyOfRange(features, i * network.dimensions(), (i + 1) * network.dimensions())))
                .toList();
    }

    private static Row row(final TrainRow image, final float[] features) {
        for (final float value : features) {
            if (!Float.isFinite(value)) {
                throw UserException.data("The frozen layers yield " + value + " of the image " + image.id()
                        + "; remove the image, or correct backbone.weights or the image section.");
            }
        }
        return RowFactory.create(image.id(), image.labels(), VectorContent.write(features));
    }

    /** A stored row as training takes it. */
    static TrainRow read(final Row row) {
        return new TrainRow(
                row.getAs("id"),
                row.getAs("features"),
                row.<Integer>getList(row.fieldIndex("labels")).stream()
                        .mapToInt(Integer::intValue)
                        .toArray(),
                null);
    }
}

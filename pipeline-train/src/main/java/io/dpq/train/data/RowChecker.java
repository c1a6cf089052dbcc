package io.dpq.train.data;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * Turns lake rows into training rows, decoding each image once: what cannot be decoded must be known before the first round,
 * since every worker is promised equally many images.
 */
final class RowChecker implements FlatMapFunction<Iterator<Row>, TrainRow> {
    private static final long serialVersionUID = 1L;
    private static final byte[] NOTHING = {};

    private final InputContract contract;
    private final List<String> classes;

    RowChecker(final InputContract contract, final List<String> classes) {
        this.contract = contract;
        this.classes = classes;
    }

    @Override
    public Iterator<TrainRow> call(final Iterator<Row> rows) {
        final InputReader reader = contract.reader();
        final float[] input = new float[reader.length()];
        final long maxBytes = contract.maxBytes();
        final Map<String, Integer> indices =
                IntStream.range(0, classes.size()).boxed().collect(Collectors.toMap(classes::get, Function.identity()));
        final Iterable<Row> once = () -> rows;
        return StreamSupport.stream(once.spliterator(), false)
                .map(row -> check(row, reader, input, maxBytes, indices))
                .iterator();
    }

    private static TrainRow check(
            final Row row,
            final InputReader reader,
            final float[] input,
            final long maxBytes,
            final Map<String, Integer> indices) {
        final String id = row.getAs("id");
        final byte @Nullable [] content = row.getAs("content");
        final @Nullable List<String> names =
                row.isNullAt(row.fieldIndex("labels")) ? null : row.getList(row.fieldIndex("labels"));
        final int[] labels = (names == null ? Stream.<String>empty() : names.stream())
                // Images to validate on may show classes that none is trained on, which nothing is relevant by.
                .filter(indices::containsKey)
                .mapToInt(indices::get)
                .sorted()
                .distinct()
                .toArray();
        if (content == null) {
            final ImageRejectedException.Reason reason =
                    ImageRejectedException.Reason.ofMissingContent(row.getAs("length"), maxBytes);
            if (reason == ImageRejectedException.Reason.UNREADABLE) {
                // That says nothing of the image: without it this would be another training, which no resume could
                // continue.
                throw UserException.data("The image " + id + " cannot be read (" + row.getAs("error")
                        + "); run train again if the storage had failed, or else mend or remove the image.");
            }
            return new TrainRow(id, NOTHING, labels, reason.name());
        }
        try {
            reader.read(content, input, 0);
            return new TrainRow(id, content, labels, null);
        } catch (ImageRejectedException e) {
            return new TrainRow(id, NOTHING, labels, e.reason().name());
        }
    }
}

package io.dpq.train.data;

import io.dpq.storage.Hashes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import scala.Tuple2;

/** What the driver keeps of rows: keys in ascending order, each with its labels and a hash of its content. Immutable. */
public final class RowIndex {
    private final List<String> classes;
    private final long[] keys;
    private final int[][] labels;
    private final long[] contents;

    private RowIndex(final List<String> classes, final long[] keys, final int[][] labels, final long[] contents) {
        this.classes = classes;
        this.keys = keys;
        this.labels = labels;
        this.contents = contents;
    }

    /**
     * Sorts rows.
     *
     * @param facts rows without content, and the hashes of their contents
     * @param classes class names, which labels are indices into
     */
    public static RowIndex of(final List<Tuple2<TrainRow, Long>> facts, final List<String> classes) {
        final List<Tuple2<Long, Tuple2<TrainRow, Long>>> sorted = facts.stream()
                .map(fact -> new Tuple2<>(fact._1().key(), fact))
                .sorted(Comparator.comparingLong(Tuple2::_1))
                .toList();
        return new RowIndex(
                classes,
                sorted.stream().mapToLong(Tuple2::_1).toArray(),
                sorted.stream().map(row -> row._2()._1().labels()).toArray(int[][]::new),
                sorted.stream().mapToLong(row -> row._2()._2()).toArray());
    }

    /** Those rows that have a label. */
    RowIndex labelled() {
        final int[] rows = IntStream.range(0, keys.length)
                .filter(row -> labels[row].length > 0)
                .toArray();
        return new RowIndex(
                classes,
                Arrays.stream(rows).mapToLong(row -> keys[row]).toArray(),
                Arrays.stream(rows).mapToObj(row -> labels[row]).toArray(int[][]::new),
                Arrays.stream(rows).mapToLong(row -> contents[row]).toArray());
    }

    /** Rows. */
    public int size() {
        return keys.length;
    }

    /** Keys in ascending order; not to be changed. */
    public long[] keys() {
        return keys;
    }

    /** Class indices of a row, ascending; not to be changed. */
    public int[] labels(final long key) {
        return labels[Arrays.binarySearch(keys, key)];
    }

    /** A hash of ids, labels and contents of all rows. */
    public String digest() {
        return digest(keys);
    }

    /** A hash of ids, labels and contents of some rows. */
    public String digest(final long[] some) {
        return Hashes.of(out -> {
            for (final long key : some) {
                final int row = Arrays.binarySearch(keys, key);
                out.writeLong(key);
                out.writeLong(contents[row]);
                out.writeInt(labels[row].length);
                for (final int label : labels[row]) {
                    final byte[] name = classes.get(label).getBytes(StandardCharsets.UTF_8);
                    out.writeInt(name.length);
                    out.write(name);
                }
            }
        });
    }
}

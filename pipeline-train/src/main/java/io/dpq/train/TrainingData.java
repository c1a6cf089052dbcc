package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import io.dpq.lake.Lake;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;

/**
 * The training images of a lake: checked once, then held by the executors as encoded bytes, in memory and where that is short
 * on disk. Tensors are made on the workers, batch by batch; they are fifty times larger.
 */
final class TrainingData implements AutoCloseable {
    /** Above this share of undecodable images something is wrong with the lake rather than with an image. */
    private static final double MAX_REJECTED = 0.05;

    private static final int EXAMPLES = 5;
    private static final int PARTITIONS_PER_SLOT = 3;
    private static final long MIB = 1L << 20;
    private static final long MAX_PARTITION = 64 * MIB;

    private final List<String> classes;
    private final JavaRDD<TrainRow> checked;
    private final DataSummary summary;
    private final Broadcast<long[]> keys;

    private TrainingData(
            final List<String> classes,
            final JavaRDD<TrainRow> checked,
            final DataSummary summary,
            final Broadcast<long[]> keys) {
        this.classes = classes;
        this.checked = checked;
        this.summary = summary;
        this.keys = keys;
    }

    /**
     * Reads and checks a lake.
     *
     * @param where the lake's path, for messages
     * @param say takes a line of progress before the long part begins
     * @throws UserException where there are no labels, too many images cannot be decoded, or a class has none left
     */
    static TrainingData load(
            final JavaSparkContext spark,
            final Lake lake,
            final String where,
            final ImageContract contract,
            final Consumer<String> say) {
        final Dataset<Row> listing = lake.listing();
        final List<String> classes = classes(listing, where);
        say.accept("reading and checking " + listing.count() + " images");
        final JavaRDD<TrainRow> checked = lake.read(listing, partitionBytes(spark, listing), contract.maxBytes())
                .toJavaRDD()
                .mapPartitions(new RowChecker(contract, classes))
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        spark.sc().setJobDescription("train: read and check the images");
        final List<TrainRow> facts = checked.map(TrainRow::withoutContent).collect();
        final DataSummary summary = summarise(facts, classes);
        refuse(summary, where);
        final long[] keys = facts.stream()
                .filter(row -> row.rejection() == null)
                .mapToLong(TrainRow::key)
                .sorted()
                .toArray();
        if (Arrays.stream(keys).distinct().count() != keys.length) {
            throw UserException.data("The lake " + where + " holds an id twice; give every image an id of its own.");
        }
        return new TrainingData(classes, checked, summary, spark.broadcast(keys));
    }

    private static List<String> classes(final Dataset<Row> listing, final String where) {
        final List<String> classes = listing
                .select(functions.explode(listing.col("labels")))
                .distinct()
                .as(Encoders.STRING())
                .collectAsList()
                .stream()
                .sorted()
                .collect(Collectors.toList());
        if (classes.size() < 2) {
            throw UserException.data("The images below " + where + " show " + classes.size()
                    + " classes but training needs two or more; put the images of each class in a folder of its own or name"
                    + " the labels in train.lake.list.");
        }
        return classes;
    }

    private static long partitionBytes(final JavaSparkContext spark, final Dataset<Row> listing) {
        final Row total = listing.agg(functions.sum("length")).first();
        final long bytes = total.isNullAt(0) ? 0 : total.getLong(0);
        final long even = bytes / ((long) PARTITIONS_PER_SLOT * spark.defaultParallelism()) + 1;
        return Math.max(1, Math.min(MAX_PARTITION, even));
    }

    static DataSummary summarise(final List<TrainRow> rows, final List<String> classes) {
        final Map<String, Integer> skipped = new TreeMap<>();
        final int[] counts = new int[classes.size()];
        int unlabelled = 0;
        for (final TrainRow row : rows) {
            if (row.rejection() != null) {
                skipped.merge(row.rejection(), 1, Integer::sum);
            } else {
                Arrays.stream(row.labels()).forEach(label -> counts[label]++);
                unlabelled += row.labels().length == 0 ? 1 : 0;
            }
        }
        final Map<String, Integer> perClass = new LinkedHashMap<>();
        for (int label = 0; label < counts.length; label++) {
            perClass.put(classes.get(label), counts[label]);
        }
        final List<String> examples = rows.stream()
                .filter(row -> row.rejection() != null)
                .map(row -> row.id() + " (" + Objects.requireNonNull(row.rejection()) + ")")
                .sorted()
                .limit(EXAMPLES)
                .toList();
        final boolean several = rows.stream().anyMatch(row -> row.labels().length > 1);
        return new DataSummary(rows.size(), skipped, examples, perClass, unlabelled, several);
    }

    static void refuse(final DataSummary summary, final String where) {
        if (summary.rejected() > MAX_REJECTED * summary.listed()) {
            throw UserException.data(summary.rejected() + " of " + summary.listed() + " images below " + where
                    + " cannot be decoded, more than the " + Math.round(100 * MAX_REJECTED)
                    + " % that training passes over, for instance " + String.join(", ", summary.examples())
                    + "; mend or remove them.");
        }
        summary.perClass().forEach((name, count) -> {
            if (count == 0) {
                throw UserException.data("None of the images of class '" + name + "' below " + where
                        + " can be decoded; mend them or remove the class.");
            }
        });
    }

    /** Class names, sorted; a label is an index into them. */
    List<String> classes() {
        return classes;
    }

    /** What there is. */
    DataSummary summary() {
        return summary;
    }

    /** The usable rows, in no particular order. */
    JavaRDD<TrainRow> rows() {
        return checked.filter(row -> row.rejection() == null);
    }

    /** Keys of the usable rows in ascending order: the position of a row's key is the row's number. */
    Broadcast<long[]> keys() {
        return keys;
    }

    /** The same rows with other contents, which belong to whoever made them. */
    TrainingData with(final JavaRDD<TrainRow> rows) {
        return new TrainingData(classes, rows, summary, keys);
    }

    @Override
    public void close() {
        checked.unpersist(false);
        keys.unpersist();
    }
}

package io.dpq.train.data;

import io.dpq.config.UserException;
import io.dpq.lake.Lake;
import io.dpq.lake.Partitions;
import io.dpq.storage.Hashes;
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
import scala.Tuple2;

/**
 * The training images of a lake: checked once, then held by the executors as encoded bytes, in memory and where that is short
 * on disk. Tensors are made on the workers, batch by batch; they are fifty times larger.
 */
public final class TrainingData implements AutoCloseable {
    /** Above this share of undecodable images something is wrong with the lake rather than with an image. */
    private static final double MAX_REJECTED = 0.05;

    private static final int EXAMPLES = 5;
    private static final int PARTITIONS_PER_SLOT = 3;
    private static final long MIB = 1L << 20;
    private static final long MAX_PARTITION = 64 * MIB;

    private final List<String> classes;
    private final JavaRDD<TrainRow> checked;
    private final double heldOut;
    private final DataSummary summary;
    private final RowIndex index;
    private final RowIndex heldOutIndex;
    private final Broadcast<long[]> keys;

    private TrainingData(
            final List<String> classes,
            final JavaRDD<TrainRow> checked,
            final double heldOut,
            final DataSummary summary,
            final RowIndex index,
            final RowIndex heldOutIndex,
            final Broadcast<long[]> keys) {
        this.classes = classes;
        this.checked = checked;
        this.heldOut = heldOut;
        this.summary = summary;
        this.index = index;
        this.heldOutIndex = heldOutIndex;
        this.keys = keys;
    }

    /**
     * Reads and checks a lake.
     *
     * @param where the lake's path, for messages
     * @param heldOut share of the images that is kept from training, to validate on
     * @param say takes a line of progress before the long part begins
     * @throws UserException where there are no labels, too many images cannot be decoded, or a class has none left
     */
    public static TrainingData load(
            final JavaSparkContext spark,
            final Lake lake,
            final String where,
            final InputContract contract,
            final double heldOut,
            final Consumer<String> say) {
        final Dataset<Row> listing = lake.listing();
        final List<String> classes = contract.labelled() ? classes(listing, where) : List.of();
        say.accept("reading and checking " + listing.count() + " images");
        final JavaRDD<TrainRow> checked = lake.read(listing, partitions(spark), contract.maxBytes())
                .toJavaRDD()
                .mapPartitions(new RowChecker(contract, classes))
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        spark.sc().setJobDescription("dpq train: read and check the images");
        final List<Tuple2<TrainRow, Long>> facts = facts(checked);
        refuse(summarise(facts.stream().map(Tuple2::_1).toList(), classes), where);
        final RowIndex index = RowIndex.of(usable(facts, heldOut, false), classes);
        final RowIndex heldOutIndex = RowIndex.of(usable(facts, heldOut, true), classes);
        if (Arrays.stream(index.keys()).distinct().count()
                        + Arrays.stream(heldOutIndex.keys()).distinct().count()
                != index.size() + heldOutIndex.size()) {
            throw UserException.data("The lake " + where + " holds an id twice; give every image an id of its own.");
        }
        final DataSummary summary = summarise(
                facts.stream()
                        .map(Tuple2::_1)
                        .filter(row -> row.rejection() != null || !HeldOut.contains(row.key(), heldOut))
                        .toList(),
                classes);
        summary.perClass().forEach((name, count) -> {
            if (count == 0) {
                throw UserException.usage("train.validation.fraction is " + heldOut + ", which leaves class '" + name
                        + "' no image to learn from; lower it.");
            }
        });
        return new TrainingData(classes, checked, heldOut, summary, index, heldOutIndex, spark.broadcast(index.keys()));
    }

    /** Rows without content, and hashes of their contents. */
    static List<Tuple2<TrainRow, Long>> facts(final JavaRDD<TrainRow> checked) {
        return checked.map(row -> new Tuple2<>(row.withoutContent(), row.contentHash()))
                .collect();
    }

    private static List<Tuple2<TrainRow, Long>> usable(
            final List<Tuple2<TrainRow, Long>> facts, final double heldOut, final boolean held) {
        return facts.stream()
                .filter(fact -> fact._1().rejection() == null)
                .filter(fact -> HeldOut.contains(fact._1().key(), heldOut) == held)
                .toList();
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
                    + " classes but training needs two or more; put the images of each class in a folder of its own, name"
                    + " the labels in train.lake.list, or set loss.margin, loss.classification,"
                    + " loss.prefix-classification, loss.retrieval and loss.prefix-retrieval to 0 to learn without"
                    + " labels.");
        }
        return classes;
    }

    /** Partitions that keep all cores busy, each of which is embedded by a network of its own, and none too large to cache. */
    static Partitions partitions(final JavaSparkContext spark) {
        return Partitions.even(PARTITIONS_PER_SLOT * spark.defaultParallelism(), MAX_PARTITION);
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

    /** Refuses a lake of which too much cannot be decoded. */
    static void refuseDamage(final DataSummary summary, final String where) {
        if (summary.rejected() > MAX_REJECTED * summary.listed()) {
            throw UserException.data(summary.rejected() + " of " + summary.listed() + " images below " + where
                    + " cannot be decoded, more than the " + Math.round(100 * MAX_REJECTED)
                    + " % that training passes over, for instance " + String.join(", ", summary.examples())
                    + "; mend or remove them.");
        }
    }

    private static void refuse(final DataSummary summary, final String where) {
        refuseDamage(summary, where);
        summary.perClass().forEach((name, count) -> {
            if (count == 0) {
                throw UserException.data("None of the images of class '" + name + "' below " + where
                        + " can be decoded; mend them or remove the class.");
            }
        });
    }

    /** Class names, sorted; a label is an index into them. */
    public List<String> classes() {
        return classes;
    }

    /** What there is. */
    public DataSummary summary() {
        return summary;
    }

    /** The usable rows to learn from, in no particular order. */
    public JavaRDD<TrainRow> rows() {
        return select(false);
    }

    /** The usable rows that training does not see. */
    JavaRDD<TrainRow> heldOutRows() {
        return select(true);
    }

    private JavaRDD<TrainRow> select(final boolean held) {
        final double share = heldOut;
        return usableRows().filter(row -> HeldOut.contains(row.key(), share) == held);
    }

    /** All usable rows, those that training does not see included. */
    public JavaRDD<TrainRow> usableRows() {
        return checked.filter(row -> row.rejection() == null);
    }

    /** A hash of ids, labels and contents of all usable rows. */
    public String digest() {
        return Hashes.of(out -> {
            out.writeUTF(index.digest());
            out.writeUTF(heldOutIndex.digest());
        });
    }

    /** The same rows with other contents; what is held here stays this object's to close. */
    public TrainingData with(final JavaRDD<TrainRow> contents) {
        return new TrainingData(classes, contents, heldOut, summary, index, heldOutIndex, keys);
    }

    /** What the driver knows of {@link #rows()}. */
    public RowIndex index() {
        return index;
    }

    /** What the driver knows of {@link #heldOutRows()}. */
    public RowIndex heldOutIndex() {
        return heldOutIndex;
    }

    /** Keys of the usable rows in ascending order: the position of a row's key is the row's number. */
    public Broadcast<long[]> keys() {
        return keys;
    }

    @Override
    public void close() {
        checked.unpersist(false);
        keys.unpersist();
    }
}

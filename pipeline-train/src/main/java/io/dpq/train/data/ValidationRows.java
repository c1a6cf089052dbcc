package io.dpq.train.data;

import io.dpq.config.UserException;
import io.dpq.lake.Lake;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * The images that a training is measured on and does not learn from, held by the executors. Of the training lake's own, an image
 * without a label asks for nothing, so it is none of them.
 */
public final class ValidationRows implements AutoCloseable {
    private final JavaRDD<TrainRow> rows;
    private final RowIndex index;
    private final @Nullable JavaRDD<TrainRow> cached;

    private ValidationRows(
            final JavaRDD<TrainRow> rows, final RowIndex index, final @Nullable JavaRDD<TrainRow> cached) {
        this.rows = rows;
        this.index = index;
        this.cached = cached;
    }

    /**
     * The labelled ones of the share of a training lake that was held out.
     *
     * @throws UserException where it is empty
     */
    public static ValidationRows heldOut(final TrainingData data, final double fraction) {
        final RowIndex labelled = data.heldOutIndex().labelled();
        if (labelled.size() == 0) {
            throw UserException.usage("train.validation.fraction is " + fraction + ", which holds none of "
                    + data.index().size() + (data.heldOutIndex().size() == 0 ? " images" : " images with a label")
                    + " out; raise it.");
        }
        return new ValidationRows(data.heldOutRows().filter(TrainRow::isLabelled), labelled, null);
    }

    /**
     * All images of another lake; labels that no training image has are left out, since nothing can be relevant by them, and an
     * image that is left without one finds nothing.
     *
     * @param where the lake's path, for messages
     * @param classes of the training
     * @throws UserException where too many images cannot be decoded, or none has a label of the training's
     */
    public static ValidationRows of(
            final JavaSparkContext spark,
            final Lake lake,
            final String where,
            final InputContract contract,
            final List<String> classes,
            final Consumer<String> say) {
        final Dataset<Row> listing = lake.listing();
        say.accept("reading and checking " + listing.count() + " images to validate on");
        final JavaRDD<TrainRow> checked = lake.read(listing, TrainingData.partitions(spark), contract.maxBytes())
                .toJavaRDD()
                .mapPartitions(new RowChecker(contract, classes))
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        spark.sc().setJobDescription("dpq train: read and check the images to validate on");
        final List<Tuple2<TrainRow, Long>> facts = TrainingData.facts(checked);
        final DataSummary summary =
                TrainingData.summarise(facts.stream().map(Tuple2::_1).toList(), classes);
        TrainingData.refuseDamage(summary, where);
        if (summary.usable() == summary.unlabelled()) {
            throw UserException.data("No image of the validation lake " + where
                    + " has a label that the training images have; correct train.validation.lake.");
        }
        if (summary.unlabelled() > 0) {
            say.accept(summary.unlabelled() + " of them have no label that the training images have and find nothing");
        }
        return new ValidationRows(
                checked.filter(row -> row.rejection() == null),
                RowIndex.of(
                        facts.stream()
                                .filter(fact -> fact._1().rejection() == null)
                                .toList(),
                        classes),
                checked);
    }

    /** Whether they are of the training lake. */
    public boolean isHeldOut() {
        return cached == null;
    }

    /** The same rows with other contents; what is held here stays this object's to close. */
    public ValidationRows with(final JavaRDD<TrainRow> contents) {
        return new ValidationRows(contents, index, null);
    }

    /** The usable rows, in no particular order. */
    public JavaRDD<TrainRow> rows() {
        return rows;
    }

    /** What the driver knows of them. */
    public RowIndex index() {
        return index;
    }

    @Override
    public void close() {
        if (cached != null) {
            cached.unpersist(false);
        }
    }
}

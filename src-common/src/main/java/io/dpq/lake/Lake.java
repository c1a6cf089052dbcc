package io.dpq.lake;

import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A source of images, or of vectors, as rows {@code id STRING, labels ARRAY<STRING> (null where unknown), length LONG, content
 * BINARY (null where it cannot be had), error STRING (why not)}. Content is an encoded image, or the D little-endian float32 of a
 * vector ({@link io.dpq.image.VectorContent}). An id is stable across runs and unique in the lake: a path relative to the lake's root with
 * forward slashes, the id that a record was stored with, or the path of its file and its number in it.
 */
public interface Lake {
    /**
     * Opens a lake; a missing path, an empty lake, a file that is damaged so that its records cannot be told, or an id that
     * comes twice is a {@link io.dpq.config.UserException} that says so.
     */
    static Lake open(final SparkSession spark, final LakeSettings settings) {
        return switch (settings.kind()) {
            case DIRECTORY -> DirectoryLake.open(spark, settings);
            case PARQUET -> RecordLake.open(spark, settings, new ParquetFormat(settings.columns(), false));
            case WEBDATASET ->
                RecordLake.open(spark, settings, new WebDatasetFormat(settings.labelMembers(), settings.labelField()));
            case SEQUENCE -> RecordLake.open(spark, settings, new SequenceFormat());
            case CIFAR -> RecordLake.open(spark, settings, new CifarFormat());
            case VECTORS -> RecordLake.open(spark, settings, new VectorsFormat(settings.columns()));
        };
    }

    /**
     * The rows of any table with columns {@code id} and {@code labels} that the list of {@code settings} names, with the labels it
     * gives; all as they are where there is no list. A listed id that the table lacks is a {@link
     * io.dpq.config.UserException}.
     */
    static Dataset<Row> listed(final SparkSession spark, final Dataset<Row> table, final LakeSettings settings) {
        return settings.list()
                .map(list -> ListFile.restrict(table, ListFile.read(spark, settings, list), settings, list))
                .orElse(table);
    }

    /**
     * What is there, without content: rows {@code id, labels, length}, {@code modified LONG} where the lake knows when an
     * image was last modified (milliseconds since 1970), and columns that belong to the kind of lake, in no
     * particular order. The length is that of the content, or for compressed files about that. Listed once and kept by the
     * executors; a selection of its rows is a listing, too.
     */
    Dataset<Row> listing();

    /** Whether the listing tells lengths to the byte, so that another length is another content. */
    boolean hasExactLengths();

    /**
     * Rows {@code id, labels, length, content, error, modified, listed} for the given listing rows, cut into partitions as
     * asked, read on the executors. The length is that of the content, {@code modified} and {@code listed LONG} are the time and
     * the length that the listing told. What cannot be read yields a row whose content is null and
     * whose column {@code error STRING} says why; it is null elsewhere. So it is with content longer than {@code maxBytes}.
     *
     * @param listing rows of {@link #listing()} with all their columns
     * @param maxBytes longest content to read, at least 0
     */
    default Dataset<Row> read(final Dataset<Row> listing, final Partitions partitions, final long maxBytes) {
        return listing.sparkSession().createDataFrame(rows(listing, partitions, maxBytes), LakeRows.CONTENT);
    }

    /** The rows of {@link #read}, for tasks that take them as they are: Spark SQL would copy every content several times. */
    JavaRDD<Row> rows(Dataset<Row> listing, Partitions partitions, long maxBytes);

    /**
     * A lake as a whole.
     *
     * @param count images in it
     * @param rows as of {@link #rows}, of all of them; the content of a vector is valid until the next row is asked for
     */
    record Whole(long count, JavaRDD<Row> rows) {}

    /**
     * The whole lake, where it can be had without listing every image and shuffling its line. Reading it fails with a {@link
     * io.dpq.config.UserException} where a file does not hold the images any more that it held at this call.
     */
    default Optional<Whole> whole(final Partitions partitions, final long maxBytes) {
        return Optional.empty();
    }
}

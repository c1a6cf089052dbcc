package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Image files in folders of any depth on any Hadoop file system. A file's label is its parent folder's name, unless a list
 * file says otherwise; files directly under the root have none. Every regular file counts (what is no image is told by its
 * bytes, later, and reported), but for names that start with '_' or '.', and what is below such folders.
 */
final class DirectoryLake implements Lake {
    /** From this many listed files in one folder, one listing of the folder is cheaper than asking for each. */
    private static final int ASK_EACH = 16;

    private static final Column FOLDER = functions.regexp_extract(functions.col("id"), "^(.*)/[^/]*$", 1);

    /** Opening, decoding and embedding a small file costs about as much as reading this many bytes. */
    static final long FILE_COST = 64 * 1024;

    private final LakeRoot root;
    private final Dataset<Row> listing;

    private DirectoryLake(final LakeRoot root, final Dataset<Row> listing) {
        this.root = root;
        this.listing = listing;
    }

    static Lake open(final SparkSession spark, final LakeSettings settings) {
        final String key = settings.section() + ".path";
        final LakeRoot.Found found = LakeRoot.find(spark.sparkContext().hadoopConfiguration(), settings);
        if (!found.status().isDirectory()) {
            throw UserException.data("The lake " + settings.path() + " is a file; set " + key + " to its folder.");
        }
        final Dataset<Row> listing = settings.list()
                .map(list -> chosen(spark, settings, found.root(), list))
                .orElseGet(() -> labelled(
                        new FolderListing(spark, new FolderLister(found.root(), settings.section(), false)).files()));
        if (listing.isEmpty()) {
            throw UserException.data("The lake " + settings.path() + " holds no files; set " + key
                    + " to a folder with images in it or below it.");
        }
        return new DirectoryLake(found.root(), listing);
    }

    /** Files as rows {@code id, labels, length, modified}. */
    private static Dataset<Row> labelled(final Dataset<Row> files) {
        final Column parts = functions.split(functions.col("path"), "/");
        return files.select(
                functions.col("path").as("id"),
                functions
                        .when(functions.size(parts).gt(1), functions.array(functions.element_at(parts, -2)))
                        .as("labels"),
                functions.col("length"),
                functions.col("modified"));
    }

    private static Dataset<Row> chosen(
            final SparkSession spark, final LakeSettings settings, final LakeRoot root, final String list) {
        final Dataset<Row> entries = ListFile.read(spark, settings, list);
        final Dataset<Row> folders = entries.groupBy(FOLDER.as("folder")).count();
        final JavaRDD<String> large = folders.filter(functions.col("count").geq(ASK_EACH))
                .select("folder")
                .as(Encoders.STRING())
                .javaRDD();
        final Dataset<Row> single = entries.withColumn("folder", FOLDER)
                .join(folders.filter(functions.col("count").lt(ASK_EACH)), "folder")
                .select("id");
        final String section = settings.section();
        final FlatMapFunction<Row, Row> ask = row -> length(root, row.getString(0), section);
        final Dataset<Row> files = new FolderListing(spark, new FolderLister(root, settings.section(), true))
                .inside(large)
                .union(spark.createDataFrame(single.javaRDD().flatMap(ask), LakeRows.FILES));
        return ListFile.restrict(labelled(files), entries, settings, list);
    }

    private static Iterator<Row> length(final LakeRoot root, final String id, final String section) {
        try {
            final FileStatus status = root.fileSystem().getFileStatus(root.below(id));
            return status.isFile()
                    ? List.of(RowFactory.create(id, status.getLen(), status.getModificationTime()))
                            .iterator()
                    : List.<Row>of().iterator();
        } catch (final FileNotFoundException e) {
            // Without a row here it is told as missing.
            return List.<Row>of().iterator();
        } catch (final IOException e) {
            throw UserException.data(
                    "The file " + root.below(id) + " cannot be looked at (" + e.getMessage() + "); check " + section
                            + ".list.",
                    e);
        }
    }

    @Override
    public Dataset<Row> listing() {
        return listing;
    }

    @Override
    public boolean hasExactLengths() {
        return true;
    }

    @Override
    public JavaRDD<Row> rows(final Dataset<Row> listed, final Partitions partitions, final long maxBytes) {
        final JavaRDD<Row> planned = ReadPlan.ofRows(FILE_COST, "id")
                .cut(listed.select("id", "labels", "length", "modified"), partitions, maxBytes);
        final FileReading reading = new FileReading(root, maxBytes);
        return planned.map(reading::row);
    }
}

package io.dpq.lake;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Image files in folders of any depth on any Hadoop file system. A file's label is its parent folder's name, unless a list
 * file says otherwise; files directly under the root have none. Every regular file counts (what is no image is told by its
 * bytes, later, and reported), but for names that start with '_' or '.', and what is below such folders. The driver lists, and
 * holds every id, its labels and its length: some 200 bytes a file of its heap.
 */
final class DirectoryLake implements Lake {
    private static final StructType FACTS = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("labels", DataTypes.createArrayType(DataTypes.StringType, false), true)
            .add("length", DataTypes.LongType, false);
    static final StructType LISTING = FACTS.add("modified", DataTypes.LongType, false);
    static final StructType CONTENT =
            FACTS.add("content", DataTypes.BinaryType, true).add("error", DataTypes.StringType, true);

    /** Rows of the listing a Spark partition holds: small enough to ship, large enough not to matter. */
    private static final int LISTING_ROWS = 50_000;

    private final SparkSession spark;
    private final Path root;
    private final Dataset<Row> listing;

    private DirectoryLake(final SparkSession spark, final Path root, final Dataset<Row> listing) {
        this.spark = spark;
        this.root = root;
        this.listing = listing;
    }

    static Lake open(final SparkSession spark, final LakeSettings settings) {
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final DirectoryListing.Result found = DirectoryListing.list(hadoop, settings);
        final List<Row> rows = new ArrayList<>(found.files().size());
        for (final ListedFile file : found.files()) {
            rows.add(file.row());
        }
        // An RDD, not a local relation: the optimizer would carry every row along in each of its plans.
        final JavaRDD<Row> parallel = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(rows, 1 + (rows.size() - 1) / LISTING_ROWS);
        return new DirectoryLake(spark, found.root(), spark.createDataFrame(parallel, LISTING));
    }

    @Override
    public Dataset<Row> listing() {
        return listing;
    }

    @Override
    public Dataset<Row> read(final Dataset<Row> listed, final long partitionBytes, final long maxBytes) {
        final JavaRDD<Row> planned = ReadPlan.cut(listed.select("id", "labels", "length"), partitionBytes, maxBytes);
        final FileReading reading =
                new FileReading(root.toString(), maxBytes, spark.sparkContext().hadoopConfiguration());
        return spark.createDataFrame(planned.map(reading::row), CONTENT);
    }
}

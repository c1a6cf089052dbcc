package io.dpq.lake;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * Lists all files below a lake's root, but for names that start with '_' or '.' and what is below such folders. The driver
 * lists what is small by itself; the folders that would be too much for it are listed by the executors, one a task at a time
 * and a depth after the other, and the driver never sees their files.
 */
final class FolderListing {
    /** Entries that the driver lists itself: more would take its time, and make the tasks that carry them large. */
    private static final int ON_DRIVER = 10_000;
    /** Listed entries that travel in one task: some hundred bytes each, well below what Spark warns of. */
    private static final int ROWS_IN_TASK = 2_000;
    /** Folders are of unequal size, so that each core should have several tasks to choose from. */
    private static final int TASKS_PER_CORE = 8;

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final FolderLister lister;

    FolderListing(final SparkSession spark, final FolderLister lister) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.lister = lister;
    }

    /** Every file, as rows of {@link LakeRows#FILES}; what executors found is kept by them. */
    Dataset<Row> files() {
        final List<Row> found = new ArrayList<>();
        final Deque<String> folders = onDriver(found);
        Dataset<Row> files = travelling(found);
        Dataset<Row> level = folders.isEmpty() ? null : listed(spread(new ArrayList<>(folders)));
        while (level != null) {
            files = files.union(level.filter("length is not null"));
            final Dataset<String> deeper =
                    level.filter("length is null").select("path").as(Encoders.STRING());
            level = deeper.isEmpty() ? null : listed(dealt(deeper.javaRDD()));
        }
        return files;
    }

    /** What lies directly in the given folders. */
    Dataset<Row> inside(final JavaRDD<String> folders) {
        return listed(dealt(folders)).filter("length is not null");
    }

    private JavaRDD<String> dealt(final JavaRDD<String> folders) {
        return Dealing.by(folder -> folder, folders, tasks());
    }

    /** Lists folder after folder while that is cheap; yields the folders that are left. */
    private Deque<String> onDriver(final List<Row> files) {
        final Deque<String> folders = new ArrayDeque<>(List.of(""));
        int seen = 0;
        while (!folders.isEmpty()) {
            final List<Row> inside = new ArrayList<>();
            final Iterator<Row> entries = lister.list(folders.element());
            while (entries.hasNext() && seen < ON_DRIVER) {
                inside.add(entries.next());
                seen++;
            }
            if (entries.hasNext()) {
                return folders;
            }
            folders.remove();
            for (final Row entry : inside) {
                if (entry.isNullAt(1)) {
                    folders.add(entry.getString(0));
                } else {
                    files.add(entry);
                }
            }
        }
        return folders;
    }

    /** Rows of the driver. An RDD, not a local relation: the optimizer would carry every row along in each of its plans. */
    private Dataset<Row> travelling(final List<Row> rows) {
        return spark.createDataFrame(context.parallelize(rows, 1 + rows.size() / ROWS_IN_TASK), LakeRows.FILES);
    }

    private JavaRDD<String> spread(final List<String> folders) {
        return context.parallelize(folders, Math.min(folders.size(), tasks()));
    }

    private int tasks() {
        return TASKS_PER_CORE * context.defaultParallelism();
    }

    private Dataset<Row> listed(final JavaRDD<String> folders) {
        final FolderLister travels = lister;
        final FlatMapFunction<String, Row> list = travels::list;
        return spark.createDataFrame(folders.flatMap(list), LakeRows.FILES).persist(StorageLevel.MEMORY_AND_DISK());
    }
}

package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import scala.Tuple3;

/**
 * Records in files, many in each: a listing tells for every record the file, the part of it and the place in the part where it
 * lies, so that any selection of the listing can be read, and nothing but it. The executors list, a part of a file a task.
 */
final class RecordLake implements Lake {
    /** Tasks that list: beyond these, each takes several parts. */
    private static final int MOST_TASKS = 10_000;

    /** A folder with this file is not complete yet; pack writes it first and removes it last. */
    private static final String PACKING = "_PACKING";

    private static final String[] COLUMNS = LakeRows.RECORDS.fieldNames();

    private final LakeRoot root;
    private final RecordFormat format;
    private final Dataset<Row> listing;
    private final String settingsPath;

    private RecordLake(
            final LakeRoot root, final RecordFormat format, final Dataset<Row> listing, final String settingsPath) {
        this.root = root;
        this.format = format;
        this.listing = listing;
        this.settingsPath = settingsPath;
    }

    static Lake open(final SparkSession spark, final LakeSettings settings, final RecordFormat format) {
        final LakeRoot.Found found = LakeRoot.find(spark.sparkContext().hadoopConfiguration(), settings);
        final LakeRoot root = found.root();
        requireWhole(settings, root);
        final JavaRDD<Tuple3<String, Long, Long>> parts = parts(spark, settings, found, format);
        final long count = parts.count();
        if (count == 0) {
            throw UserException.data("The lake " + settings.path() + " holds no " + format.names() + " files; set "
                    + settings.section() + ".path to a folder with such files in it or below it, or correct "
                    + settings.section() + ".kind.");
        }
        final String where = settings.path();
        final FlatMapFunction<Tuple3<String, Long, Long>, Row> list = part -> rows(root, format, part, where);
        final Dataset<Row> listing = spark.createDataFrame(
                        parts.repartition((int) Math.min(count, MOST_TASKS)).flatMap(list), LakeRows.RECORDS)
                .persist(StorageLevel.MEMORY_AND_DISK());
        if (listing.isEmpty()) {
            throw UserException.data("The " + format.names() + " files of the lake " + where + " hold no records; set "
                    + settings.section() + ".path to others.");
        }
        final List<Row> repeated = listing.groupBy("id")
                .agg(functions.count("*").as("count"), functions.min("file"), functions.max("file"))
                .filter("count > 1")
                .orderBy("id")
                .takeAsList(1);
        if (!repeated.isEmpty()) {
            final Row row = repeated.get(0);
            throw UserException.data("The lake " + where + " holds the id " + row.getString(0) + " " + row.getLong(1)
                    + " times, in " + row.getString(2)
                    + (row.getString(2).equals(row.getString(3)) ? "" : " and " + row.getString(3))
                    + "; give every record an id of its own.");
        }
        return new RecordLake(root, format, Lake.listed(spark, listing, settings), where);
    }

    /** On a store without renames, a folder is filled in place. */
    private static void requireWhole(final LakeSettings settings, final LakeRoot root) {
        try {
            if (root.fileSystem().exists(root.below(PACKING))) {
                throw UserException.data("The lake " + settings.path()
                        + " is being packed or its packing was cut short; wait, or run pack again.");
            }
        } catch (final IOException e) {
            throw damaged(PACKING, settings.path(), e);
        }
    }

    /** Every part of every file, as its path, its place and when the file was modified. */
    private static JavaRDD<Tuple3<String, Long, Long>> parts(
            final SparkSession spark,
            final LakeSettings settings,
            final LakeRoot.Found found,
            final RecordFormat format) {
        final LakeRoot root = found.root();
        final String where = settings.path();
        final Dataset<Row> files = found.status().isDirectory()
                ? new FolderListing(spark, new FolderLister(root, settings.section(), false)).files()
                : spark.createDataFrame(
                        List.of(RowFactory.create(
                                found.status().getPath().getName(),
                                found.status().getLen(),
                                found.status().getModificationTime())),
                        LakeRows.FILES);
        final FlatMapFunction<Row, Tuple3<String, Long, Long>> parts = file -> {
            final String path = file.getString(0);
            try {
                return format.parts(root, path).stream()
                        .map(part -> new Tuple3<>(path, part, file.getLong(2)))
                        .iterator();
            } catch (final IOException | RuntimeException e) {
                throw damaged(path, where, e);
            }
        };
        return files.javaRDD()
                .filter(file -> format.accepts(file.getString(0)))
                .flatMap(parts)
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static Iterator<Row> rows(
            final LakeRoot root, final RecordFormat format, final Tuple3<String, Long, Long> part, final String where) {
        try {
            return format.list(root, part._1(), part._2()).stream()
                    .map(record -> row(record, part))
                    .iterator();
        } catch (final IOException | RuntimeException e) {
            throw damaged(part._1(), where, e);
        }
    }

    /** Where a record does not tell, it is taken to be as old as its file. */
    private static Row row(final RecordFormat.Listed record, final Tuple3<String, Long, Long> part) {
        return RowFactory.create(
                record.id(),
                record.labels().isEmpty() ? null : record.labels().toArray(String[]::new),
                record.length(),
                part._1(),
                part._2(),
                record.place(),
                record.error(),
                record.modified() == null ? part._3() : record.modified());
    }

    /** A file that cannot be listed leaves open what it holds, so that the job must not go on without it. */
    static UserException damaged(final String path, final String where, final Exception e) {
        if (e instanceof UserException user) {
            return user;
        }
        final @Nullable String message = e.getMessage();
        return UserException.data(
                "The file " + path + " of the lake " + where + " cannot be read ("
                        + (message == null ? e.getClass().getSimpleName() : message.replaceAll("\\.?\\s*$", ""))
                        + "); replace it or take it out of the lake.",
                e);
    }

    @Override
    public Dataset<Row> listing() {
        return listing;
    }

    @Override
    public boolean hasExactLengths() {
        return format.listsExactLengths();
    }

    @Override
    public JavaRDD<Row> rows(final Dataset<Row> listed, final Partitions partitions, final long maxBytes) {
        final ReadPlan plan = format.seekable()
                ? ReadPlan.ofRows(format.recordCost(), "file", "part", "place")
                : ReadPlan.ofParts(format.recordCost());
        final JavaRDD<Row> planned = plan.cut(listed.select(COLUMNS[0], tail(COLUMNS)), partitions, maxBytes);
        final RecordReading reading = new RecordReading(root, format, settingsPath, maxBytes);
        return planned.mapPartitions(reading::rows);
    }

    private static String[] tail(final String[] names) {
        return Arrays.copyOfRange(names, 1, names.length);
    }
}

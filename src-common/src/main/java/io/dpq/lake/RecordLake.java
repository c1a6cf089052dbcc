package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
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
    /** Files whose parts one task tells. */
    private static final int FILES_IN_TASK = 50;

    /** A folder with this file is not complete yet; pack writes it first and removes it last. */
    private static final String PACKING = "_PACKING";

    private static final StructType SUMMARY = new StructType()
            .add("records", DataTypes.LongType, false)
            .add("modified", DataTypes.LongType, false)
            .add("length", DataTypes.LongType, false)
            .add("file", DataTypes.StringType, false)
            .add("part", DataTypes.LongType, false)
            .add("mark", DataTypes.LongType, false);

    private static final String[] COLUMNS = LakeRows.RECORDS.fieldNames();

    private final LakeRoot root;
    private final RecordFormat format;
    private final Dataset<Row> listing;
    private final String settingsPath;
    /** Path, place and time of every part, where all their records are the lake's and easily listed again. */
    private final Optional<JavaRDD<Tuple3<String, Long, Long>>> parts;

    private RecordLake(
            final LakeRoot root,
            final RecordFormat format,
            final Dataset<Row> listing,
            final String settingsPath,
            final Optional<JavaRDD<Tuple3<String, Long, Long>>> parts) {
        this.root = root;
        this.format = format;
        this.listing = listing;
        this.settingsPath = settingsPath;
        this.parts = parts;
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
        final int tasks = (int) Math.min(count, MOST_TASKS);
        // Few are dealt evenly, in the order that the driver has them in; many come in the order of a shuffle, which
        // may change.
        final JavaRDD<Tuple3<String, Long, Long>> dealt = count < 2 * FILES_IN_TASK
                ? parts.repartition(tasks)
                : Dealing.by(part -> part._1() + " " + part._2(), parts, tasks);
        final JavaRDD<Row> records = dealt.flatMap(list);
        final Dataset<Row> listing =
                spark.createDataFrame(records, LakeRows.RECORDS).persist(StorageLevel.MEMORY_AND_DISK());
        // Spark SQL lists all to say whether there is one, which is what comes next unless the lake is read as a whole.
        if (format.listsCheaply() ? records.isEmpty() : listing.isEmpty()) {
            throw UserException.data("The " + format.names() + " files of the lake " + where + " hold no records; set "
                    + settings.section() + ".path to others.");
        }
        // An id that is stored may be like one that is made.
        if (!parts.filter(part -> !format.numbersRecords(part._1())).isEmpty()) {
            requireUniqueIds(listing, where);
        }
        return new RecordLake(
                root,
                format,
                Lake.listed(spark, listing, settings),
                where,
                settings.list().isEmpty() && format.listsCheaply() ? Optional.of(dealt) : Optional.empty());
    }

    /** Of a part: its records, its file's time, what reading it costs, file, part, and what tells whether it is still the same. */
    private static Row summary(
            final LakeRoot root, final RecordFormat format, final Tuple3<String, Long, Long> part, final String where) {
        try {
            final RecordFormat.Summary summary = format.summary(root, part._1(), part._2());
            return RowFactory.create(
                    summary.records(),
                    part._3(),
                    summary.bytes() + summary.records() * format.recordCost(),
                    part._1(),
                    part._2(),
                    summary.mark());
        } catch (final IOException | RuntimeException e) {
            throw damaged(part._1(), where, e);
        }
    }

    private static void requireUniqueIds(final Dataset<Row> listing, final String where) {
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
        final JavaRDD<Row> accepted = files.javaRDD().filter(file -> format.accepts(file.getString(0)));
        // Each is opened, which takes the time of a few requests; a folder's listing is few partitions however many
        // they are.
        final long tasks = Math.min(MOST_TASKS, accepted.count() / FILES_IN_TASK);
        return (tasks > accepted.getNumPartitions()
                        ? Dealing.by(file -> file.getString(0), accepted, (int) tasks)
                        : accepted)
                .flatMap(parts)
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static Iterator<Row> rows(
            final LakeRoot root, final RecordFormat format, final Tuple3<String, Long, Long> part, final String where) {
        final List<RecordFormat.Listed> records;
        try {
            records = format.list(root, part._1(), part._2());
        } catch (final IOException | RuntimeException e) {
            throw damaged(part._1(), where, e);
        }
        final List<Row> rows = new ArrayList<>(records.size());
        for (final RecordFormat.Listed record : records) {
            rows.add(row(record, part));
        }
        return rows.iterator();
    }

    /** Where a record does not tell, it is taken to be as old as its file. */
    private static Row row(final RecordFormat.Listed record, final Tuple3<String, Long, Long> part) {
        return RowFactory.create(
                record.id(),
                LakeRows.labels(record.labels()),
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

    /**
     * Where every record is asked for, only parts are dealt out, not records, and each task lists its parts again: to shuffle
     * a line for every vector takes longer than to encode it.
     */
    @Override
    public Optional<Whole> whole(final Partitions partitions, final long maxBytes) {
        return parts.map(all -> whole(all, partitions, maxBytes));
    }

    private Whole whole(
            final JavaRDD<Tuple3<String, Long, Long>> all, final Partitions partitions, final long maxBytes) {
        final LakeRoot from = root;
        final RecordFormat by = format;
        final String where = settingsPath;
        final Function<Tuple3<String, Long, Long>, Row> summarise = part -> summary(from, by, part, where);
        // In few tasks: parts are small here, and what comes next takes a task for each of these again.
        final JavaRDD<Row> summaries = all.coalesce(4 * all.context().defaultParallelism())
                .map(summarise)
                .persist(StorageLevel.MEMORY_AND_DISK());
        final long count = summaries.map(part -> part.getLong(0)).fold(0L, Long::sum);
        final RecordReading reading = new RecordReading(root, format, settingsPath, maxBytes);
        final RecordReading.Lister list = part -> records(from, by, part, where);
        return new Whole(
                count,
                ReadPlan.ofRows(0, "file", "part")
                        .cut(listing.sparkSession().createDataFrame(summaries, SUMMARY), partitions, Long.MAX_VALUE)
                        .mapPartitions(dealt -> reading.whole(dealt, list)));
    }

    /** A part's records, as they were when the lake was listed. */
    private static RecordReading.Part records(
            final LakeRoot root, final RecordFormat format, final Row part, final String where) {
        final String file = part.getString(3);
        final long number = part.getLong(4);
        final List<RecordFormat.Listed> listed;
        final RecordFormat.Summary now;
        try {
            listed = format.list(root, file, number);
            now = format.summary(root, file, number, listed);
        } catch (final IOException | RuntimeException e) {
            throw damaged(file, where, e);
        }
        if (listed.size() != part.getLong(0) || now.mark() != part.getLong(5)) {
            throw UserException.data("The file " + file + " of the lake " + where
                    + " has changed since it was listed; run the job again when nothing writes to the lake.");
        }
        return new RecordReading.Part(file, number, part.getLong(1), listed);
    }

    private static String[] tail(final String[] names) {
        return Arrays.copyOfRange(names, 1, names.length);
    }
}

package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.util.LineReader;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/**
 * A text file of "id label[,label…]" lines: which rows of a lake, and their labels. Ids hold no white space; the label part may
 * be missing; empty lines and lines that start with '#' say nothing. Read by the executors, a stretch of bytes a task.
 */
final class ListFile {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("given", DataTypes.createArrayType(DataTypes.StringType, false), true);
    private static final long STRETCH = 16L << 20;

    private ListFile() {}

    /** The listed ids and the labels given for them, {@code id, given}; {@code given} is null where a line names no label. */
    static Dataset<Row> read(final SparkSession spark, final LakeSettings settings, final String list) {
        final Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        final JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        final Stretches stretches;
        final List<Long> starts = new ArrayList<>();
        try {
            final Path given = new Path(list);
            final FileSystem fs = given.getFileSystem(hadoop);
            final FileStatus status = fs.getFileStatus(fs.makeQualified(given));
            if (!status.isFile()) {
                throw new IOException("it is a folder");
            }
            stretches = new Stretches(status.getPath().toString(), list, settings.section(), hadoop);
            for (long start = 0; start == 0 || start < status.getLen(); start += STRETCH) {
                starts.add(start);
            }
        } catch (final FileNotFoundException e) {
            throw UserException.data(
                    "The list " + list + " does not exist; set " + settings.section()
                            + ".list to a text file of \"path label\" lines or to null.",
                    e);
        } catch (final IOException | IllegalArgumentException e) {
            throw unreadable(list, settings.section(), e);
        }
        final Dataset<Row> entries = spark.createDataFrame(
                        context.parallelize(starts, starts.size()).flatMap(stretches::lines), SCHEMA)
                .persist(StorageLevel.MEMORY_AND_DISK());
        if (entries.isEmpty()) {
            throw UserException.data("The list " + list + " names no files; fill it with \"path label\" lines or set "
                    + settings.section() + ".list to null.");
        }
        final List<Row> repeated =
                entries.groupBy("id").count().filter("count > 1").orderBy("id").takeAsList(1);
        if (!repeated.isEmpty()) {
            throw UserException.data(
                    "The list " + list + " names " + repeated.get(0).getString(0) + " "
                            + repeated.get(0).getLong(1) + " times; leave one line of them.");
        }
        return entries;
    }

    /** The listing's rows that are listed, with the labels given for them, or their own where none are. */
    static Dataset<Row> restrict(
            final Dataset<Row> listing, final Dataset<Row> entries, final LakeSettings settings, final String list) {
        final Dataset<Row> wanted = entries.withColumnRenamed("id", "wanted");
        final Dataset<Row> joined = wanted.join(listing, wanted.col("wanted").equalTo(listing.col("id")), "left_outer")
                .withColumn("labels", functions.coalesce(functions.col("given"), functions.col("labels")))
                .persist(StorageLevel.MEMORY_AND_DISK());
        final Row missing = joined.filter("id is null")
                .agg(functions.count("*"), functions.min("wanted"))
                .head();
        if (missing.getLong(0) > 0) {
            throw UserException.data("The list " + list + " names " + missing.getLong(0) + " file"
                    + (missing.getLong(0) == 1 ? "" : "s") + " that the lake " + settings.path()
                    + " lacks, the first is " + missing.getString(1) + "; correct " + settings.section() + ".list or "
                    + settings.section() + ".path.");
        }
        return joined.drop("wanted", "given");
    }

    private static UserException unreadable(final String list, final String section, final Exception e) {
        return UserException.data(
                "The list " + list + " of " + section + ".list cannot be read (" + e.getMessage() + ").", e);
    }

    /** Reads the lines that begin in a stretch of the file. */
    private static final class Stretches implements Serializable {
        private static final long serialVersionUID = 1L;

        private final String path;
        private final String list;
        private final String section;
        private final SerializableConfiguration hadoop;

        Stretches(final String path, final String list, final String section, final Configuration hadoop) {
            this.path = path;
            this.list = list;
            this.section = section;
            this.hadoop = new SerializableConfiguration(hadoop);
        }

        Iterator<Row> lines(final long start) {
            try {
                final Path file = new Path(path);
                final FSDataInputStream in = file.getFileSystem(hadoop.value()).open(file);
                final TaskCompletionListener close = context -> {
                    try {
                        in.close();
                    } catch (final IOException e) {
                        throw unreadable(list, section, e);
                    }
                };
                TaskContext.get().addTaskCompletionListener(close);
                return new Lines(in, start);
            } catch (final IOException e) {
                throw unreadable(list, section, e);
            }
        }

        private final class Lines implements Iterator<Row> {
            private final LineReader lines;
            private final boolean first;
            private long position;
            private long number;
            private final long end;
            private @Nullable Row next;

            Lines(final FSDataInputStream in, final long start) throws IOException {
                // From the byte before: a line that begins right at the start then is whole behind the first line's
                // end.
                position = Math.max(0, start - 1);
                in.seek(position);
                lines = new LineReader(in);
                first = start == 0;
                end = start + STRETCH;
                if (!first) {
                    position += lines.readLine(new Text());
                }
            }

            @Override
            public boolean hasNext() {
                final Text line = new Text();
                try {
                    while (next == null && position < end) {
                        final int read = lines.readLine(line);
                        if (read == 0) {
                            position = end;
                            break;
                        }
                        position += read;
                        number++;
                        final String text = line.toString().strip();
                        if (!text.isEmpty() && text.charAt(0) != '#') {
                            next = entry(text, first ? list + " line " + number : list + " line \"" + text + "\"");
                        }
                    }
                } catch (final IOException e) {
                    throw unreadable(list, section, e);
                }
                return next != null;
            }

            @Override
            public Row next() {
                final Row row = hasNext() ? next : null;
                if (row == null) {
                    throw new NoSuchElementException();
                }
                next = null;
                return row;
            }
        }
    }

    private static Row entry(final String text, final String where) {
        final String[] parts = text.split("\\s+", -1);
        if (parts.length > 2) {
            throw UserException.data("Write " + where + " as \"path label[,label…]\": it has " + parts.length
                    + " parts separated by white space.");
        }
        final Set<String> labels = new LinkedHashSet<>();
        if (parts.length == 2) {
            for (final String label : parts[1].split(",", -1)) {
                if (label.isEmpty()) {
                    throw UserException.data("Remove the empty label from " + where + ".");
                }
                labels.add(label);
            }
        }
        final String id = parts[0].startsWith("./") ? parts[0].substring(2) : parts[0];
        return RowFactory.create(id, labels.isEmpty() ? null : labels.toArray(String[]::new));
    }
}

package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import scala.collection.JavaConverters;

/** What tests of lakes share. */
final class LakeSpark {
    static final long MAX = 1 << 28;

    private LakeSpark() {}

    static SparkSession start() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("lake")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 3)
                .getOrCreate();
    }

    static Lake open(final LakeSettings.Kind kind, final Path path) {
        return open(new LakeSettings("encode.lake", kind, path.toString(), Optional.empty()));
    }

    static Lake open(final LakeSettings settings) {
        return Lake.open(SparkSession.active(), settings);
    }

    /** Ids and labels, in the order of ids. */
    static List<String> told(final Dataset<Row> rows) {
        final List<String> told = new ArrayList<>();
        for (final Row row : rows.orderBy("id").collectAsList()) {
            told.add(row.getString(0) + " " + (row.isNullAt(1) ? null : row.getList(1)));
        }
        return told;
    }

    /** Everything that is read, by id. */
    static Map<String, Row> read(final Lake lake, final Dataset<Row> listing, final long partitionBytes) {
        final Map<String, Row> rows = new TreeMap<>();
        for (final Row row :
                lake.read(listing, Partitions.of(partitionBytes), MAX).collectAsList()) {
            if (rows.put(row.getString(0), row) != null) {
                throw new AssertionError(row.getString(0) + " is read twice");
            }
        }
        return rows;
    }

    /** Everything, by id; both ways to ask for it must give it. */
    static Map<String, Row> read(final Lake lake) {
        final Map<String, Row> rows = read(lake, lake.listing(), 1 << 20);
        final Optional<Lake.Whole> whole = lake.whole(Partitions.of(1 << 20), MAX);
        if (whole.isEmpty()) {
            return rows;
        }
        assertThat(whole.get().count()).isEqualTo(rows.size());
        // A vector's content is good until the next one is asked for.
        final List<Row> all = whole.get().rows().map(LakeSpark::kept).collect();
        assertThat(all).hasSameSizeAs(rows.values());
        for (final Row row : all) {
            final Row other = rows.get(row.getString(0));
            assertThat(other).isNotNull();
            for (int column = 0; column < other.length(); column++) {
                assertThat(value(row.get(column))).isEqualTo(value(other.get(column)));
            }
        }
        return rows;
    }

    private static Row kept(final Row row) {
        final Object[] values = new Object[row.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.get(i) instanceof byte[] content ? content.clone() : row.get(i);
        }
        return RowFactory.create(values);
    }

    /** Spark SQL turns arrays into its own lists on their way through a table. */
    private static @Nullable Object value(final @Nullable Object value) {
        if (value instanceof scala.collection.Seq<?> list) {
            return JavaConverters.seqAsJavaList(list);
        }
        return value instanceof Object[] array ? Arrays.asList(array) : value;
    }

    static byte[] content(final Row row) {
        return row.getAs("content");
    }

    /** Runs a Python script; empty where Python or a module it needs is not there. */
    static Optional<String> python(final String script, final Path... arguments) throws Exception {
        final List<String> command = new ArrayList<>(List.of("python3", "-c", script));
        for (final Path argument : arguments) {
            command.add(argument.toString());
        }
        final Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (final IOException e) {
            return Optional.empty();
        }
        final String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            if (said.contains("ModuleNotFoundError")) {
                return Optional.empty();
            }
            throw new AssertionError(said);
        }
        return Optional.of(said);
    }
}

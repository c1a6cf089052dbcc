package io.dpq.codes;

import java.io.IOException;
import java.io.Serializable;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import scala.Tuple6;

/**
 * Writes each partition of staged rows as one Parquet file that tells by itself whether it is whole, so that a later run can use
 * what a crashed one finished. Every attempt at a partition writes a file of its own name, and which of them count is decided by
 * the driver, which hears of one attempt a partition: nothing is renamed, so that all stores serve alike, and neither a retried
 * nor a speculative task can count twice. Spark's own committers show nothing of a job before all of it is done. Runs on
 * executors; thread-safe.
 */
final class StagedWriter implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final String SUFFIX = ".parquet";
    /** In the footer of a file that holds all rows of its partition. */
    private static final String WHOLE = "dpq.whole";

    private static final long ROW_GROUP_BYTES = 16L << 20;
    /** Smaller than what G1 gives memory of its own, of which a page takes several pieces. */
    private static final int PAGE_BYTES = 128 << 10;

    /** Hashes and codes cannot be made smaller, and of ids the repetitions are found at once. */
    private static final String FASTEST = "1";

    private static final String ZSTD_LEVEL = "parquet.compression.codec.zstd.level";

    private final String folder;
    private final StructType schema;
    private final SerializableConfiguration hadoop;

    StagedWriter(final Path folder, final StructType schema, final Configuration hadoop) {
        this.folder = folder.toString();
        this.schema = schema;
        this.hadoop = new SerializableConfiguration(hadoop);
    }

    /**
     * What a partition became.
     *
     * @param name of its file in the folder
     * @param encoded rows that have codes
     * @param refused the other rows by reason
     * @param order where its ids ascend
     */
    record Written(String name, long encoded, Map<String, Long> refused, Optional<Order> order) {}

    /**
     * Of a file whose ids ascend, in the order of their UTF-8 bytes as Spark sorts them.
     *
     * @param first id
     * @param last id
     * @param rowGroups in the file
     * @param bytes of them
     */
    record Order(String first, String last, int rowGroups, long bytes) {}

    /** Writes every partition of the rows; one without rows makes no file. */
    List<Written> write(final JavaRDD<Row> rows) {
        // As tuples, because Spark's Kryo cannot write records.
        return rows.mapPartitionsWithIndex(this::write, false).collect().stream()
                .map(file -> new Written(
                        file._1(),
                        file._2(),
                        file._3(),
                        file._4().length == 0
                                ? Optional.empty()
                                : Optional.of(new Order(file._4()[0], file._4()[1], file._5(), file._6()))))
                .toList();
    }

    /**
     * Writes a partition; yields the name of its file, rows that have codes, and the other rows by reason, then the first and the
     * last id or, where they do not ascend, none, row groups and their bytes.
     */
    Iterator<Tuple6<String, Long, Map<String, Long>, String[], Integer, Long>> write(
            final Integer part, final Iterator<Row> rows) throws IOException {
        if (!rows.hasNext()) {
            return Collections.emptyIterator();
        }
        final int id = schema.fieldIndex(CodeSchema.ID);
        final int reason = schema.fieldIndex(CodeSchema.REASON);
        final Map<String, Long> refused = new TreeMap<>();
        long encoded = 0;
        final Ascent ascent = new Ascent();
        final String name = String.format(Locale.ROOT, "part-%05d-%s%s", part, UUID.randomUUID(), SUFFIX);
        final Path path = new Path(folder, name);
        final Marked support = new Marked(schema);
        boolean written = false;
        try (ParquetWriter<Row> writer = new Builder(HadoopOutputFile.fromPath(path, hadoop.value()), support)
                .withConf(hadoop.value())
                .withCompressionCodec(CompressionCodecName.ZSTD)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .withPageSize(PAGE_BYTES)
                .config(ZSTD_LEVEL, FASTEST)
                // No value comes twice: a dictionary would be built and thrown away.
                .withDictionaryEncoding(CodeSchema.ID, false)
                .withDictionaryEncoding(CodeSchema.CONTENT_HASH, false)
                .build()) {
            while (rows.hasNext()) {
                final Row row = rows.next();
                writer.write(row);
                ascent.next(row.getString(id));
                if (row.isNullAt(reason)) {
                    encoded++;
                } else {
                    refused.merge(row.getString(reason), 1L, Long::sum);
                }
            }
            support.whole = true;
            written = true;
        } finally {
            if (!written) {
                path.getFileSystem(hadoop.value()).delete(path, false);
            }
        }
        int groups = 0;
        long bytes = 0;
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop.value()))) {
            for (final BlockMetaData group : reader.getFooter().getBlocks()) {
                groups++;
                bytes += group.getCompressedSize();
            }
        }
        return List.of(new Tuple6<>(name, encoded, refused, ascent.ends(), groups, bytes))
                .iterator();
    }

    /** Whether ids ascend. */
    private static final class Ascent {
        private @Nullable UTF8String first;
        private @Nullable UTF8String last;
        private boolean ascends = true;

        void next(final String text) {
            final UTF8String id = UTF8String.fromString(text);
            ascends &= last == null || last.compareTo(id) < 0;
            first = first == null ? id : first;
            last = id;
        }

        /** The first id and the last; none where they do not ascend. */
        String[] ends() {
            return ascends ? new String[] {String.valueOf(first), String.valueOf(last)} : new String[0];
        }
    }

    /** Whether a file was finished; one that cannot be read was not. */
    static boolean isWhole(final Path file, final Configuration hadoop) {
        if (!file.getName().endsWith(SUFFIX)) {
            return false;
        }
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, hadoop))) {
            return reader.getFileMetaData().getKeyValueMetaData().containsKey(WHOLE);
        } catch (IOException | RuntimeException e) {
            // Cut off: the process ended while it wrote.
            return false;
        }
    }

    /** Marks the footer, which is written last, where no row is missing. */
    private static final class Marked extends RowWriteSupport {
        private boolean whole;

        Marked(final StructType schema) {
            super(schema);
        }

        @Override
        public FinalizedWriteContext finalizeWrite() {
            return new FinalizedWriteContext(whole ? Map.of(WHOLE, "1") : Map.of());
        }
    }

    private static final class Builder extends ParquetWriter.Builder<Row, Builder> {
        private final WriteSupport<Row> support;

        Builder(final OutputFile file, final WriteSupport<Row> support) {
            super(file);
            this.support = support;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<Row> getWriteSupport(final Configuration conf) {
            return support;
        }
    }
}

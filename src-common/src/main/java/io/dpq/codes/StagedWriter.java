package io.dpq.codes;

import java.io.IOException;
import java.io.Serializable;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
import scala.Tuple2;
import scala.Tuple3;

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
     * @param ids of all its rows
     * @param rowGroups in it
     * @param bytes of them
     */
    record Written(String name, long encoded, Map<String, Long> refused, Ids ids, int rowGroups, long bytes) {}

    /**
     * The ids of a file, in the order of their UTF-8 bytes as Spark sorts them.
     *
     * @param least of them
     * @param greatest of them
     * @param ascend whether every row's follows that of the row before
     */
    record Ids(String least, String greatest, boolean ascend) {}

    /** Writes every partition of the rows; one without rows makes no file. */
    List<Written> write(final JavaRDD<Row> rows) {
        // As tuples, because Spark's Kryo cannot write records.
        return rows.mapPartitionsWithIndex(this::write, false).collect().stream()
                .map(file -> new Written(
                        file._1()._1(),
                        file._1()._2(),
                        file._1()._3(),
                        new Ids(file._2()._1(), file._2()._2(), file._2()._3()),
                        file._3()._1(),
                        file._3()._2()))
                .toList();
    }

    /**
     * Writes a partition; yields what {@link Written} tells of it: name, rows that have codes and the others by reason; its ids; row groups
     * and their bytes.
     */
    Iterator<Tuple3<Tuple3<String, Long, Map<String, Long>>, Tuple3<String, String, Boolean>, Tuple2<Integer, Long>>>
            write(final Integer part, final Iterator<Row> rows) throws IOException {
        if (!rows.hasNext()) {
            return Collections.emptyIterator();
        }
        final int id = schema.fieldIndex(CodeSchema.ID);
        final int reason = schema.fieldIndex(CodeSchema.REASON);
        final Map<String, Long> refused = new TreeMap<>();
        long encoded = 0;
        final Seen ids = new Seen();
        final String name = String.format(Locale.ROOT, "part-%05d-%s%s", part, UUID.randomUUID(), SUFFIX);
        final Path path = new Path(folder, name);
        final Marked support = new Marked(schema);
        boolean written = false;
        final ParquetWriter<Row> writer = new Builder(HadoopOutputFile.fromPath(path, hadoop.value()), support)
                .withConf(hadoop.value())
                .withCompressionCodec(CompressionCodecName.ZSTD)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .withPageSize(PAGE_BYTES)
                // No value comes twice: a dictionary would be built and thrown away.
                .withDictionaryEncoding(CodeSchema.ID, false)
                .withDictionaryEncoding(CodeSchema.CONTENT_HASH, false)
                .build();
        try (writer) {
            while (rows.hasNext()) {
                final Row row = rows.next();
                writer.write(row);
                ids.next(row.getString(id));
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
        final List<BlockMetaData> groups = writer.getFooter().getBlocks();
        final long bytes =
                groups.stream().mapToLong(BlockMetaData::getCompressedSize).sum();
        return List.of(new Tuple3<>(
                        new Tuple3<>(name, encoded, refused), ids.told(), new Tuple2<>(groups.size(), bytes)))
                .iterator();
    }

    /** The ids of a file, one after another. */
    private static final class Seen {
        private UTF8String least = UTF8String.EMPTY_UTF8;
        private UTF8String greatest = UTF8String.EMPTY_UTF8;
        private boolean ascend = true;
        private boolean first = true;

        void next(final String text) {
            final UTF8String id = UTF8String.fromString(text);
            if (first) {
                least = id;
                greatest = id;
                first = false;
            } else if (greatest.compareTo(id) < 0) {
                greatest = id;
            } else {
                ascend = false;
                least = least.compareTo(id) > 0 ? id : least;
            }
        }

        Tuple3<String, String, Boolean> told() {
            return new Tuple3<>(least.toString(), greatest.toString(), ascend);
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

package io.dpq.codes;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Makes published files of staged ones whose rows are as they are to be: encoded, in the order of their ids, and many in a row
 * group. Their row groups are copied as they are, but for the columns that nobody publishes: reading, sorting and writing
 * the rows once more takes a third of what encoding vectors does. Runs on executors; thread-safe.
 */
final class RowGroupJoin implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Of a row group on average, for a codeword: the dictionaries of smaller ones would weigh more than a hundredth of the codes. */
    private static final long LEAST_ROWS = 400;
    /** Fewer are taken for so many: readers want large row groups as well. */
    private static final int LEAST_CODEWORDS = 256;
    /** Where Spark looks for the schema with the metadata of its columns. */
    private static final String SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata";

    private final String from;
    private final String to;
    private final StructType schema;
    private final SerializableConfiguration hadoop;

    /**
     * Joins files of one folder into another.
     *
     * @param schema of what is published, with its metadata
     */
    RowGroupJoin(final Path from, final Path to, final StructType schema, final Configuration hadoop) {
        this.from = from.toString();
        this.to = to.toString();
        this.schema = schema;
        this.hadoop = new SerializableConfiguration(hadoop);
    }

    /** The staged files that can be joined, in the order of their ids; none of them reaches into another file. */
    static List<StagedWriter.Written> joinable(
            final List<StagedWriter.Written> files, final int codewords, final long rowsPerFile) {
        final List<StagedWriter.Written> ordered =
                files.stream().sorted(Comparator.comparing(RowGroupJoin::least)).toList();
        final long least = LEAST_ROWS * Math.max(LEAST_CODEWORDS, codewords);
        final List<StagedWriter.Written> joinable = new ArrayList<>();
        Optional<UTF8String> end = Optional.empty();
        for (int i = 0; i < ordered.size(); i++) {
            final StagedWriter.Written file = ordered.get(i);
            final UTF8String last = UTF8String.fromString(file.ids().greatest());
            final boolean apart =
                    end.filter(before -> before.compareTo(least(file)) >= 0).isEmpty()
                            && (i + 1 == ordered.size() || last.compareTo(least(ordered.get(i + 1))) < 0);
            end = Optional.of(end.filter(before -> before.compareTo(last) > 0).orElse(last));
            if (apart
                    && file.ids().ascend()
                    && file.refused().isEmpty()
                    && file.encoded() <= rowsPerFile
                    && file.encoded() >= file.rowGroups() * least) {
                joinable.add(file);
            }
        }
        return List.copyOf(joinable);
    }

    private static UTF8String least(final StagedWriter.Written file) {
        return UTF8String.fromString(file.ids().least());
    }

    /** Deals joinable files out to published ones of about even size, in their order. */
    static List<List<String>> deal(
            final List<StagedWriter.Written> joinable, final long bytesPerFile, final long rowsPerFile) {
        final long bytes =
                joinable.stream().mapToLong(StagedWriter.Written::bytes).sum();
        final long share = Math.max(1, bytes / Math.max(1, (bytes + bytesPerFile - 1) / bytesPerFile));
        final List<List<String>> dealt = new ArrayList<>();
        long filledBytes = 0;
        long filledRows = 0;
        for (final StagedWriter.Written file : joinable) {
            if (dealt.isEmpty() || filledBytes >= share || filledRows + file.encoded() > rowsPerFile) {
                dealt.add(new ArrayList<>());
                filledBytes = 0;
                filledRows = 0;
            }
            dealt.get(dealt.size() - 1).add(file.name());
            filledBytes += file.bytes();
            filledRows += file.encoded();
        }
        return dealt;
    }

    /** Joins the files of every list into one; yields the names of these. An attempt that failed may leave others beside them. */
    List<String> join(final JavaSparkContext spark, final List<List<String>> dealt) {
        final List<String[]> lists =
                dealt.stream().map(list -> list.toArray(new String[0])).toList();
        return spark.parallelize(lists, Math.max(1, lists.size()))
                .zipWithIndex()
                .map(list -> join(list._2(), list._1()))
                .collect();
    }

    private String join(final long number, final String[] names) throws IOException {
        final String name = String.format(Locale.ROOT, "part-j%05d-%s.zstd.parquet", number, UUID.randomUUID());
        final Path path = new Path(to, name);
        final MessageType columns = columns(input(names[0]));
        final ClosableOutput output = new ClosableOutput(HadoopOutputFile.fromPath(path, hadoop.value()));
        boolean written = false;
        try {
            final ParquetFileWriter writer = new ParquetFileWriter(
                    output,
                    columns,
                    ParquetFileWriter.Mode.CREATE,
                    ParquetWriter.DEFAULT_BLOCK_SIZE,
                    ParquetWriter.MAX_PADDING_SIZE_DEFAULT,
                    ParquetProperties.DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH,
                    ParquetProperties.DEFAULT_STATISTICS_TRUNCATE_LENGTH,
                    ParquetProperties.DEFAULT_PAGE_WRITE_CHECKSUM_ENABLED);
            writer.start();
            for (final String file : names) {
                append(input(file), columns, writer);
            }
            // Closes the file as well.
            writer.end(Map.of(SPARK_SCHEMA, schema.json()));
            written = true;
        } finally {
            if (!written) {
                output.close();
                path.getFileSystem(hadoop.value()).delete(path, false);
            }
        }
        return name;
    }

    private InputFile input(final String name) throws IOException {
        return HadoopInputFile.fromPath(new Path(from, name), hadoop.value());
    }

    /** The published columns, of the types that the staged ones have. */
    private MessageType columns(final InputFile staged) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(staged)) {
            final MessageType all = reader.getFileMetaData().getSchema();
            final List<Type> kept = new ArrayList<>();
            for (final String name : schema.fieldNames()) {
                kept.add(all.getType(name));
            }
            return new MessageType(all.getName(), kept);
        }
    }

    private static void append(final InputFile staged, final MessageType columns, final ParquetFileWriter writer)
            throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(staged);
                SeekableInputStream in = staged.newStream()) {
            for (final BlockMetaData group : reader.getFooter().getBlocks()) {
                final Map<String, ColumnChunkMetaData> chunks = new HashMap<>();
                group.getColumns().forEach(chunk -> chunks.put(chunk.getPath().toDotString(), chunk));
                writer.startBlock(group.getRowCount());
                for (final ColumnDescriptor column : columns.getColumns()) {
                    final ColumnChunkMetaData chunk = chunks.get(String.join(".", column.getPath()));
                    // With the bounds of its pages, by which a reader finds an id without reading all.
                    writer.appendColumnChunk(
                            column, in, chunk, null, reader.readColumnIndex(chunk), reader.readOffsetIndex(chunk));
                }
                writer.endBlock();
            }
        }
    }
}

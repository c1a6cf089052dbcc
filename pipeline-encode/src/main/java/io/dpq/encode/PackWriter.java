package io.dpq.encode;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Writes one Parquet file a partition, which appears by a rename when it is whole: of two attempts at a partition one file is
 * left. Spark's own writer cannot be told to look at the size of a row group after each of the first rows, which matters where
 * rows are large. Runs on executors; thread-safe.
 */
final class PackWriter implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Rows between two looks at the size of the row group, where rows are small. */
    private static final int LOOK = 100;

    private final String folder;
    private final long rowGroupBytes;
    private final long maxBytes;
    private final SerializableConfiguration hadoop;

    PackWriter(final Path folder, final long rowGroupBytes, final long maxBytes, final Configuration hadoop) {
        this.folder = folder.toString();
        this.rowGroupBytes = rowGroupBytes;
        this.maxBytes = maxBytes;
        this.hadoop = new SerializableConfiguration(hadoop);
    }

    static MessageType schema() {
        return Types.buildMessage()
                .required(PrimitiveTypeName.BINARY)
                .as(LogicalTypeAnnotation.stringType())
                .named("id")
                .optional(PrimitiveTypeName.BINARY)
                .named("content")
                .optionalList()
                .requiredElement(PrimitiveTypeName.BINARY)
                .as(LogicalTypeAnnotation.stringType())
                .named("labels")
                .required(PrimitiveTypeName.INT64)
                .named("length")
                .optional(PrimitiveTypeName.INT64)
                .as(LogicalTypeAnnotation.timestampType(true, LogicalTypeAnnotation.TimeUnit.MILLIS))
                .named("modified")
                .named("lake");
    }

    static String name(final int part) {
        return String.format(Locale.ROOT, "part-%05d.parquet", part);
    }

    /** Writes rows {@code id, labels, length, content, error, modified} and yields the partition's number. */
    Iterator<Integer> write(final Integer part, final Iterator<Row> rows) throws IOException {
        final Path target = new Path(folder, name(part));
        final FileSystem files = target.getFileSystem(hadoop.value());
        final Path aside = new Path(folder, "_" + name(part) + "." + UUID.randomUUID());
        try {
            final MessageType schema = schema();
            try (ParquetWriter<Group> writer = open(aside, schema)) {
                while (rows.hasNext()) {
                    writer.write(group(schema, rows.next()));
                }
            }
            if (!files.exists(target) && !files.rename(aside, target) && !files.exists(target)) {
                throw new IOException("Cannot rename " + aside + " to " + target);
            }
        } finally {
            files.delete(aside, false);
        }
        return List.of(part).iterator();
    }

    /** What a partition's file holds, by its footer. */
    PackFolder.Packed written(final int part) throws IOException {
        try (ParquetFileReader reader =
                ParquetFileReader.open(HadoopInputFile.fromPath(new Path(folder, name(part)), hadoop.value()))) {
            return new PackFolder.Packed(
                    reader.getRecordCount(), 1, reader.getRowGroups().size());
        }
    }

    private ParquetWriter<Group> open(final Path path, final MessageType schema) throws IOException {
        return ExampleParquetWriter.builder(HadoopOutputFile.fromPath(path, hadoop.value()))
                .withType(schema)
                .withConf(hadoop.value())
                // What lakes of kind parquet know packed files by.
                .withExtraMetaData(Map.of("dpq.packed", "1"))
                // Images are compressed already.
                .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                .withDictionaryEncoding(true)
                .withDictionaryEncoding("content", false)
                .withRowGroupSize(rowGroupBytes)
                .withMaxPaddingSize(0)
                .withMinRowCountForPageSizeCheck(1)
                .withMaxRowCountForPageSizeCheck(LOOK)
                .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0)
                .build();
    }

    private Group group(final MessageType schema, final Row row) {
        final Group group = new SimpleGroup(schema);
        group.add("id", row.getString(0));
        if (!row.isNullAt(3)) {
            group.add("content", Binary.fromConstantByteArray(row.getAs(3)));
        } else if (row.getLong(2) <= maxBytes) {
            // A failure that may pass, such as of the network, must not be kept for good; content too long is left out.
            throw UserException.data("The image " + row.getString(0) + " cannot be read (" + row.getString(4)
                    + "); mend or remove it and run pack again, which goes on where it stopped.");
        }
        if (!row.isNullAt(1)) {
            final Group labels = group.addGroup("labels");
            for (final String label : row.<String>getList(1)) {
                labels.addGroup("list").add("element", label);
            }
        }
        group.add("length", row.getLong(2));
        if (!row.isNullAt(5)) {
            group.add("modified", row.getLong(5));
        }
        return group;
    }
}

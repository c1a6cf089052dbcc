package io.dpq.codes;

import java.io.IOException;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What rows take on disk, told by the Parquet files that they come from: ids and times compress as they like, and no width of a
 * type tells how. Stateless.
 */
final class StoredRows {
    /** Footers that are read, each of which takes a request of an object store. */
    private static final int MOST_FILES = 32;

    private StoredRows() {}

    /**
     * Compressed bytes that a row takes in these columns, on the average of the files that have them all; at least 1, and 1 where
     * there is none.
     */
    static double bytesEach(final Dataset<Row> rows, final Configuration hadoop) throws IOException {
        final Set<String> columns = Set.of(rows.columns());
        final String[] files = rows.inputFiles();
        Arrays.sort(files);
        long bytes = 0;
        long count = 0;
        // Evenly chosen: files of one end may be of one kind.
        final int step = Math.max(1, files.length / MOST_FILES);
        for (int i = 0; i < files.length; i += step) {
            final ParquetMetadata footer = footer(new Path(URI.create(files[i])), hadoop);
            if (columns.stream().allMatch(footer.getFileMetaData().getSchema()::containsField)) {
                for (final BlockMetaData group : footer.getBlocks()) {
                    count += group.getRowCount();
                    bytes += bytes(group.getColumns(), columns);
                }
            }
        }
        return count == 0 ? 1 : Math.max(1, (double) bytes / count);
    }

    private static long bytes(final List<ColumnChunkMetaData> chunks, final Set<String> columns) {
        return chunks.stream()
                .filter(chunk -> columns.contains(chunk.getPath().toArray()[0]))
                .mapToLong(ColumnChunkMetaData::getTotalSize)
                .sum();
    }

    private static ParquetMetadata footer(final Path path, final Configuration hadoop) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
            return reader.getFooter();
        }
    }
}

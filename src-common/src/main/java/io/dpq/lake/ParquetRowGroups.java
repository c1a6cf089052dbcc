package io.dpq.lake;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/** Some columns of a Parquet file, row group by row group; no other column is read. One thread at a time. */
final class ParquetRowGroups implements Closeable {
    private final ParquetFileReader file;
    private final MessageType columns;

    /**
     * Opens a file.
     *
     * @param names of columns that the file must have; a dot leads into a struct
     * @throws IOException with a message that fits into a sentence, also where a column is missing
     */
    ParquetRowGroups(final LakeRoot root, final String path, final Collection<String> names) throws IOException {
        file = ParquetFileReader.open(HadoopInputFile.fromPath(root.below(path), root.hadoop()));
        try {
            final MessageType all = file.getFileMetaData().getSchema();
            final List<Type> fields = new ArrayList<>();
            for (final String name : names) {
                fields.add(pruned(all, name, name, all));
            }
            columns = new MessageType(all.getName(), fields);
            file.setRequestedSchema(columns);
        } catch (final IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Type pruned(final GroupType from, final String name, final String whole, final MessageType all)
            throws IOException {
        if (from.containsField(name)) {
            return from.getType(name);
        }
        final int dot = name.indexOf('.');
        if (dot > 0
                && from.containsField(name.substring(0, dot))
                && !from.getType(name.substring(0, dot)).isPrimitive()) {
            final GroupType inner = from.getType(name.substring(0, dot)).asGroupType();
            return inner.withNewFields(pruned(inner, name.substring(dot + 1), whole, all));
        }
        throw new IOException("it has no column " + whole + " but "
                + all.getFields().stream().map(Type::getName).toList()
                + "; if no file has, correct the name in the lake's columns, or set that to null");
    }

    /** Refuses a file without a column that is read elsewhere. */
    void require(final String name) throws IOException {
        final MessageType all = file.getFileMetaData().getSchema();
        pruned(all, name, name, all);
    }

    /** Whether the file's metadata has a key. */
    boolean isMarked(final String key) {
        return file.getFileMetaData().getKeyValueMetaData().containsKey(key);
    }

    int count() {
        return file.getRowGroups().size();
    }

    /** Number of rows before a row group. */
    long rowsBefore(final int group) {
        return file.getRowGroups().subList(0, group).stream()
                .mapToLong(BlockMetaData::getRowCount)
                .sum();
    }

    long rows(final int group) {
        return file.getRowGroups().get(group).getRowCount();
    }

    /** Mean bytes a row takes in a column, before compression. */
    long meanBytes(final int group, final String name) {
        final BlockMetaData block = file.getRowGroups().get(group);
        return block.getColumns().stream()
                        .filter(chunk -> (chunk.getPath().toDotString() + ".").startsWith(name + "."))
                        .mapToLong(ColumnChunkMetaData::getTotalUncompressedSize)
                        .sum()
                / Math.max(1, block.getRowCount());
    }

    /** The rows of a group, from the first. */
    Rows read(final int group) throws IOException {
        final PageReadStore pages = file.readRowGroup(group);
        final RecordReader<Group> reader =
                new ColumnIOFactory().getColumnIO(columns).getRecordReader(pages, new GroupRecordConverter(columns));
        return reader::read;
    }

    /** Rows one after the other. */
    interface Rows {
        /** The next row. */
        Group next();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

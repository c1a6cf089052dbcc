package io.dpq.lake;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.parquet.example.data.Group;

/**
 * Named columns of Parquet files. A part is a row group. The listing reads ids and labels alone, so that it knows of a row's
 * length no more than the mean of its row group; but files that {@code pack} wrote tell the length and time of each image.
 */
final class ParquetFormat implements RecordFormat {
    /** Marks in a file's metadata that its columns {@value #LENGTH} and {@value #MODIFIED} are those of the images. */
    static final String PACKED = "dpq.packed";

    private static final String LENGTH = "length";
    private static final String MODIFIED = "modified";
    private static final long serialVersionUID = 1L;

    private final ParquetColumns columns;
    private final boolean vectors;

    /** Columns of images, or of vectors. */
    ParquetFormat(final ParquetColumns columns, final boolean vectors) {
        this.columns = columns;
        this.vectors = vectors;
    }

    @Override
    public String names() {
        return ".parquet";
    }

    @Override
    public boolean accepts(final String path) {
        return path.endsWith(".parquet");
    }

    @Override
    public boolean seekable() {
        return false;
    }

    @Override
    public boolean listsExactLengths() {
        return false;
    }

    @Override
    public boolean listsCheaply() {
        return true;
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) throws IOException {
        try (ParquetRowGroups groups = new ParquetRowGroups(root, path, Set.of())) {
            return LongStream.range(0, groups.count()).boxed().toList();
        }
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        final Set<String> wanted = new LinkedHashSet<>();
        columns.id().ifPresent(wanted::add);
        columns.labels().ifPresent(wanted::add);
        final boolean packed = isPacked(root, path);
        if (packed) {
            wanted.add(LENGTH);
            wanted.add(MODIFIED);
        }
        try (ParquetRowGroups groups = new ParquetRowGroups(root, path, wanted)) {
            // A missing column of content is told here rather than in the middle of the job.
            groups.require(columns.content());
            final int group = (int) part;
            final long length = groups.meanBytes(group, columns.content());
            final long before = groups.rowsBefore(group);
            final long count = groups.rows(group);
            final List<Listed> listed = new ArrayList<>();
            final ParquetRowGroups.Rows rows = wanted.isEmpty() ? null : groups.read(group);
            for (long place = 0; place < count; place++) {
                final Optional<Group> row = rows == null ? Optional.empty() : Optional.of(rows.next());
                final String number = String.format(Locale.ROOT, "%s/%09d", path, before + place);
                listed.add(new Listed(
                        row.isPresent() && columns.id().isPresent()
                                ? ParquetValues.text(row.get(), columns.id().get())
                                        .orElseThrow(() -> new IOException("its row " + number + " has no id"))
                                : number,
                        row.isPresent() && columns.labels().isPresent()
                                ? ParquetValues.texts(
                                        row.get(), columns.labels().get())
                                : List.of(),
                        packed && row.isPresent() ? row.get().getLong(LENGTH, 0) : length,
                        place,
                        null,
                        packed && row.isPresent() && row.get().getFieldRepetitionCount(MODIFIED) > 0
                                ? (Long) row.get().getLong(MODIFIED, 0)
                                : null));
            }
            return listed;
        }
    }

    private static boolean isPacked(final LakeRoot root, final String path) throws IOException {
        try (ParquetRowGroups groups = new ParquetRowGroups(root, path, Set.of())) {
            return groups.isMarked(PACKED);
        }
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        final ParquetRowGroups groups = new ParquetRowGroups(root, path, Set.of(columns.content()));
        final ParquetRowGroups.Rows rows;
        try {
            rows = groups.read((int) part);
        } catch (IOException | RuntimeException e) {
            groups.close();
            throw e;
        }
        return new Contents() {
            private long at;

            @Override
            public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
                while (at < place) {
                    rows.next();
                    at++;
                }
                at++;
                final Group row = rows.next();
                return vectors
                        ? ParquetValues.vector(row, columns.content())
                        : ParquetValues.bytes(row, columns.content());
            }

            @Override
            public void close() throws IOException {
                groups.close();
            }
        };
    }
}

package io.dpq.lake;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.BytesWritable;
import org.apache.hadoop.io.SequenceFile;
import org.apache.hadoop.io.Text;

/**
 * Hadoop SequenceFiles of Text → BytesWritable: the key is the id and the value the image; a key that is a path names its parent
 * folder as the label. A part is a stretch between sync marks, as MapReduce splits such files.
 */
final class SequenceFormat implements RecordFormat {
    private static final long serialVersionUID = 1L;
    private static final long STRETCH = 64L << 20;

    @Override
    public String names() {
        return "SequenceFile (.seq, .sequence or part-…)";
    }

    @Override
    public boolean accepts(final String path) {
        final String name = path.substring(path.lastIndexOf('/') + 1);
        return name.endsWith(".seq") || name.endsWith(".sequence") || name.startsWith("part-");
    }

    @Override
    public boolean seekable() {
        return false;
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) throws IOException {
        final List<Long> parts = new ArrayList<>();
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        for (long start = 0; start == 0 || start < length; start += STRETCH) {
            parts.add(start);
        }
        return parts;
    }

    @Override
    public boolean listsExactLengths() {
        return false;
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        final List<String> keys = new ArrayList<>();
        final long first;
        final long last;
        try (Records records = new Records(root, path, part)) {
            first = records.reader.getPosition();
            while (records.next()) {
                if (records.key.getLength() == 0) {
                    throw new IOException("the key of a record is empty");
                }
                keys.add(records.key.toString());
            }
            last = records.reader.getPosition();
        }
        // Where blocks are compressed, only decompressing them would tell each length.
        final long mean = keys.isEmpty() ? 0 : (last - first) / keys.size();
        final List<Listed> listed = new ArrayList<>(keys.size());
        for (int i = 0; i < keys.size(); i++) {
            listed.add(new Listed(keys.get(i), folder(keys.get(i)), mean, i, null));
        }
        return listed;
    }

    private static List<String> folder(final String key) {
        final Path parent = new Path(null, null, key).getParent();
        return parent == null || parent.getName().isEmpty() ? List.of() : List.of(parent.getName());
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        final Records records = new Records(root, path, part);
        return new Contents() {
            private long at = -1;

            @Override
            public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
                while (at < place) {
                    if (!records.next()) {
                        throw new IOException("it has fewer records than when it was listed");
                    }
                    at++;
                }
                if (!records.reader.isBlockCompressed()) {
                    records.reader.getCurrentValue(records.value);
                }
                return Optional.of(records.value.copyBytes());
            }

            @Override
            public void close() throws IOException {
                records.close();
            }
        };
    }

    /** The records that begin in a stretch, as MapReduce's own reader tells which these are. */
    private static final class Records implements AutoCloseable {
        private final SequenceFile.Reader reader;
        private final Text key = new Text();
        private final BytesWritable value = new BytesWritable();
        private final long end;
        private boolean more;

        Records(final LakeRoot root, final String path, final long part) throws IOException {
            reader = new SequenceFile.Reader(root.hadoop(), SequenceFile.Reader.file(root.below(path)));
            if (!reader.getKeyClassName().equals(Text.class.getName())
                    || !reader.getValueClassName().equals(BytesWritable.class.getName())) {
                final String found = reader.getKeyClassName() + " → " + reader.getValueClassName();
                reader.close();
                throw new IOException("it holds " + found + " and not Text → BytesWritable");
            }
            end = part + STRETCH;
            if (part > reader.getPosition()) {
                reader.sync(part);
            }
            more = reader.getPosition() < end;
        }

        boolean next() throws IOException {
            if (more) {
                final long position = reader.getPosition();
                more = reader.next(key) && !(position >= end && reader.syncSeen());
                if (more && reader.isBlockCompressed()) {
                    // Keys of a block are stored before its values: only behind these the position tells where it ends.
                    reader.getCurrentValue(value);
                }
            }
            return more;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}

package io.dpq.lake;

import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;

/** Records that lie in a file as they are: a place is the offset of the first byte. One thread at a time. */
final class StretchContents implements RecordFormat.Contents {
    private final FSDataInputStream in;

    StretchContents(final FSDataInputStream in) {
        this.in = in;
    }

    @Override
    public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
        in.seek(place);
        final byte[] content = new byte[(int) Math.min(listed, most + 1L)];
        in.readFully(content);
        return Optional.of(content);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

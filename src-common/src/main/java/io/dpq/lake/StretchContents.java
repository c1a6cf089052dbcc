package io.dpq.lake;

import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;

/** Records that lie in a file as they are: a place is the offset of the first byte. One thread at a time. */
final class StretchContents implements RecordFormat.Contents {
    /** Bytes that are passed over sooner than sought. */
    private static final long NEAR = 4096;

    private final FSDataInputStream in;

    StretchContents(final FSDataInputStream in) {
        this.in = in;
    }

    @Override
    public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
        final long gap = place - in.getPos();
        if (gap < 0 || gap > NEAR) {
            in.seek(place);
        } else if (gap > 0) {
            // A seek throws away what was read ahead.
            in.skipNBytes(gap);
        }
        final byte[] content = new byte[(int) Math.min(listed, most + 1L)];
        in.readFully(content);
        return Optional.of(content);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

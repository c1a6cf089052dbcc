package io.dpq.lake;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;

/** Records that lie in a file as they are: a place is the offset of the first byte. One thread at a time. */
final class StretchContents implements RecordFormat.Contents {
    /** Read at once, unless a record is longer: a stream of Hadoop's has more to do for each call than to copy a vector. */
    private static final int BUFFER = 64 << 10;
    /** Bytes that are passed over sooner than sought: so many may have been read ahead, and object stores seek no way back. */
    private static final long NEAR = BUFFER;

    private final FSDataInputStream in;
    private final boolean reuses;
    private byte[] last = {};
    private BufferedInputStream buffered;
    /** Of the next byte that {@link #buffered} yields. */
    private long position;

    /**
     * Begins where the stream stands.
     *
     * @param reuses whether a record may be read into the array of the one before
     */
    StretchContents(final FSDataInputStream in, final boolean reuses) throws IOException {
        this.in = in;
        this.reuses = reuses;
        this.buffered = new BufferedInputStream(in, BUFFER);
        this.position = in.getPos();
    }

    @Override
    public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
        final long gap = place - position;
        // Nowhere, should anything go wrong.
        position = Long.MAX_VALUE;
        if (gap < 0 || gap > NEAR) {
            in.seek(place);
            buffered = new BufferedInputStream(in, BUFFER);
        } else if (gap > 0) {
            // A seek throws away what was read ahead.
            buffered.skipNBytes(gap);
        }
        final int length = (int) Math.min(listed, most + 1L);
        final byte[] content = reuses && last.length == length ? last : new byte[length];
        if (reuses) {
            last = content;
        }
        final int read = buffered.readNBytes(content, 0, content.length);
        position = place + read;
        if (read < content.length) {
            throw new EOFException("it ends within a record");
        }
        return Optional.of(content);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

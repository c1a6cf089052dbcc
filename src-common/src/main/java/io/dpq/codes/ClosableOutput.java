package io.dpq.codes;

import java.io.Closeable;
import java.io.IOException;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.jspecify.annotations.Nullable;

/** A file whose stream can be closed where its writer fails: Parquet's writer of row groups closes it only when it ends well. For one thread. */
final class ClosableOutput implements OutputFile, Closeable {
    private final OutputFile file;
    private @Nullable PositionOutputStream stream;

    ClosableOutput(final OutputFile file) {
        this.file = file;
    }

    @Override
    public PositionOutputStream create(final long blockSize) throws IOException {
        return opened(file.create(blockSize));
    }

    @Override
    public PositionOutputStream createOrOverwrite(final long blockSize) throws IOException {
        return opened(file.createOrOverwrite(blockSize));
    }

    private PositionOutputStream opened(final PositionOutputStream created) {
        stream = created;
        return created;
    }

    @Override
    public boolean supportsBlockSize() {
        return file.supportsBlockSize();
    }

    @Override
    public long defaultBlockSize() {
        return file.defaultBlockSize();
    }

    @Override
    public String getPath() {
        return file.getPath();
    }

    @Override
    public void close() throws IOException {
        if (stream != null) {
            stream.close();
        }
    }
}

package io.dpq.encode;

import java.io.IOException;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/** The local disk, but for the operation at which {@link Pause} stops. */
public final class PausingFileSystem extends LocalFileSystem {
    @Override
    public boolean rename(final Path source, final Path target) throws IOException {
        Pause.at("rename " + target);
        return super.rename(source, target);
    }

    @Override
    public boolean delete(final Path path, final boolean recursive) throws IOException {
        Pause.at("delete " + path);
        return super.delete(path, recursive);
    }

    @Override
    public FSDataOutputStream create(
            final Path path,
            final FsPermission permission,
            final boolean overwrite,
            final int bufferSize,
            final short replication,
            final long blockSize,
            final Progressable progress)
            throws IOException {
        Pause.at("create " + path);
        return super.create(path, permission, overwrite, bufferSize, replication, blockSize, progress);
    }
}

package io.dpq.encode;

import java.io.IOException;
import java.util.EnumSet;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Options.ChecksumOpt;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.util.Progressable;

/** HDFS, but for the operation at which {@link Pause} stops. */
public final class PausingHdfs extends DistributedFileSystem {
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
            final EnumSet<CreateFlag> flags,
            final int bufferSize,
            final short replication,
            final long blockSize,
            final Progressable progress,
            final ChecksumOpt checksum)
            throws IOException {
        Pause.at("create " + path);
        return super.create(path, permission, flags, bufferSize, replication, blockSize, progress, checksum);
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

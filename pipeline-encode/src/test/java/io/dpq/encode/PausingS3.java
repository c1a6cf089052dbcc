package io.dpq.encode;

import java.io.IOException;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.util.Progressable;

/** S3A, but for the operation at which {@link Pause} stops. */
public final class PausingS3 extends S3AFileSystem {
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

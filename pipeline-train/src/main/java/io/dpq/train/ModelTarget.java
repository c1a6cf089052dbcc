package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.model.ModelDirectory;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Looks at where the model will go before hours are spent on it. */
final class ModelTarget {
    private ModelTarget() {}

    /** Publishing replaces the directory, so it must be absent, empty, or a model. */
    static void check(final String path, final Configuration hadoop) {
        try {
            final Path root = new Path(path);
            final FileSystem fileSystem = root.getFileSystem(hadoop);
            if (fileSystem.exists(root)
                    && !fileSystem.exists(new Path(root, ModelDirectory.MANIFEST))
                    && fileSystem.listStatus(root).length > 0) {
                throw UserException.data("The directory " + path
                        + " holds something other than a model, which publishing would replace; choose another"
                        + " model.path.");
            }
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The model cannot be published at " + path + " (" + e.getMessage() + "); correct model.path.", e);
        }
    }
}

package io.dpq.codes;

import java.net.URI;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The local disk under a scheme that promises no atomic rename, as an object store has none. */
public final class InPlaceFileSystem extends RawLocalFileSystem {
    @Override
    public URI getUri() {
        return URI.create("inplace:///");
    }

    @Override
    public String getScheme() {
        return "inplace";
    }
}

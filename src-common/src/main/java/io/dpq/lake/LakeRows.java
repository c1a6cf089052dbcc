package io.dpq.lake;

import java.util.List;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** The columns in which lakes tell what they hold. */
final class LakeRows {
    /** What every listing has; a lake may add columns of its own that tell its reader where a row's content lies. */
    static final StructType LISTING = new StructType()
            .add("id", DataTypes.StringType, false)
            .add("labels", DataTypes.createArrayType(DataTypes.StringType, false), true)
            .add("length", DataTypes.LongType, false);

    /** What is read: the length is that of the content, beside the one that was listed. */
    static final StructType CONTENT = LISTING.add("content", DataTypes.BinaryType, true)
            .add("error", DataTypes.StringType, true)
            .add("modified", DataTypes.LongType, true)
            .add("listed", DataTypes.LongType, false);

    /** A listing of records in files. */
    static final StructType RECORDS = LISTING.add("file", DataTypes.StringType, false)
            .add("part", DataTypes.LongType, false)
            .add("place", DataTypes.LongType, false)
            .add("error", DataTypes.StringType, true)
            .add("modified", DataTypes.LongType, false);

    /** A listing of files: path below the root, bytes, or null for a folder, and milliseconds since 1970. */
    static final StructType FILES = new StructType()
            .add("path", DataTypes.StringType, false)
            .add("length", DataTypes.LongType, true)
            .add("modified", DataTypes.LongType, false);

    private LakeRows() {}

    /** Labels as a row holds them: null where there are none. */
    static String @Nullable [] labels(final List<String> labels) {
        return labels.isEmpty() ? null : labels.toArray(String[]::new);
    }
}

package io.dpq.codes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Column names and types of the code table and its quarantine. Stateless. */
public final class CodeSchema {
    /** Stable id of an image. */
    public static final String ID = "id";

    /** Labels, null where the lake has none. */
    public static final String LABELS = "labels";

    /** Spark SQL's {@code xxhash64} of the stored bytes, so that anyone with Spark can check it. */
    public static final String CONTENT_HASH = "content_hash";

    /** Why an image was quarantined; null in a staged row that was encoded. */
    public static final String REASON = "reason";

    /** What was seen of a quarantined image, for a person. */
    public static final String DETAIL = "detail";

    /** Stored bytes of an image, as the lake listed it; null in tables of earlier releases. */
    public static final String LENGTH = "length";

    /** When the image was modified, in milliseconds since 1970, as the lake listed it; null where the lake knows no time. */
    public static final String MODIFIED = "modified";

    /** The run that wrote a row: not in the files, but in the names of their folders. */
    public static final String RUN = "run";

    /** What a run does about an image, a {@link Action}. */
    public static final String ACTION = "action";

    /** What a run does about an image, and why; the names are stored, in lower case. */
    public enum Action {
        /** Encode it: the table has no row of it. */
        NEW,
        /** Encode it: its content is another. */
        CHANGED,
        /** Decode an image again that an earlier run could not. */
        RETRIED,
        /** Write its code again, with other labels or another modification time. */
        REFRESHED,
        /** Drop its rows: the lake has it no more. */
        DELETED,
        /** Leave its row as it is. */
        UNCHANGED;

        /** Whether it means that the image is read, decoded and embedded. */
        public boolean encodes() {
            return this == NEW || this == CHANGED || this == RETRIED;
        }

        /** How the table and the plan write it. */
        public String stored() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The unquantized embedding, D floats; a table has it only where encode was told to keep it. */
    public static final String EMBEDDING = "embedding";

    /** Pixels across of an image as it is seen, after its orientation is applied. */
    public static final String WIDTH = "width";

    /** Pixels down of an image as it is seen. */
    public static final String HEIGHT = "height";

    /** Columns that a table has only where encode was told to keep them; in the order in which they follow the others. */
    public enum Extra {
        /** The unquantized embedding, {@code ARRAY<FLOAT>}. */
        EMBEDDING,
        /** {@code norm_1 … norm_L FLOAT}: the L2 norm of what the first l levels stand for. */
        NORMS,
        /** {@code width INT, height INT} of the image. */
        SIZE;

        private List<StructField> fields(final int levels) {
            return switch (this) {
                case EMBEDDING -> List.of(field(CodeSchema.EMBEDDING, EMBEDDING_TYPE));
                case NORMS ->
                    IntStream.rangeClosed(1, levels)
                            .mapToObj(level -> field(norm(level), DataTypes.FloatType))
                            .toList();
                case SIZE -> List.of(field(WIDTH, DataTypes.IntegerType), field(HEIGHT, DataTypes.IntegerType));
            };
        }

        private static StructField field(final String name, final DataType type) {
            return DataTypes.createStructField(name, type, true);
        }

        /** A column whose presence tells that of all. */
        String firstColumn() {
            return fields(1).get(0).name();
        }

        /** How many columns they are. */
        public int columns(final int levels) {
            return fields(levels).size();
        }
    }

    private static final DataType EMBEDDING_TYPE = DataTypes.createArrayType(DataTypes.FloatType, false);

    private CodeSchema() {}

    /**
     * What the encoding tasks produce, one row an image: {@code id, labels, content_hash, level_1 … level_L, reason, detail,
     * length, modified}, length and time as the lake listed them. Either the levels or the reason are null.
     */
    public static StructType staged(final int levels) {
        StructType schema = new StructType()
                .add(ID, DataTypes.StringType)
                .add(LABELS, DataTypes.createArrayType(DataTypes.StringType))
                .add(CONTENT_HASH, DataTypes.LongType);
        for (int level = 1; level <= levels; level++) {
            schema = schema.add(CodeTable.column(level), DataTypes.ShortType);
        }
        return schema.add(REASON, DataTypes.StringType)
                .add(DETAIL, DataTypes.StringType)
                .add(LENGTH, DataTypes.LongType)
                .add(MODIFIED, DataTypes.LongType);
    }

    /** As {@link #staged(int)}, with the columns of {@code extras} last; null where the reason is not. */
    public static StructType staged(final int levels, final Set<Extra> extras) {
        return with(staged(levels), levels, extras);
    }

    /** As {@link #staged(int)}, with the column {@code embedding ARRAY<FLOAT>} last; null where the reason is not. */
    public static StructType stagedWithEmbeddings(final int levels) {
        return staged(levels, Set.of(Extra.EMBEDDING));
    }

    /** As {@link #codes(int)}, with the columns of {@code extras} last. */
    static StructType codes(final int levels, final Set<Extra> extras) {
        return with(codes(levels), levels, extras);
    }

    private static StructType with(final StructType schema, final int levels, final Set<Extra> extras) {
        StructType all = schema;
        for (final StructField field : fields(levels, extras)) {
            all = all.add(field);
        }
        return all;
    }

    private static List<StructField> fields(final int levels, final Set<Extra> extras) {
        return Arrays.stream(Extra.values())
                .filter(extras::contains)
                .flatMap(extra -> extra.fields(levels).stream())
                .toList();
    }

    /** The column of the norm of the first {@code level} levels. */
    public static String norm(final int level) {
        return "norm_" + level;
    }

    /** What a run is going to do, one row an image that does not stay as it is: {@code id, labels, length, modified, action}. */
    public static StructType plan() {
        return new StructType()
                .add(ID, DataTypes.StringType)
                .add(LABELS, DataTypes.createArrayType(DataTypes.StringType))
                .add(LENGTH, DataTypes.LongType)
                .add(MODIFIED, DataTypes.LongType)
                .add(ACTION, DataTypes.StringType);
    }

    /** The published columns of the codes, and the run. */
    static StructType codes(final int levels) {
        StructType schema = new StructType()
                .add(ID, DataTypes.StringType)
                .add(LABELS, DataTypes.createArrayType(DataTypes.StringType))
                .add(CONTENT_HASH, DataTypes.LongType);
        for (int level = 1; level <= levels; level++) {
            schema = schema.add(CodeTable.column(level), DataTypes.ShortType);
        }
        return schema.add(LENGTH, DataTypes.LongType)
                .add(MODIFIED, DataTypes.LongType)
                .add(RUN, DataTypes.StringType);
    }

    /** The published columns of the quarantine, and the run. */
    static StructType quarantine() {
        return new StructType()
                .add(ID, DataTypes.StringType)
                .add(REASON, DataTypes.StringType)
                .add(DETAIL, DataTypes.StringType)
                .add(LENGTH, DataTypes.LongType)
                .add(CONTENT_HASH, DataTypes.LongType)
                .add(MODIFIED, DataTypes.LongType)
                .add(RUN, DataTypes.StringType);
    }

    /** The published columns of the superseded ids, and the run. */
    static StructType superseded() {
        return new StructType()
                .add(ID, DataTypes.StringType)
                .add(ACTION, DataTypes.StringType)
                .add(RUN, DataTypes.StringType);
    }

    /** What the table knows of an image, for the next run to compare: {@code labels} and {@code reason} as published. */
    static Column[] stateColumns(final Column labels, final Column reason) {
        return new Column[] {
            functions.col(ID),
            labels.as(LABELS),
            functions.col(CONTENT_HASH),
            functions.col(LENGTH),
            functions.col(MODIFIED),
            reason.as(REASON),
            functions.col(RUN)
        };
    }

    /** The published columns of a row of codes, each level carrying {@code metadata}; the extras last. */
    static Column[] codeColumns(final int levels, final Set<Extra> extras, final Metadata metadata) {
        final List<Column> columns = new ArrayList<>(List.of(
                functions.col(ID),
                functions.col(LABELS),
                functions.col(CONTENT_HASH).as(CONTENT_HASH, metadata)));
        for (int level = 1; level <= levels; level++) {
            final String name = CodeTable.column(level);
            columns.add(functions.col(name).as(name, metadata));
        }
        columns.add(functions.col(LENGTH));
        columns.add(functions.col(MODIFIED));
        fields(levels, extras).forEach(field -> columns.add(functions.col(field.name())));
        return columns.toArray(new Column[0]);
    }

    /** The published columns of a quarantined row. */
    static Column[] quarantineColumns(final Metadata metadata) {
        return new Column[] {
            functions.col(ID),
            functions.col(REASON).as(REASON, metadata),
            functions.col(DETAIL),
            functions.col(LENGTH),
            functions.col(CONTENT_HASH),
            functions.col(MODIFIED)
        };
    }

    /** The published columns of a superseded id. */
    static Column[] supersededColumns(final Metadata metadata) {
        return new Column[] {functions.col(ID), functions.col(ACTION).as(ACTION, metadata)};
    }

    /** What identifies the codes inside a Parquet file: Spark writes the metadata of columns into the file's footer. */
    static Metadata metadata(final String modelId, final int decodeVersion, final int codewords) {
        return new MetadataBuilder()
                .putString("dpq.model", modelId)
                .putLong("dpq.decode", decodeVersion)
                .putLong("dpq.codewords", codewords)
                .build();
    }
}

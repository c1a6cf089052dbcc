package io.dpq.codes;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
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

    /** Stored bytes of a quarantined image. */
    public static final String LENGTH = "length";

    /** The unquantized embedding, D floats; a table has it only where encode was told to keep it. */
    public static final String EMBEDDING = "embedding";

    private static final DataType EMBEDDING_TYPE = DataTypes.createArrayType(DataTypes.FloatType, false);

    private CodeSchema() {}

    /**
     * What the encoding tasks produce, one row an image: {@code id, labels, content_hash, level_1 … level_L, reason, detail,
     * length}. Either the levels or the reason are null.
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
                .add(LENGTH, DataTypes.LongType);
    }

    /** As {@link #staged(int)}, with the column {@code embedding ARRAY<FLOAT>} last; null where the reason is not. */
    public static StructType stagedWithEmbeddings(final int levels) {
        return staged(levels).add(EMBEDDING, EMBEDDING_TYPE);
    }

    /** What {@link CodeTable#readEmbeddings} yields. */
    static StructType readableEmbeddings() {
        return new StructType()
                .add(ID, DataTypes.StringType)
                .add(LABELS, DataTypes.createArrayType(DataTypes.StringType))
                .add(EMBEDDING, EMBEDDING_TYPE);
    }

    /** What {@link CodeTable#read} yields. */
    static StructType readable(final int levels) {
        StructType schema = new StructType()
                .add(ID, DataTypes.StringType)
                .add(LABELS, DataTypes.createArrayType(DataTypes.StringType));
        for (int level = 1; level <= levels; level++) {
            schema = schema.add(CodeTable.column(level), DataTypes.ShortType);
        }
        return schema;
    }

    /** The published columns of an encoded row, each level carrying {@code metadata}; the embedding last where it is kept. */
    static Column[] codeColumns(final int levels, final boolean embeddings, final Metadata metadata) {
        final List<Column> columns = new ArrayList<>(List.of(
                functions.col(ID),
                functions.col(LABELS),
                functions.col(CONTENT_HASH).as(CONTENT_HASH, metadata)));
        for (int level = 1; level <= levels; level++) {
            final String name = CodeTable.column(level);
            columns.add(functions.col(name).as(name, metadata));
        }
        if (embeddings) {
            columns.add(functions.col(EMBEDDING));
        }
        return columns.toArray(new Column[0]);
    }

    /** The published columns of a quarantined row. */
    static Column[] quarantineColumns(final Metadata metadata) {
        return new Column[] {
            functions.col(ID),
            functions.col(REASON).as(REASON, metadata),
            functions.col(DETAIL),
            functions.col(LENGTH),
            functions.col(CONTENT_HASH)
        };
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

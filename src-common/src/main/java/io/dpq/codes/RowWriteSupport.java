package io.dpq.codes;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** Rows of texts, numbers and lists of them to Parquet, in the types in which Spark writes the same schema. For one file. */
class RowWriteSupport extends WriteSupport<Row> {
    private final StructType schema;
    private final String[] names;
    private final DataType[] types;
    private @Nullable RecordConsumer opened;

    RowWriteSupport(final StructType schema) {
        this.schema = schema;
        this.names = schema.fieldNames();
        this.types = Arrays.stream(schema.fields()).map(StructField::dataType).toArray(DataType[]::new);
    }

    @Override
    public WriteContext init(final Configuration configuration) {
        final Types.MessageTypeBuilder message = Types.buildMessage();
        for (final StructField field : schema.fields()) {
            message.addField(type(field.name(), field.dataType()));
        }
        final MessageType parquet = message.named("spark_schema");
        return new WriteContext(parquet, Map.of());
    }

    private static Type type(final String name, final DataType type) {
        return type instanceof ArrayType array
                ? Types.optionalList()
                        .element(primitive(array.elementType()).named("element"))
                        .named(name)
                : primitive(type).named(name);
    }

    private static Types.PrimitiveBuilder<PrimitiveType> primitive(final DataType type) {
        if (type.equals(DataTypes.StringType)) {
            return Types.optional(PrimitiveTypeName.BINARY).as(LogicalTypeAnnotation.stringType());
        }
        if (type.equals(DataTypes.ShortType)) {
            return Types.optional(PrimitiveTypeName.INT32).as(LogicalTypeAnnotation.intType(16, true));
        }
        if (type.equals(DataTypes.IntegerType)) {
            return Types.optional(PrimitiveTypeName.INT32);
        }
        if (type.equals(DataTypes.LongType)) {
            return Types.optional(PrimitiveTypeName.INT64);
        }
        if (type.equals(DataTypes.FloatType)) {
            return Types.optional(PrimitiveTypeName.FLOAT);
        }
        throw new IllegalArgumentException("no column of type " + type + " can be staged");
    }

    @Override
    public void prepareForWrite(final RecordConsumer recordConsumer) {
        this.opened = recordConsumer;
    }

    @Override
    public void write(final Row row) {
        final RecordConsumer consumer = Objects.requireNonNull(opened);
        consumer.startMessage();
        for (int i = 0; i < names.length; i++) {
            if (!row.isNullAt(i)) {
                consumer.startField(names[i], i);
                if (types[i] instanceof ArrayType) {
                    list(consumer, row, i);
                } else {
                    value(consumer, row.get(i));
                }
                consumer.endField(names[i], i);
            }
        }
        consumer.endMessage();
    }

    /** Rows that Spark made hold sequences, those that tasks make hold arrays. */
    private static void list(final RecordConsumer consumer, final Row row, final int at) {
        final Object value = row.get(at);
        consumer.startGroup();
        if (value instanceof float[] floats) {
            if (floats.length > 0) {
                consumer.startField("list", 0);
                for (final float number : floats) {
                    consumer.startGroup();
                    consumer.startField("element", 0);
                    consumer.addFloat(number);
                    consumer.endField("element", 0);
                    consumer.endGroup();
                }
                consumer.endField("list", 0);
            }
        } else {
            elements(consumer, value instanceof Object[] array ? Arrays.asList(array) : row.getList(at));
        }
        consumer.endGroup();
    }

    private static void elements(final RecordConsumer consumer, final List<?> values) {
        if (values.isEmpty()) {
            return;
        }
        consumer.startField("list", 0);
        for (final Object value : values) {
            consumer.startGroup();
            if (value != null) {
                consumer.startField("element", 0);
                value(consumer, value);
                consumer.endField("element", 0);
            }
            consumer.endGroup();
        }
        consumer.endField("list", 0);
    }

    private static void value(final RecordConsumer consumer, final Object value) {
        if (value instanceof String text) {
            consumer.addBinary(Binary.fromString(text));
        } else if (value instanceof Short number) {
            consumer.addInteger(number);
        } else if (value instanceof Integer number) {
            consumer.addInteger(number);
        } else if (value instanceof Long number) {
            consumer.addLong(number);
        } else if (value instanceof Float number) {
            consumer.addFloat(number);
        } else {
            throw new IllegalArgumentException("no value of " + value.getClass() + " can be staged");
        }
    }
}

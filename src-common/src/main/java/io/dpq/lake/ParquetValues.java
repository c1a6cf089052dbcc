package io.dpq.lake;

import io.dpq.image.VectorContent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/** Values of a Parquet row, whichever way its writer nests lists. Stateless. */
final class ParquetValues {
    private ParquetValues() {}

    /** A text or whole number. */
    static Optional<String> text(final Group row, final String name) throws IOException {
        final List<Leaf> leaves = leaves(row, name);
        return leaves.size() == 1 ? Optional.of(leaves.get(0).text(name)) : Optional.empty();
    }

    /** The distinct texts of a list, in its order; one where the column holds no list. */
    static List<String> texts(final Group row, final String name) throws IOException {
        final Set<String> texts = new LinkedHashSet<>();
        for (final Leaf leaf : leaves(row, name)) {
            texts.add(leaf.text(name));
        }
        return List.copyOf(texts);
    }

    /** Bytes, or none where the value is null. */
    static Optional<byte[]> bytes(final Group row, final String name) throws IOException {
        final List<Leaf> leaves = leaves(row, name);
        if (leaves.isEmpty()) {
            return Optional.empty();
        }
        if (leaves.size() > 1 || leaves.get(0).type() != PrimitiveTypeName.BINARY) {
            throw new IOException("its column " + name + " holds no bytes");
        }
        return Optional.of(leaves.get(0)
                .group()
                .getBinary(leaves.get(0).field(), leaves.get(0).index())
                .getBytes());
    }

    /** A list of numbers as content of a lake of vectors, or none where it is null or empty. */
    static Optional<byte[]> vector(final Group row, final String name) throws IOException {
        final List<Leaf> leaves = leaves(row, name);
        if (leaves.isEmpty()) {
            return Optional.empty();
        }
        final float[] vector = new float[leaves.size()];
        for (int i = 0; i < vector.length; i++) {
            final Leaf leaf = leaves.get(i);
            vector[i] = switch (leaf.type()) {
                case FLOAT -> leaf.group().getFloat(leaf.field(), leaf.index());
                case DOUBLE -> (float) leaf.group().getDouble(leaf.field(), leaf.index());
                default -> throw new IOException("its column " + name + " holds no list of floats");
            };
        }
        return Optional.of(VectorContent.write(vector));
    }

    /** A value where it stands. */
    private record Leaf(Group group, int field, int index, PrimitiveTypeName type) {
        String text(final String column) throws IOException {
            return switch (type) {
                case BINARY -> group.getString(field, index);
                case INT32, INT64 -> group.getValueToString(field, index);
                default -> throw new IOException("its column " + column + " holds neither texts nor whole numbers");
            };
        }
    }

    private static List<Leaf> leaves(final Group row, final String name) {
        final List<Leaf> leaves = new ArrayList<>();
        final String top = row.getType().containsField(name) ? name : name.substring(0, name.indexOf('.'));
        gather(row, row.getType().getFieldIndex(top), leaves);
        return leaves;
    }

    private static void gather(final Group group, final int field, final List<Leaf> leaves) {
        final Type type = group.getType().getType(field);
        for (int i = 0; i < group.getFieldRepetitionCount(field); i++) {
            if (type.isPrimitive()) {
                leaves.add(new Leaf(group, field, i, type.asPrimitiveType().getPrimitiveTypeName()));
            } else {
                final Group inner = group.getGroup(field, i);
                for (int f = 0; f < inner.getType().getFieldCount(); f++) {
                    gather(inner, f, leaves);
                }
            }
        }
    }
}

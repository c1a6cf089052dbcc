package io.dpq.lake;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** Vectors as the content of a lake's rows: D little-endian float32, nothing else. Stateless. */
public final class VectorContent {
    private VectorContent() {}

    /** The content of a vector. */
    public static byte[] write(final float[] vector) {
        final ByteBuffer content =
                ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        content.asFloatBuffer().put(vector);
        return content.array();
    }

    /**
     * Reads a vector into a batch.
     *
     * @param dimensions D that is asked for
     * @return why it cannot be used, if so: another length, or a value that is not finite; {@code into} then holds no vector
     */
    public static Optional<String> read(
            final byte[] content, final float[] into, final int offset, final int dimensions) {
        if (content.length != dimensions * Float.BYTES) {
            return Optional.of("The vector has " + content.length / Float.BYTES + " values and not " + dimensions);
        }
        ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(into, offset, dimensions);
        for (int i = offset; i < offset + dimensions; i++) {
            if (!Float.isFinite(into[i])) {
                return Optional.of("The vector's value " + (i - offset) + " is " + into[i]);
            }
        }
        return Optional.empty();
    }
}

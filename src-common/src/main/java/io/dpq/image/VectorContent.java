package io.dpq.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

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
     * @throws ImageRejectedException where it has another length or a value that is not finite
     */
    public static void read(final byte[] content, final float[] into, final int offset, final int dimensions)
            throws ImageRejectedException {
        if (content.length != dimensions * Float.BYTES) {
            throw new ImageRejectedException(
                    ImageRejectedException.Reason.UNKNOWN_FORMAT,
                    "The vector has " + content.length / Float.BYTES + " values and not " + dimensions);
        }
        ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(into, offset, dimensions);
        for (int i = offset; i < offset + dimensions; i++) {
            if (!Float.isFinite(into[i])) {
                throw new ImageRejectedException(
                        ImageRejectedException.Reason.CORRUPT, "The vector's value " + (i - offset) + " is " + into[i]);
            }
        }
    }
}

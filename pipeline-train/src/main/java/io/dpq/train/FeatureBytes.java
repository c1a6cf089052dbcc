package io.dpq.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Features as the content of a row: float32, little-endian, so that other programs can read the cache. Stateless. */
final class FeatureBytes {
    private FeatureBytes() {}

    /** The values {@code from} … {@code from + length} as bytes. */
    static byte[] of(final float[] values, final int from, final int length) {
        final ByteBuffer bytes = ByteBuffer.allocate(length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values, from, length);
        return bytes.array();
    }

    /** The features of rows, row by row. */
    static float[] join(final List<TrainRow> rows) {
        final int length = rows.isEmpty() ? 0 : rows.get(0).content().length / Float.BYTES;
        final float[] values = new float[rows.size() * length];
        for (int i = 0; i < rows.size(); i++) {
            ByteBuffer.wrap(rows.get(i).content())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values, i * length, length);
        }
        return values;
    }
}

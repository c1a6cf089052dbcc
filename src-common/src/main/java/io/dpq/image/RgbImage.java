package io.dpq.image;

/**
 * An image in 8-bit RGB, three bytes a pixel, row by row from the top left. Not thread-safe: the bytes are shared, not copied.
 *
 * @param width pixels
 * @param height pixels
 * @param rgb 3 · width · height bytes
 */
@SuppressWarnings("ArrayRecordComponent") // A pixel buffer is handed on, never compared.
public record RgbImage(int width, int height, byte[] rgb) implements PixelRows {
    static final int CHANNELS = 3;

    @Override
    public void read(final int y, final int[] values) {
        final int from = y * width * CHANNELS;
        for (int i = 0; i < width * CHANNELS; i++) {
            values[i] = rgb[from + i] & 0xFF;
        }
    }

    @Override
    public RgbImage whole() {
        return this;
    }
}

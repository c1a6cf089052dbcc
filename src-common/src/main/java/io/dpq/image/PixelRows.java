package io.dpq.image;

/** A picture that is read row by row, so that it need not be there as a whole in every form. For one thread. */
interface PixelRows {
    int width();

    int height();

    /**
     * Reads a row.
     *
     * @param y from 0, the top
     * @param rgb receives three values 0…255 a pixel, and has {@value RowKernel#SLACK} places behind them
     */
    void read(int y, int[] rgb);

    /** The whole of it. */
    default RgbImage whole() {
        final int values = RgbImage.CHANNELS * width();
        final int[] row = new int[values + RowKernel.SLACK];
        final byte[] rgb = new byte[Math.multiplyExact(values, height())];
        for (int y = 0; y < height(); y++) {
            read(y, row);
            for (int i = 0; i < values; i++) {
                rgb[y * values + i] = (byte) row[i];
            }
        }
        return new RgbImage(width(), height(), rgb);
    }
}

package io.dpq.image;

/**
 * Separable resampling with a triangle filter whose support grows with the reduction: area-weighted when shrinking,
 * bilinear when enlarging. The same rule as Pillow's BILINEAR. Weights are 22-bit integers and each pass rounds to 8 bits,
 * so every JVM computes the same bytes. Weights are not negative and sum to one but for their rounding, so that no sum leaves
 * the range of a byte. A row is read when the first output row needs it and kept until the last one has, so that what is in
 * memory beside the result are a few rows.
 */
final class Resampler {
    private static final int CHANNELS = RgbImage.CHANNELS;
    private static final RowKernel KERNEL = RowKernel.best();

    private Resampler() {}

    static RgbImage resize(final PixelRows image, final int width, final int height) {
        if (image.height() == height && image.width() == width) {
            return image.whole();
        }
        return resize(image, width, height, new Rectangle(0, 0, width, height));
    }

    /** What {@code shown} cuts from the resized image; the rest of it is not computed. */
    static RgbImage resize(final PixelRows image, final int width, final int height, final Rectangle shown) {
        final Across across =
                new Across(image, Weights.between(image.width(), width).window(shown.left(), shown.width()));
        // Where a side stays as it is, each position is the one input position of the weight 1.
        final Weights weights = Weights.between(image.height(), height).window(shown.top(), shown.height());
        final int values = CHANNELS * shown.width();
        final byte[] out = new byte[values * shown.height()];
        final int[][] rows = new int[weights.taps()][values + RowKernel.SLACK];
        final int[][] window = new int[weights.taps()][];
        int read = weights.first()[0];
        for (int y = 0; y < shown.height(); y++) {
            final int first = weights.first()[y];
            final int count = weights.count()[y];
            for (; read < first + count; read++) {
                across.row(read, rows[read % rows.length]);
            }
            for (int k = 0; k < count; k++) {
                window[k] = rows[(first + k) % rows.length];
            }
            KERNEL.down(window, weights, y, out, y * values, values);
        }
        return new RgbImage(shown.width(), shown.height(), out);
    }

    /** The rows of a picture, resampled horizontally. */
    private static final class Across {
        private final PixelRows image;
        private final Weights weights;
        private final int[] factors;
        private final int[] line;

        private Across(final PixelRows image, final Weights weights) {
            this.image = image;
            this.weights = weights;
            this.factors = KERNEL.factors(weights);
            this.line = new int[CHANNELS * image.width() + RowKernel.SLACK];
        }

        private void row(final int y, final int[] out) {
            image.read(y, line);
            KERNEL.across(line, weights, factors, out);
        }
    }
}

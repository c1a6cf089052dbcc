package io.dpq.image;

/** Turns stored content into network input. For one thread: it keeps buffers. */
public interface InputReader {
    /** Floats of one input. */
    int length();

    /**
     * Writes an input.
     *
     * @param content an encoded image, or the little-endian float32 of a vector
     * @param into receives {@link #length} floats from {@code offset} on
     * @throws ImageRejectedException where the content cannot be used; {@code into} then holds no input there
     */
    void read(byte[] content, float[] into, int offset) throws ImageRejectedException;

    /** Pixels across of the image read last, as it is stored and seen; 0 where it is none. */
    int width();

    /** Pixels down of the image read last; 0 where it is none. */
    int height();

    /** Images decoded as a contract says, and cropped at the centre. */
    static InputReader ofImages(final ImageContract contract) {
        final ImageDecoder decoder = new ImageDecoder(contract);
        final Tensors tensors = new Tensors(contract);
        return new InputReader() {
            private int width;
            private int height;

            @Override
            public int length() {
                return contract.tensorLength();
            }

            @Override
            public int width() {
                return width;
            }

            @Override
            public int height() {
                return height;
            }

            @Override
            public void read(final byte[] content, final float[] into, final int offset) throws ImageRejectedException {
                final ImageDecoder.Picture picture = decoder.centre(content);
                width = picture.width();
                height = picture.height();
                tensors.centre(picture.image(), into, offset);
            }
        };
    }

    /** Vectors of a length, as they are. */
    static InputReader ofVectors(final int length) {
        return new InputReader() {
            @Override
            public int length() {
                return length;
            }

            @Override
            public int width() {
                return 0;
            }

            @Override
            public int height() {
                return 0;
            }

            @Override
            public void read(final byte[] content, final float[] into, final int offset) throws ImageRejectedException {
                VectorContent.read(content, into, offset, length);
            }
        };
    }
}

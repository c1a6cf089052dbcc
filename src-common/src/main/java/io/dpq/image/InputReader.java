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

    /** Images decoded as a contract says, and cropped at the centre. */
    static InputReader ofImages(final ImageContract contract) {
        final ImageDecoder decoder = new ImageDecoder(contract);
        final Tensors tensors = new Tensors(contract);
        return new InputReader() {
            @Override
            public int length() {
                return contract.tensorLength();
            }

            @Override
            public void read(final byte[] content, final float[] into, final int offset) throws ImageRejectedException {
                tensors.centre(decoder.decode(content), into, offset);
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
            public void read(final byte[] content, final float[] into, final int offset) throws ImageRejectedException {
                VectorContent.read(content, into, offset, length);
            }
        };
    }
}

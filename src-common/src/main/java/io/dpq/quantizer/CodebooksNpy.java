package io.dpq.quantizer;

/** Codebooks as a NumPy file: float32, C order, shape [L, K, D]. */
public final class CodebooksNpy {
    private CodebooksNpy() {}

    /** The bytes of the .npy file. */
    public static byte[] write(final Codebooks codebooks) {
        throw new UnsupportedOperationException();
    }

    /** Reads what {@link #write} wrote; anything else is an IllegalArgumentException that says what is wrong. */
    public static Codebooks read(final byte[] npy) {
        throw new UnsupportedOperationException();
    }
}

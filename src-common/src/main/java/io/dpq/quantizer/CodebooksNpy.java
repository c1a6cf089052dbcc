package io.dpq.quantizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Codebooks as a NumPy file ({@code codebooks.npy}): little-endian float32, C order, shape [L, K, D], NPY format 1.0
 * (numpy.lib.format). {@code numpy.load} reads it as it is. Stateless and thread-safe.
 */
public final class CodebooksNpy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int PREAMBLE = MAGIC.length + 4;
    private static final int ALIGNMENT = 64;
    private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
    private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
    private static final Pattern SHAPE =
            Pattern.compile("'shape'\\s*:\\s*\\(\\s*(\\d{1,9})\\s*,\\s*(\\d{1,9})\\s*,\\s*(\\d{1,9})\\s*,?\\s*\\)");

    private CodebooksNpy() {}

    /** The bytes of the file. */
    public static byte[] write(final Codebooks codebooks) {
        final String dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + codebooks.levels() + ", "
                + codebooks.codewords() + ", " + codebooks.dimensions() + "), }";
        // The data begins at a multiple of 64 bytes, and the header ends in a newline.
        final int length = (PREAMBLE + dictionary.length() + ALIGNMENT) / ALIGNMENT * ALIGNMENT - PREAMBLE;
        final float[] values = codebooks.values();
        final ByteBuffer buffer = ByteBuffer.allocate(PREAMBLE + length + values.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) length);
        final byte[] header = new byte[length];
        Arrays.fill(header, (byte) ' ');
        System.arraycopy(dictionary.getBytes(StandardCharsets.US_ASCII), 0, header, 0, dictionary.length());
        header[length - 1] = '\n';
        buffer.put(header);
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }

    /**
     * Reads such a file. Nothing is allocated on a header's word alone: its shape must match the bytes that are there.
     *
     * @throws IllegalArgumentException in one sentence, where the bytes are not such a file
     */
    public static Codebooks read(final byte[] bytes) {
        if (bytes.length < PREAMBLE || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new IllegalArgumentException("The codebooks are not a NumPy file: its first bytes are missing.");
        }
        if (bytes[MAGIC.length] != 1) {
            throw new IllegalArgumentException(
                    "The codebooks are of NumPy format " + bytes[MAGIC.length] + " but must be of format 1.");
        }
        final ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        final int length = Short.toUnsignedInt(buffer.getShort(MAGIC.length + 2));
        if (PREAMBLE + length > bytes.length) {
            throw new IllegalArgumentException("The codebooks' NumPy header is cut short: it promises " + length
                    + " bytes and " + (bytes.length - PREAMBLE) + " follow.");
        }
        final String header = new String(bytes, PREAMBLE, length, StandardCharsets.ISO_8859_1);
        require("<f4".equals(first(DESCR, header)), "float32 values ('<f4')", header);
        require("False".equals(first(ORDER, header)), "C order ('fortran_order': False)", header);
        final Matcher shape = SHAPE.matcher(header);
        require(shape.find(), "a shape of three numbers (levels, codewords, dimensions)", header);
        final long levels = Long.parseLong(shape.group(1));
        final long codewords = Long.parseLong(shape.group(2));
        final long dimensions = Long.parseLong(shape.group(3));
        final int data = bytes.length - PREAMBLE - length;
        // Each factor is checked by itself first, so that the product of the three cannot overflow.
        if (levels > data || codewords > data || dimensions > data || size(levels, codewords, dimensions) != data) {
            throw new IllegalArgumentException("The codebooks' NumPy header promises the shape (" + levels + ", "
                    + codewords + ", " + dimensions + ") but " + data + " bytes of values follow.");
        }
        final float[] values = new float[data / Float.BYTES];
        buffer.position(PREAMBLE + length);
        buffer.asFloatBuffer().get(values);
        return new Codebooks((int) levels, (int) codewords, (int) dimensions, values);
    }

    private static long size(final long levels, final long codewords, final long dimensions) {
        final long rows = levels * codewords;
        return rows > Integer.MAX_VALUE ? -1 : rows * dimensions * Float.BYTES;
    }

    private static String first(final Pattern pattern, final String header) {
        final Matcher matcher = pattern.matcher(header);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static void require(final boolean condition, final String what, final String header) {
        if (!condition) {
            throw new IllegalArgumentException(
                    "The codebooks must be a NumPy array of " + what + ", but its header says " + header.strip() + ".");
        }
    }
}

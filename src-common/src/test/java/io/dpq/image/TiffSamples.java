package io.dpq.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.TreeMap;

/** TIFF files written byte by byte, so that a test does not read what the library under test has written. Little-endian. */
final class TiffSamples {
    static final List<String> BOMBS = List.of(
            "side-0",
            "side-65535",
            "side-2147483647",
            "tile-1048576",
            "samples-65535",
            "samples-0",
            "bits-64",
            "strip-beyond-end",
            "strip-half-beyond-end",
            "strip-of-4-gigabytes",
            "loop-of-pages",
            "compression-unknown",
            "deflate-bomb",
            "float");

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int STRIP_OFFSETS = 273;
    private static final int ORIENTATION = 274;
    private static final int SAMPLES = 277;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTES = 279;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int SAMPLE_FORMAT = 339;
    private static final int DEFLATE = 8;
    private static final int RGB = 2;
    private static final int INKS = 5;
    private static final int HEADER = 8;

    private TiffSamples() {}

    /** A picture with 8 or 16 bits a sample; the low byte of the latter repeats the high one. */
    static byte[] rgb(final BufferedImage picture, final int bits, final boolean deflate) {
        return rgb(picture, bits, deflate, 1);
    }

    static byte[] rgb(final BufferedImage picture, final int bits, final boolean deflate, final int orientation) {
        final ByteArrayOutputStream raw = new ByteArrayOutputStream();
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                for (int shift = 16; shift >= 0; shift -= 8) {
                    final int value = picture.getRGB(x, y) >> shift & 0xFF;
                    for (int bit = 0; bit < bits; bit += 8) {
                        raw.write(value);
                    }
                }
            }
        }
        final byte[] data = deflate ? HostileCorpus.deflate(raw.toByteArray()) : raw.toByteArray();
        final TreeMap<Integer, long[]> fields =
                fields(picture.getWidth(), picture.getHeight(), RGB, 3, bits, data.length);
        fields.put(COMPRESSION, new long[] {deflate ? DEFLATE : 1});
        fields.put(ORIENTATION, new long[] {orientation});
        return file(fields, data, 0);
    }

    /** A square of one colour in inks, 8 bits a sample. */
    static byte[] cmyk(final int side, final int... inks) {
        final byte[] data = new byte[side * side * inks.length];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) inks[i % inks.length];
        }
        return file(fields(side, side, INKS, inks.length, 8, data.length), data, 0);
    }

    static byte[] bomb(final String kind) {
        final int side = 16;
        byte[] data = new byte[side * side * 3];
        final TreeMap<Integer, long[]> fields = fields(side, side, RGB, 3, 8, data.length);
        int next = 0;
        switch (kind) {
            case "side-0" -> fields.put(WIDTH, new long[] {0});
            case "side-65535", "side-2147483647" -> {
                final long huge = Long.parseLong(kind.substring(5));
                fields.put(WIDTH, new long[] {huge});
                fields.put(HEIGHT, new long[] {huge});
            }
            case "tile-1048576" -> {
                List.of(STRIP_OFFSETS, STRIP_BYTES, ROWS_PER_STRIP).forEach(fields::remove);
                fields.put(TILE_WIDTH, new long[] {1 << 20});
                fields.put(TILE_HEIGHT, new long[] {1 << 20});
                fields.put(TILE_OFFSETS, new long[] {HEADER});
                fields.put(TILE_BYTES, new long[] {data.length});
            }
            case "samples-65535" -> {
                fields.put(SAMPLES, new long[] {65_535});
                fields.put(BITS, new long[] {8});
            }
            case "samples-0" -> fields.put(SAMPLES, new long[] {0});
            case "bits-64" -> fields.put(BITS, new long[] {64, 64, 64});
            case "strip-beyond-end" -> fields.put(STRIP_OFFSETS, new long[] {1 << 30});
            // As a download that broke off leaves it, where the directory comes first.
            case "strip-half-beyond-end" ->
                fields.put(STRIP_OFFSETS, new long[] {HEADER + data.length / 2 + 2 + 12 * fields.size() + 4 + 12});
            case "strip-of-4-gigabytes" -> fields.put(STRIP_BYTES, new long[] {0xFFFFFFFFL});
            case "loop-of-pages" -> next = HEADER + data.length;
            case "compression-unknown" -> fields.put(COMPRESSION, new long[] {4711});
            case "deflate-bomb" -> {
                data = HostileCorpus.deflate(new byte[64 << 20]);
                fields.put(COMPRESSION, new long[] {DEFLATE});
                fields.put(STRIP_BYTES, new long[] {data.length});
            }
            case "float" -> {
                fields.put(BITS, new long[] {32, 32, 32});
                fields.put(SAMPLE_FORMAT, new long[] {3, 3, 3});
                data = new byte[side * side * 12];
                fields.put(STRIP_BYTES, new long[] {data.length});
            }
            default -> throw new IllegalArgumentException(kind);
        }
        return file(fields, data, kind.equals("loop-of-pages") ? HEADER + data.length + data.length % 2 : next);
    }

    private static TreeMap<Integer, long[]> fields(
            final int width,
            final int height,
            final int photometric,
            final int samples,
            final int bits,
            final int length) {
        final TreeMap<Integer, long[]> fields = new TreeMap<>();
        fields.put(WIDTH, new long[] {width});
        fields.put(HEIGHT, new long[] {height});
        fields.put(
                BITS,
                java.util.stream.LongStream.generate(() -> bits).limit(samples).toArray());
        fields.put(COMPRESSION, new long[] {1});
        fields.put(PHOTOMETRIC, new long[] {photometric});
        fields.put(STRIP_OFFSETS, new long[] {HEADER});
        fields.put(SAMPLES, new long[] {samples});
        fields.put(ROWS_PER_STRIP, new long[] {height});
        fields.put(STRIP_BYTES, new long[] {length});
        return fields;
    }

    /** Header, data, then the directory; values that do not fit their entry follow it. All values are 32 bits wide. */
    private static byte[] file(final TreeMap<Integer, long[]> fields, final byte[] data, final int nextDirectory) {
        final int directory = HEADER + data.length + data.length % 2;
        int spill = directory + 2 + 12 * fields.size() + 4;
        final int more = fields.values().stream()
                .mapToInt(v -> v.length > 1 ? 4 * v.length : 0)
                .sum();
        final ByteBuffer out = ByteBuffer.allocate(spill + more).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {'I', 'I', 42, 0}).putInt(directory).put(data);
        out.position(directory);
        out.putShort((short) fields.size());
        for (final var field : fields.entrySet()) {
            final long[] values = field.getValue();
            out.putShort(field.getKey().shortValue()).putShort((short) 4).putInt(values.length);
            if (values.length == 1) {
                out.putInt((int) values[0]);
            } else {
                out.putInt(spill);
                for (final long value : values) {
                    out.putInt(spill, (int) value);
                    spill += 4;
                }
            }
        }
        out.putInt(nextDirectory);
        return out.array();
    }
}

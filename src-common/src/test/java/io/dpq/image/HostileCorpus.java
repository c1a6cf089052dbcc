package io.dpq.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/**
 * Inputs that lakes hold and no decoder should meet: cut off, damaged, misnamed, lying about their size. Generated, so that
 * what each one is can be read here. Stateless.
 */
public final class HostileCorpus {
    private static final int SIDE = 48;

    private HostileCorpus() {}

    /** File name to content; more than 200, the same ones every time. */
    public static Map<String, byte[]> generate() {
        final Map<String, byte[]> corpus = new LinkedHashMap<>();
        final Map<String, byte[]> good = good();
        final Random random = new Random(11);
        good.forEach((name, bytes) -> {
            final String format = name.substring(name.lastIndexOf('.') + 1);
            for (final int percent : new int[] {1, 10, 35, 50, 75, 90, 99}) {
                corpus.put(
                        "cut-" + percent + "-" + name, Arrays.copyOf(bytes, Math.max(1, bytes.length * percent / 100)));
            }
            for (int i = 0; i < 8; i++) {
                corpus.put("damaged-" + i + "-" + name, damaged(bytes, random));
            }
            corpus.put("zeros-after-header-" + name, zeroed(bytes));
            corpus.put("trailing-junk-" + name, concat(bytes, random(2000, random)));
            corpus.put("misnamed-" + name + (format.equals("png") ? ".jpg" : ".png"), bytes);
        });
        corpus.put("empty.jpg", new byte[0]);
        corpus.put("one-byte.png", new byte[] {(byte) 0x89});
        corpus.put("text.jpg", "This is no picture.\n".repeat(50).getBytes(StandardCharsets.UTF_8));
        corpus.put("page.gif", "<html><body>404 Not Found</body></html>".getBytes(StandardCharsets.UTF_8));
        corpus.put("vector.png", "<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8));
        corpus.put("zip.jpg", concat(new byte[] {'P', 'K', 3, 4}, random(500, random)));
        for (final int length : new int[] {2, 16, 300, 5000, 100_000}) {
            corpus.put("noise-" + length + ".jpg", random(length, random));
            corpus.put("zeros-" + length + ".bmp", new byte[length]);
        }
        final Map<String, byte[]> magics = Map.of(
                "jpg", new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xE0},
                "png", new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'},
                "gif", Format.ascii("GIF89a"),
                "bmp", Format.ascii("BM"),
                "webp", Format.ascii("RIFF\0\0\0\0WEBP"),
                "tif", Format.ascii("II*\0"));
        magics.forEach((format, magic) -> {
            corpus.put("magic-only." + format, magic);
            for (int i = 0; i < 6; i++) {
                corpus.put("magic-and-noise-" + i + "." + format, concat(magic, random(40 << i, random)));
            }
        });
        bombs(corpus);
        brokenExif(corpus, random);
        return corpus;
    }

    /** What the corpus is made from: one of every kind, and every one decodes. */
    public static Map<String, byte[]> good() {
        final BufferedImage picture = Samples.picture(SIDE);
        final Map<String, byte[]> good = new LinkedHashMap<>();
        good.put("baseline.jpg", Samples.encode(picture, "jpg"));
        good.put("progressive.jpg", Samples.progressive(picture));
        good.put("colour.png", Samples.encode(picture, "png"));
        good.put("palette.gif", Samples.encode(indexed(picture), "gif"));
        good.put("colour.bmp", Samples.encode(picture, "bmp"));
        good.put("plain.tif", TiffSamples.rgb(picture, 8, false));
        good.put("deep.tif", TiffSamples.rgb(picture, 16, true));
        good.put("lossy.webp", golden("lossy.webp"));
        good.put("lossless.webp", golden("lossless.webp"));
        good.put("inks.tif", TiffSamples.cmyk(SIDE, 0, 128, 255, 51));
        return good;
    }

    /** Nothing here writes WebP. */
    private static byte[] golden(final String name) {
        try (InputStream in = Objects.requireNonNull(HostileCorpus.class.getResourceAsStream("golden/" + name))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BufferedImage indexed(final BufferedImage picture) {
        final BufferedImage image =
                new BufferedImage(picture.getWidth(), picture.getHeight(), BufferedImage.TYPE_BYTE_INDEXED);
        image.createGraphics().drawImage(picture, 0, 0, null);
        return image;
    }

    private static void bombs(final Map<String, byte[]> corpus) {
        for (final int side : new int[] {0, 1, 30_000, 65_535, Integer.MAX_VALUE, -1}) {
            corpus.put("png-of-side-" + side + ".png", png(side, side, 8, 2, new byte[100]));
        }
        corpus.put("strip.png", png(1, 65_000, 8, 0, new byte[130_000]));
        // A small file that inflates to gigabytes, in a chunk that is no pixel.
        final byte[] inflated = deflated(64 << 20);
        corpus.put(
                "text-bomb.png",
                withChunk(png(4, 4, 8, 2, new byte[4 * 13]), "zTXt", concat(Format.ascii("a\0\0"), inflated)));
        corpus.put(
                "profile-bomb.png",
                withChunk(png(4, 4, 8, 2, new byte[4 * 13]), "iCCP", concat(Format.ascii("a\0\0"), inflated)));
        corpus.put("pixel-bomb.png", png(9000, 9000, 8, 0, new byte[0], deflated(9001 * 9000)));
        final byte[] bmp = Samples.encode(Samples.picture(SIDE), "bmp");
        for (final int side : new int[] {0, 40_000, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            final byte[] bomb = bmp.clone();
            ByteBuffer.wrap(bomb)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(18, side)
                    .putInt(22, side);
            corpus.put("bmp-of-side-" + side + ".bmp", bomb);
        }
        final byte[] gif = Samples.encode(indexed(Samples.picture(SIDE)), "gif");
        for (final int side : new int[] {0, 65_535}) {
            final byte[] bomb = gif.clone();
            ByteBuffer.wrap(bomb)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putShort(6, (short) side)
                    .putShort(8, (short) side);
            corpus.put("gif-screen-of-side-" + side + ".gif", bomb);
        }
        // 35 bytes that promise four billion pixels.
        final byte[] tiny = new byte[35];
        System.arraycopy(Format.ascii("GIF89a"), 0, tiny, 0, 6);
        Arrays.fill(tiny, 6, 10, (byte) 0xFF);
        tiny[13] = 0x2C;
        Arrays.fill(tiny, 18, 22, (byte) 0xFF);
        tiny[23] = 2;
        corpus.put("tiny-bomb.gif", tiny);
        final byte[] jpeg = Samples.encode(Samples.picture(SIDE), "jpg");
        for (final int side : new int[] {0, 65_535}) {
            final byte[] bomb = jpeg.clone();
            int at = 2;
            while ((bomb[at + 1] & 0xFF) != 0xC0) {
                at += 2 + (ByteBuffer.wrap(bomb).getShort(at + 2) & 0xFFFF);
            }
            ByteBuffer.wrap(bomb).putShort(at + 5, (short) side).putShort(at + 7, (short) side);
            corpus.put("jpeg-of-side-" + side + ".jpg", bomb);
        }
        for (final String bomb : TiffSamples.BOMBS) {
            corpus.put("tiff-" + bomb + ".tif", TiffSamples.bomb(bomb));
        }
        // WebP: a lossless header of 16384 x 16384, then nothing.
        final ByteBuffer webp = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        webp.put(Format.ascii("RIFF"))
                .putInt(32)
                .put(Format.ascii("WEBPVP8L"))
                .putInt(20)
                .put((byte) 0x2F)
                .putInt(0x0FFFFFFF);
        corpus.put("webp-of-side-16384.webp", webp.array());
    }

    private static void brokenExif(final Map<String, byte[]> corpus, final Random random) {
        final byte[] jpeg = Samples.encode(Samples.picture(SIDE), "jpg");
        final byte[] exif = Samples.exif(6);
        for (int i = 0; i < 12; i++) {
            corpus.put("exif-damaged-" + i + ".jpg", Samples.withSegment(jpeg, 0xE1, damaged(exif, random)));
        }
        corpus.put("exif-cut.jpg", Samples.withSegment(jpeg, 0xE1, Arrays.copyOf(exif, 12)));
        corpus.put("exif-of-9.jpg", Samples.withSegment(jpeg, 0xE1, Samples.exif(9)));
        corpus.put("exif-only-name.jpg", Samples.withSegment(jpeg, 0xE1, Format.ascii("Exif\0\0")));
        // An entry that says it has four billion values; a directory that is its own successor.
        final byte[] endless = exif.clone();
        ByteBuffer.wrap(endless).putInt(6 + 14, -1);
        corpus.put("exif-endless.jpg", Samples.withSegment(jpeg, 0xE1, endless));
        final byte[] loop = exif.clone();
        ByteBuffer.wrap(loop).putInt(6 + 22, 8);
        corpus.put("exif-loop.jpg", Samples.withSegment(jpeg, 0xE1, loop));
    }

    private static byte[] png(final int width, final int height, final int bits, final int type, final byte[] raw) {
        return png(width, height, bits, type, raw, deflate(raw));
    }

    private static byte[] png(
            final int width, final int height, final int bits, final int type, final byte[] raw, final byte[] data) {
        final ByteBuffer header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) bits)
                .put((byte) type)
                .put(new byte[3]);
        return concat(
                new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'},
                chunk("IHDR", header.array()),
                chunk("IDAT", data),
                chunk("IEND", new byte[0]));
    }

    private static byte[] withChunk(final byte[] png, final String type, final byte[] body) {
        return concat(Arrays.copyOf(png, 33), chunk(type, body), Arrays.copyOfRange(png, 33, png.length));
    }

    private static byte[] chunk(final String type, final byte[] body) {
        final CRC32 crc = new CRC32();
        crc.update(Format.ascii(type));
        crc.update(body);
        return ByteBuffer.allocate(12 + body.length)
                .putInt(body.length)
                .put(Format.ascii(type))
                .put(body)
                .putInt((int) crc.getValue())
                .array();
    }

    private static byte[] deflated(final int zeros) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
            final byte[] block = new byte[1 << 16];
            for (int left = zeros; left > 0; left -= block.length) {
                deflater.write(block, 0, Math.min(left, block.length));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static byte[] deflate(final byte[] bytes) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(out)) {
            deflater.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static byte[] damaged(final byte[] bytes, final Random random) {
        final byte[] damaged = bytes.clone();
        for (int i = 0; i < 6; i++) {
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
        }
        return damaged;
    }

    private static byte[] zeroed(final byte[] bytes) {
        final byte[] zeroed = bytes.clone();
        Arrays.fill(zeroed, Math.min(64, zeroed.length), zeroed.length, (byte) 0);
        return zeroed;
    }

    private static byte[] random(final int length, final Random random) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] concat(final byte[]... parts) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (final byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}

package io.dpq.lake;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * The quickstart's lake of procedural JPEGs, for trying the whole way of the data where no photographs are at hand: {@code
 * train/<class>/NNNN.jpg}, {@code query/<class>/NNNN.jpg}, and seven damaged files among the training images, whose names
 * start with {@code corrupt-}. Equal parameters give an equal lake.
 *
 * @param images readable images below train
 * @param queries images below query
 * @param seed of every random choice
 */
public record SampleLake(int images, int queries, long seed) {
    /** Damaged files in every sample lake. */
    public static final int DAMAGED = 7;

    /** Raised when any byte of the lake would change. */
    private static final int VERSION = 1;

    private static final String MARKER = ".sample.json";
    private static final float QUALITY = 0.9f;
    private static final long QUERY_STREAM = 0x51554552L;

    /** Whether a lake had to be written. */
    public enum Outcome {
        /** Written now. */
        WRITTEN,
        /** The lake was there, complete, with the same parameters. */
        KEPT
    }

    /**
     * Writes the lake aside and moves it into place whole; keeps a complete one of the same parameters.
     *
     * @param out the lake's folder on the local disk, absent, empty or a sample lake of the same parameters
     * @throws UserException if something else is there
     */
    public Outcome write(final Path out) throws IOException {
        final Path marker = out.resolve(MARKER);
        if (Files.isRegularFile(marker) && Files.readString(marker).equals(parameters())) {
            return Outcome.KEPT;
        }
        if (Files.exists(out) && !empty(out)) {
            throw UserException.data("The folder " + out
                    + " holds something other than this sample lake; choose another --out or remove it.");
        }
        final Path target = out.toAbsolutePath();
        final Path parent = target.getParent();
        if (parent == null) {
            throw UserException.usage("The sample lake cannot be the root of the disk; choose another --out.");
        }
        Files.createDirectories(parent);
        final Path aside = Files.createTempDirectory(parent, ".sample-");
        try {
            pictures(aside.resolve("train"), images, 0);
            pictures(aside.resolve("query"), queries, QUERY_STREAM);
            damaged(aside.resolve("train"));
            Files.writeString(aside.resolve(MARKER), parameters());
            aside.toFile().setReadable(true, false);
            aside.toFile().setExecutable(true, false);
            Files.deleteIfExists(target);
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            remove(aside);
        }
        return Outcome.WRITTEN;
    }

    /** The class names, which are the folder names. */
    public static List<String> classes() {
        return Arrays.stream(SamplePicture.Kind.values()).map(DpqConfig::kebab).toList();
    }

    private String parameters() {
        return String.format(
                Locale.ROOT,
                "{\"version\":%d,\"images\":%d,\"queries\":%d,\"seed\":%d}%n",
                VERSION,
                images,
                queries,
                seed);
    }

    private void pictures(final Path folder, final int count, final long stream) throws IOException {
        final SamplePicture.Kind[] kinds = SamplePicture.Kind.values();
        for (final SamplePicture.Kind kind : kinds) {
            Files.createDirectories(folder.resolve(DpqConfig.kebab(kind)));
        }
        try {
            IntStream.range(0, count).parallel().forEach(i -> picture(folder, kinds[i % kinds.length], i, stream));
        } catch (final UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void picture(final Path folder, final SamplePicture.Kind kind, final int index, final long stream) {
        final String name =
                String.format(Locale.ROOT, "%04d.jpg", index / classes().size());
        try {
            Files.write(
                    folder.resolve(DpqConfig.kebab(kind)).resolve(name),
                    jpeg(new SamplePicture(kind, generator(stream, index))));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A generator of its own for each picture, so that a larger lake begins like a smaller one. */
    private SplittableRandom generator(final long stream, final int index) {
        // Hashed, not added: streams whose seeds differ by the generator's step would be shifted copies of one another.
        final long lake = new SplittableRandom(seed ^ (stream << 32)).nextLong();
        return new SplittableRandom(new SplittableRandom(lake + index).nextLong());
    }

    private static byte[] jpeg(final SamplePicture picture) throws IOException {
        final BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, picture.width(), picture.height(), picture.pixels(), 0, picture.width());
        final ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
            final ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(QUALITY);
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** What nightly lakes really hold: one file of each kind of damage, in as many classes. */
    private void damaged(final Path folder) throws IOException {
        final byte[] whole = jpeg(new SamplePicture(SamplePicture.Kind.BRICKS, generator(1, 0)));
        final byte[] noise = new byte[512];
        generator(1, 1).nextBytes(noise);
        // No format starts with a zero byte, so chance cannot make this one readable.
        noise[0] = 0;
        place(folder, 0, "corrupt-truncated.jpg", Arrays.copyOf(whole, whole.length * 9 / 10));
        place(folder, 1, "corrupt-half.jpg", Arrays.copyOf(whole, whole.length / 2));
        place(folder, 2, "corrupt-empty.jpg", new byte[0]);
        place(folder, 3, "corrupt-text.jpg", "This is not a picture.\n".getBytes(StandardCharsets.UTF_8));
        place(folder, 4, "corrupt-noise.jpg", noise);
        place(folder, 5, "corrupt-bomb.png", bomb());
        place(folder, 6, "corrupt-header.gif", "GIF89a\0\0\0\0damaged".getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void place(final Path folder, final int kind, final String name, final byte[] content)
            throws IOException {
        final Path home = folder.resolve(classes().get(kind));
        Files.write(home.resolve(name), content);
    }

    /** A PNG of a few bytes whose header promises 60 000 × 60 000 pixels. */
    private static byte[] bomb() {
        final ByteBuffer header = ByteBuffer.allocate(33);
        header.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
        header.putInt(13).put("IHDR".getBytes(StandardCharsets.US_ASCII));
        header.putInt(60_000).putInt(60_000).put(new byte[] {8, 2, 0, 0, 0});
        final CRC32 crc = new CRC32();
        crc.update(header.array(), 12, 17);
        header.putInt((int) crc.getValue());
        return header.array();
    }

    private static boolean empty(final Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    private static void remove(final Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (final Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}

package io.dpq.lake;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of one or two label bytes and 3 × 32 × 32 bytes, the
 * red plane first. Content becomes a BMP file, which holds exactly these pixels, so that the decode contract holds here too.
 * Labels are class names where the file of names lies beside the batches, and numbers otherwise; of CIFAR-100 the fine ones.
 */
final class CifarFormat implements RecordFormat {
    private static final long serialVersionUID = 1L;
    private static final int SIDE = 32;
    private static final int PLANE = SIDE * SIDE;
    private static final int PIXELS = 3 * PLANE;
    private static final int RECORDS_IN_PART = 1000;

    @Override
    public String names() {
        return ".bin";
    }

    @Override
    public boolean accepts(final String path) {
        return path.endsWith(".bin");
    }

    @Override
    public boolean seekable() {
        return true;
    }

    /** One for CIFAR-10, two for CIFAR-100. */
    private static int labelBytes(final LakeRoot root, final String path) throws IOException {
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        final boolean ten = length > 0 && length % (PIXELS + 1) == 0;
        final boolean hundred = length > 0 && length % (PIXELS + 2) == 0;
        if (!ten && !hundred) {
            throw new IOException("its " + length + " bytes are no whole number of records of " + (PIXELS + 1)
                    + " (CIFAR-10) or " + (PIXELS + 2) + " bytes (CIFAR-100)");
        }
        // Only a file of millions of records fits both.
        return ten ? 1 : 2;
    }

    @Override
    public boolean listsCheaply() {
        return true;
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) throws IOException {
        final long record = (long) PIXELS + labelBytes(root, path);
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        final List<Long> parts = new ArrayList<>();
        for (long start = 0; start < length; start += record * RECORDS_IN_PART) {
            parts.add(start);
        }
        return parts;
    }

    @Override
    public boolean numbersRecords(final String path) {
        return true;
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        final int labels = labelBytes(root, path);
        final int record = PIXELS + labels;
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        final List<String> classes = names(root, path, labels == 1 ? "batches.meta.txt" : "fine_label_names.txt");
        final List<Listed> listed = new ArrayList<>();
        try (FSDataInputStream in = root.open(path)) {
            for (long start = part; start < length && listed.size() < RECORDS_IN_PART; start += record) {
                in.seek(start + labels - 1);
                final int label = in.readUnsignedByte();
                listed.add(new Listed(
                        String.format(Locale.ROOT, "%s/%05d", path, start / record),
                        List.of(label < classes.size() ? classes.get(label) : String.valueOf(label)),
                        PIXELS,
                        start + labels,
                        null));
            }
        }
        return listed;
    }

    private static List<String> names(final LakeRoot root, final String path, final String file) throws IOException {
        final String beside = path.substring(0, path.lastIndexOf('/') + 1) + file;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(root.open(beside), StandardCharsets.UTF_8))) {
            return lines.lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
        } catch (final FileNotFoundException e) {
            return List.of();
        }
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        final StretchContents planes = new StretchContents(root.open(path), false);
        return new Contents() {
            @Override
            public Optional<byte[]> read(final long place, final long listed, final int most) throws IOException {
                return Optional.of(bitmap(planes.read(place, PIXELS, PIXELS).orElseThrow()));
            }

            @Override
            public void close() throws IOException {
                planes.close();
            }
        };
    }

    private static byte[] bitmap(final byte[] planes) throws IOException {
        final BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_3BYTE_BGR);
        for (int i = 0; i < PLANE; i++) {
            final int rgb =
                    ((planes[i] & 0xff) << 16) | ((planes[PLANE + i] & 0xff) << 8) | (planes[2 * PLANE + i] & 0xff);
            image.setRGB(i % SIDE, i / SIDE, rgb);
        }
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // Given a plain stream, ImageIO would go through a temporary file.
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(image, "bmp", out)) {
                throw new IllegalStateException("Every Java platform writes BMP.");
            }
        }
        return bytes.toByteArray();
    }
}

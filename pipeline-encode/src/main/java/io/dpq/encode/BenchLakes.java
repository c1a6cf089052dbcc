package io.dpq.encode;

import java.awt.image.BufferedImage;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import javax.imageio.ImageIO;

/** Drawn lakes for measuring, as large as they are asked for. Stateless. */
final class BenchLakes {
    /** Pictures that are drawn; beyond them they repeat under other names. */
    private static final int DISTINCT = 128;

    private static final int FOLDERS = 100;
    private static final int PIXEL = 0xFF;

    private BenchLakes() {}

    /**
     * Square JPEGs of some detail, such as a photo of that size has, their sides spread evenly from {@code least} to {@code
     * most}; a lake of as many that is there is kept.
     */
    static void jpegs(final Path folder, final int least, final int most, final int count) throws IOException {
        if (isComplete(folder, count)) {
            return;
        }
        final List<byte[]> pictures = new ArrayList<>();
        final Random random = new Random(most);
        final int distinct = Math.min(DISTINCT, count);
        for (int i = 0; i < distinct; i++) {
            final int side = least + (most - least) * i / Math.max(1, distinct - 1);
            final ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
            ImageIO.write(picture(side, random), "jpg", jpeg);
            pictures.add(jpeg.toByteArray());
        }
        for (int i = 0; i < count; i++) {
            final Path file = folder.resolve(String.format(Locale.ROOT, "lake/%02d/%07d.jpg", i % FOLDERS, i));
            Files.createDirectories(file.getParent());
            Files.write(file, pictures.get(i % pictures.size()));
        }
        complete(folder, count);
    }

    /** Shapes of smooth colours with the noise of a sensor on them. */
    private static BufferedImage picture(final int side, final Random random) {
        final double[][] waves = new double[12][5];
        for (final double[] wave : waves) {
            wave[0] = random.nextGaussian() * 20 / side;
            wave[1] = random.nextGaussian() * 20 / side;
            wave[2] = random.nextDouble() * 2 * Math.PI;
            wave[3] = 20 + random.nextInt(40);
            wave[4] = random.nextInt(3);
        }
        final BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        final double[] colour = new double[3];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                for (int c = 0; c < colour.length; c++) {
                    colour[c] = 128 + 6 * random.nextGaussian();
                }
                for (final double[] wave : waves) {
                    colour[(int) wave[4]] += wave[3] * Math.sin(wave[0] * x + wave[1] * y + wave[2]);
                }
                image.setRGB(x, y, clamp(colour[0]) << 16 | clamp(colour[1]) << 8 | clamp(colour[2]));
            }
        }
        return image;
    }

    private static int clamp(final double value) {
        return (int) Math.max(0, Math.min(PIXEL, value));
    }

    /** A file of vectors in the format of Faiss' and other benchmarks. */
    static void fvecs(final Path folder, final int count) throws IOException {
        if (isComplete(folder, count)) {
            return;
        }
        final int dimensions = BenchModels.DIMENSIONS;
        final Random random = new Random(7);
        final Path file = folder.resolve("lake/vectors.fvecs");
        Files.createDirectories(file.getParent());
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            final ByteBuffer row = ByteBuffer.allocate(Integer.BYTES + dimensions * Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                row.clear();
                row.putInt(dimensions);
                for (final float value : BenchModels.draw(random, 1)) {
                    row.putFloat(value);
                }
                out.write(row.array());
            }
        }
        complete(folder, count);
    }

    private static boolean isComplete(final Path folder, final int count) throws IOException {
        final Path marker = folder.resolve("count");
        return Files.exists(marker) && Files.readString(marker).equals(Integer.toString(count));
    }

    private static void complete(final Path folder, final int count) throws IOException {
        Files.writeString(folder.resolve("count"), Integer.toString(count));
    }
}

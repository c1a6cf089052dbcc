package io.dpq.train;

import io.dpq.train.random.Seeds;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;

/** A lake that a small network learns in a few steps: each class is a colour, with noise. */
public final class TinyLake {
    public static final List<String> CLASSES = List.of("blue", "green", "red");
    public static final int SIDE = 16;
    private static final int[] COLOURS = {0x2040C0, 0x20A030, 0xC03020};

    private TinyLake() {}

    public static void write(final Path root, final int perClass) throws IOException {
        for (int label = 0; label < CLASSES.size(); label++) {
            final Path folder = Files.createDirectories(root.resolve(CLASSES.get(label)));
            for (int i = 0; i < perClass; i++) {
                ImageIO.write(
                        picture(COLOURS[label], Seeds.mix(7, label, i)),
                        "png",
                        folder.resolve("image" + i + ".png").toFile());
            }
        }
    }

    private static BufferedImage picture(final int colour, final long seed) {
        final SplittableRandom random = new SplittableRandom(seed);
        final BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int rgb = 0;
                for (int shift = 16; shift >= 0; shift -= 8) {
                    final int value = (colour >> shift & 255) + random.nextInt(61) - 30;
                    rgb |= Math.max(0, Math.min(255, value)) << shift;
                }
                image.setRGB(x, y, rgb);
            }
        }
        return image;
    }
}

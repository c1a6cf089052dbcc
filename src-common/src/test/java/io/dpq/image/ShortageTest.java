package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process that is short of memory is told from an image that asks for too much. */
class ShortageTest {
    private static final long MIB = 1L << 20;
    private static final OutOfMemoryError ERROR = new OutOfMemoryError("Java heap space");

    @Test
    void theHeadersDimensionsDecide() {
        assertThat(Shortage.judge(ERROR, "PNG", 600 * MIB, 1000 * MIB, 900 * MIB)
                        .reason())
                .isEqualTo(ImageRejectedException.Reason.TOO_MANY_PIXELS);
        assertThat(Shortage.judge(ERROR, "PNG", 10 * MIB, 1000 * MIB, 900 * MIB).reason())
                .isEqualTo(ImageRejectedException.Reason.CORRUPT);
        assertThatThrownBy(() -> Shortage.judge(ERROR, "PNG", 100 * MIB, 1000 * MIB, 50 * MIB))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("raise resources.executor-heap")
                .hasCause(ERROR);
    }

    @Test
    void aGoodImageInAFullHeapIsNotRefused() throws Exception {
        // 1000 x 1000 pixels take 16 MiB at the most, which 64 MiB could hold were they not full.
        assertThat(decodeInFullHeap("1000")).startsWith("OutOfMemoryError: decoding a PNG of 1000 x 1000 pixels");
    }

    @Test
    void anImageTheHeapCouldNeverHoldIs() throws Exception {
        assertThat(decodeInFullHeap("3000")).startsWith("TOO_MANY_PIXELS: PNG of 3000 x 3000 pixels");
    }

    private static String decodeInFullHeap(final String side) throws Exception {
        final Process process = new ProcessBuilder(
                        System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-Djava.awt.headless=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FullHeap.class.getName(),
                        side)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        final String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    /** Runs in a JVM of its own: fills its heap, then decodes. */
    static final class FullHeap {
        private static final int CHUNK = 1 << 20;

        private FullHeap() {}

        public static void main(final String[] args) throws Exception {
            final int side = Integer.parseInt(args[0]);
            final byte[] png = Samples.encode(new BufferedImage(side, side, BufferedImage.TYPE_BYTE_GRAY), "png");
            final ImageDecoder decoder = new ImageDecoder(new ImageContract(
                    ImageContract.VERSION,
                    ImageContract.Fit.STRETCH,
                    4000,
                    8,
                    List.of(0.0, 0.0, 0.0),
                    List.of(1.0, 1.0, 1.0),
                    100_000_000,
                    100_000_000));
            final List<byte[]> ballast = new ArrayList<>();
            final Runtime runtime = Runtime.getRuntime();
            try {
                while (true) {
                    ballast.add(new byte[CHUNK]);
                }
            } catch (OutOfMemoryError e) {
                // Room for the decoder to begin with.
                ballast.remove(0);
                ballast.remove(0);
            }
            String said;
            try {
                decoder.decode(png);
                said = "decoded";
            } catch (ImageRejectedException e) {
                said = e.reason() + ": " + e.getMessage();
            } catch (OutOfMemoryError e) {
                said = "OutOfMemoryError: " + e.getMessage();
            }
            final int held = ballast.size();
            ballast.clear();
            System.out.println(said + " with " + held + " of " + runtime.maxMemory() / CHUNK + " MiB held");
        }
    }
}

package io.dpq.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Every hostile input ends as a picture or a reason, within bounds that belong to the contract and not to the input. */
class HostileCorpusTest {
    private static final int SIDE = 16;
    /** The contract allows a million pixels, at sixteen bytes each, and the codecs have buffers. */
    private static final long MOST_BYTES = 96L << 20;

    private final ImageDecoder decoder = Samples.stretch(SIDE);

    @Test
    void whatItIsMadeFromDecodes() {
        HostileCorpus.good()
                .forEach((name, bytes) ->
                        assertThatCode(() -> decoder.decode(bytes)).as(name).doesNotThrowAnyException());
    }

    @Test
    void everyInputEndsAsAPictureOrAReason() {
        final Map<String, byte[]> corpus = HostileCorpus.generate();
        assertThat(corpus).hasSizeGreaterThanOrEqualTo(200);
        final Map<String, Integer> ends = new TreeMap<>();
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        corpus.forEach((name, bytes) -> {
            final String end = Assertions.assertTimeoutPreemptively(
                    Duration.ofSeconds(20),
                    () -> {
                        final long before = threads.getCurrentThreadAllocatedBytes();
                        final String reached = end(bytes);
                        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                                .as(name)
                                .isLessThan(MOST_BYTES);
                        return reached;
                    },
                    name);
            ends.merge(end, 1, Integer::sum);
        });
        assertThat(ends).containsKeys("decoded", "CORRUPT", "EMPTY", "TOO_MANY_PIXELS", "UNKNOWN_FORMAT");
        assertThat(ends.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(corpus.size());
    }

    private String end(final byte[] bytes) {
        try {
            assertThat(decoder.decode(bytes).rgb()).hasSize(3 * SIDE * SIDE);
            return "decoded";
        } catch (ImageRejectedException e) {
            assertThat(e.getMessage()).isNotBlank();
            return e.reason().name();
        }
    }

    @Test
    void bombsAreToldByTheirHeaders() {
        for (final String name : new String[] {
            "png-of-side-65535.png",
            "bmp-of-side-40000.bmp",
            "jpeg-of-side-65535.jpg",
            "tiny-bomb.gif",
            "tiff-side-65535.tif",
            "tiff-tile-1048576.tif",
            "webp-of-side-16384.webp",
            "pixel-bomb.png"
        }) {
            assertThat(end(HostileCorpus.generate().get(name))).as(name).isEqualTo("TOO_MANY_PIXELS");
        }
    }
}

package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.dpq.codes.CodeSchema.Extra;
import io.dpq.image.ImageContract;
import io.dpq.model.Embedder;
import io.dpq.network.SharedModel;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.expressions.XXH64;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.util.LongAccumulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EncodedRowsTest {
    /** What a lake listed is what the next listing is compared with, whatever was read. */
    private static final long LISTED = 98;

    private static final long MODIFIED = 5;
    private static final int BATCH = 4;
    private static final int SIDE = 8;
    private static final ImageContract CONTRACT = new ImageContract(
            ImageContract.VERSION,
            ImageContract.Fit.STRETCH,
            SIDE,
            SIDE,
            List.of(0.0, 0.0, 0.0),
            List.of(1.0, 1.0, 1.0),
            1_000_000,
            1_000_000);
    // Level 1 tells grey values 0, 16, … 240 apart, level 2 what remains, 0 … 15.
    private static final Codebooks CODEBOOKS = new Codebooks(2, 16, 1, codewords());

    private final List<Integer> batches = new ArrayList<>();
    private final Counters counters = new Counters(
            new LongAccumulator(),
            new LongAccumulator(),
            new LongAccumulator(),
            new LongAccumulator(),
            new LongAccumulator(),
            new LongAccumulator(),
            new ShownProgress(1));

    private static float[] codewords() {
        final float[] values = new float[32];
        for (int k = 0; k < 16; k++) {
            values[k] = 16 * k + 7.5f;
            values[16 + k] = k - 7.5f;
        }
        return values;
    }

    /** The embedding is the grey value of the image's first pixel. */
    private class FirstPixel implements Embedder {
        @Override
        public int dimensions() {
            return 1;
        }

        @Override
        public float[] embed(final float[] images, final int count) {
            synchronized (batches) {
                batches.add(count);
            }
            final float[] out = new float[count];
            for (int i = 0; i < count; i++) {
                out[i] = images[i * CONTRACT.tensorLength()];
            }
            return out;
        }

        @Override
        public void close() {}
    }

    private EncodedRows rows(final Iterator<Row> source, final Embedder embedder) {
        return rows(source, embedder, Duration.ofMinutes(1), Set.of());
    }

    private EncodedRows rows(
            final Iterator<Row> source, final Embedder embedder, final Duration timeout, final Set<Extra> extras) {
        return rows(source, embedder, 2, timeout, extras);
    }

    private EncodedRows rows(
            final Iterator<Row> source,
            final Embedder embedder,
            final int threads,
            final Duration timeout,
            final Set<Extra> extras) {
        final SharedModel model = new SharedModel(CONTRACT, embedder, new ResidualEncoder(CODEBOOKS));
        return new EncodedRows(
                source, model, new EncodeTask(() -> model, BATCH, threads, timeout, 2, extras, counters));
    }

    /** Vectors of one value, which are their own embeddings. */
    private final class OneValue extends FirstPixel {
        @Override
        public int vectorLength() {
            return 1;
        }

        @Override
        public float[] embed(final float[] vectors, final int count) {
            return Arrays.copyOf(vectors, count);
        }
    }

    /** A lake of vectors may read each into the array of the one before. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void vectorsAreDoneWithBeforeTheNextIsRead(final int threads) {
        final byte[] content = new byte[Float.BYTES];
        final int count = 3 * BATCH + 2;
        final Iterator<Row> source = IntStream.range(0, count)
                .mapToObj(i -> {
                    final float value = i == 4 ? Float.NaN : 7 * i;
                    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putFloat(value);
                    return stored("v" + i, i == 6 ? null : content, i == 6 ? "gone" : null);
                })
                .iterator();

        final Map<String, Row> rows = new HashMap<>();
        all(rows(source, new OneValue(), threads, Duration.ofMinutes(1), Set.of(Extra.EMBEDDING)))
                .forEach(row -> rows.put(row.getString(0), row));

        assertThat(rows).hasSize(count);
        for (int i = 0; i < count; i++) {
            final Row row = rows.get("v" + i);
            if (i == 4 || i == 6) {
                assertThat(row.getString(5)).isEqualTo(i == 4 ? "CORRUPT" : "UNREADABLE");
            } else {
                assertThat(row.<float[]>getAs(9)).containsExactly(7f * i);
                assertThat(row.getShort(3)).isEqualTo((short) Math.min(15, 7 * i / 16));
            }
        }
        assertThat(counters.encoded().value()).isEqualTo(count - 2L);
        assertThat(counters.quarantined().value()).isEqualTo(2);
    }

    private static Row image(final int grey) {
        final BufferedImage pixels = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            pixels.setRGB(i % SIDE, i / SIDE, grey * 0x010101);
        }
        final ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(pixels, "png", png);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return stored("grey-" + grey, png.toByteArray(), null);
    }

    private static Row stored(final String id, final byte[] content, final String error) {
        return RowFactory.create(
                id, null, content == null ? 99L : (long) content.length, content, error, MODIFIED, LISTED);
    }

    private static long hash(final byte[] content) {
        return XXH64.hashUnsafeBytes(content, Platform.BYTE_ARRAY_OFFSET, content.length, 42);
    }

    private static List<Row> all(final EncodedRows rows) {
        final List<Row> list = new ArrayList<>();
        rows.forEachRemaining(list::add);
        return list;
    }

    @Test
    void whatTheModelHasNoNumberForGoesToTheQuarantine() {
        final Embedder overflows = new FirstPixel() {
            @Override
            public float[] embed(final float[] images, final int count) {
                final float[] out = super.embed(images, count);
                out[1] = Float.POSITIVE_INFINITY;
                return out;
            }
        };
        final List<Row> rows = all(rows(List.of(image(3), image(5), image(200)).iterator(), overflows));
        assertThat(rows).hasSize(3);
        assertThat(rows.get(1).getString(0)).isEqualTo("grey-5");
        assertThat(rows.get(1).get(3)).isNull();
        assertThat(rows.get(1).getString(5)).isEqualTo("CORRUPT");
        assertThat(rows.get(1).getString(6)).isEqualTo("the model yields a value that is not finite");
        assertThat(rows.get(1).getLong(7)).isEqualTo(LISTED);
        assertThat(rows.get(1).getLong(8)).isEqualTo(MODIFIED);
        assertThat(rows.get(0).get(3)).isNotNull();
        assertThat(rows.get(2).get(5)).isNull();
        assertThat(counters.encoded().value()).isEqualTo(2);
        assertThat(counters.quarantined().value()).isEqualTo(1);
    }

    @Test
    void everyImageBecomesItsCode() {
        for (final int count : new int[] {1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH, 3 * BATCH + 2}) {
            final List<Row> rows = all(
                    rows(IntStream.range(0, count).mapToObj(i -> image(9 * i)).iterator(), new FirstPixel()));

            assertThat(rows).hasSize(count);
            for (int i = 0; i < count; i++) {
                assertThat(rows.get(i))
                        .isEqualTo(RowFactory.create(
                                "grey-" + 9 * i,
                                null,
                                hash(image(9 * i).getAs(3)),
                                (short) (9 * i / 16),
                                (short) (9 * i % 16),
                                null,
                                null,
                                LISTED,
                                MODIFIED));
            }
        }
    }

    @Test
    void theNetworkAlwaysSeesAFullBatch() {
        all(rows(
                IntStream.range(0, 2 * BATCH + 1)
                        .mapToObj(EncodedRowsTest::image)
                        .iterator(),
                new FirstPixel()));

        assertThat(batches).containsExactly(BATCH, BATCH, BATCH);
        assertThat(counters.decoded().sum()).isEqualTo(2 * BATCH + 1);
        assertThat(counters.encoded().sum()).isEqualTo(2 * BATCH + 1);
    }

    @Test
    void whatCannotBeDecodedIsQuarantinedWithItsReason() {
        final List<Row> rows = all(rows(
                List.of(
                                stored("none", new byte[0], null),
                                image(17),
                                stored("text", "not an image, only text".getBytes(StandardCharsets.UTF_8), null),
                                stored("gone", null, "No such file"),
                                image(18))
                        .iterator(),
                new FirstPixel()));

        assertThat(rows)
                .extracting(row -> row.getString(0), row -> row.getString(5), row -> row.<Long>getAs(7))
                .containsExactlyInAnyOrder(
                        tuple("none", "EMPTY", LISTED),
                        tuple("text", "UNKNOWN_FORMAT", LISTED),
                        tuple("gone", "UNREADABLE", LISTED),
                        tuple("grey-17", null, LISTED),
                        tuple("grey-18", null, LISTED));
        assertThat(rows)
                .filteredOn(row -> "gone".equals(row.get(0)))
                .allMatch(row -> "No such file".equals(row.get(6)));
        assertThat(counters.quarantined().sum()).isEqualTo(3);
    }

    /** The network waits for what is to happen beside it, which would never happen if each waited for the other. */
    @Test
    void theNextBatchIsDecodedAndTheOneBeforeWrittenWhileTheNetworkIsBusy() {
        final CountDownLatch decodedAhead = new CountDownLatch(BATCH + 1);
        final CountDownLatch written = new CountDownLatch(1);
        final List<Boolean> beside = Collections.synchronizedList(new ArrayList<>());
        final Iterator<Row> images = IntStream.range(0, 3 * BATCH)
                .mapToObj(i -> {
                    decodedAhead.countDown();
                    return image(i);
                })
                .iterator();
        final EncodedRows rows = rows(images, new FirstPixel() {
            @Override
            public float[] embed(final float[] tensors, final int count) {
                try {
                    beside.add((beside.isEmpty() ? decodedAhead : written).await(20, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return super.embed(tensors, count);
            }
        });
        while (rows.hasNext()) {
            rows.next();
            written.countDown();
        }
        assertThat(beside).containsExactly(true, true, true);
    }

    @Test
    void memoryIsBounded() {
        final AtomicInteger taken = new AtomicInteger();
        final Iterator<Row> images = IntStream.range(0, 100)
                .mapToObj(i -> {
                    taken.incrementAndGet();
                    return image(i);
                })
                .iterator();
        final EncodedRows rows = rows(images, new FirstPixel());
        int given = 0;
        while (rows.hasNext()) {
            rows.next();
            given++;
            // One batch given out, one in the network, one being filled.
            assertThat(taken.get()).isLessThanOrEqualTo(given + 3 * BATCH);
        }
        assertThat(given).isEqualTo(100);
    }

    @Test
    void brokenImagesDoNotGatherInMemory() {
        final AtomicInteger taken = new AtomicInteger();
        final Iterator<Row> images = IntStream.range(0, 5000)
                .mapToObj(i -> {
                    taken.incrementAndGet();
                    return stored("broken-" + i, new byte[0], null);
                })
                .iterator();
        final EncodedRows rows = rows(images, new FirstPixel());

        assertThat(rows.hasNext()).isTrue();
        assertThat(taken.get()).isLessThan(2000);
        assertThat(all(rows)).hasSize(5000);
        assertThat(batches).isEmpty();
    }

    @Test
    void aFailureOfTheNetworkFailsTheTask() {
        final Embedder failing = new Embedder() {
            @Override
            public int dimensions() {
                return 1;
            }

            @Override
            public float[] embed(final float[] images, final int count) {
                throw new IllegalStateException("no memory left");
            }

            @Override
            public void close() {}
        };
        assertThatThrownBy(() -> all(rows(List.of(image(1)).iterator(), failing)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no memory left");
    }

    @Test
    void columnsThatWereAskedForComeLast() {
        final List<Row> rows = all(rows(
                List.of(image(17), stored("none", new byte[0], null)).iterator(),
                new FirstPixel(),
                Duration.ofMinutes(1),
                EnumSet.allOf(Extra.class)));

        // Grey 17 is 16 · 1 + 7.5 at the first level and − 6.5 more at the second.
        assertThat(rows).filteredOn(row -> row.isNullAt(5)).singleElement().satisfies(row -> {
            assertThat(row.<float[]>getAs(9)).containsExactly(17);
            assertThat(row.getFloat(10)).isEqualTo(23.5f);
            assertThat(row.getFloat(11)).isEqualTo(17);
            assertThat(row.getInt(12)).isEqualTo(SIDE);
            assertThat(row.getInt(13)).isEqualTo(SIDE);
        });
        assertThat(rows).allMatch(row -> row.length() == 14);
    }
}

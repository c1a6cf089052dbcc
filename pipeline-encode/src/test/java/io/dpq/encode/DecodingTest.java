package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException.Reason;
import io.dpq.image.InputReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

final class DecodingTest {
    private static final int SLOW = 99;
    private static final int LENGTH = 1;

    private final CountDownLatch released = new CountDownLatch(1);
    /** Quick images that must be decoded before the slow ones are released; the latter alone decides where there are none. */
    private CountDownLatch quickBeforeRelease = new CountDownLatch(Integer.MAX_VALUE);

    private final Set<String> threads = Collections.synchronizedSet(new HashSet<>());

    /** The input is the content's first byte; of one value it waits and does not heed interrupts, as native code does. */
    private final class FirstByte implements InputReader {
        @Override
        public int length() {
            return LENGTH;
        }

        @Override
        public void read(final byte[] content, final float[] into, final int offset) {
            threads.add(
                    Thread.currentThread().getName() + Thread.currentThread().getId());
            if (content[0] != SLOW) {
                quickBeforeRelease.countDown();
                if (quickBeforeRelease.getCount() == 0) {
                    released.countDown();
                }
            }
            while (content[0] == SLOW && released.getCount() > 0) {
                try {
                    released.await(1, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    // Goes on.
                }
            }
            into[offset] = content[0];
        }

        @Override
        public int width() {
            return 0;
        }

        @Override
        public int height() {
            return 0;
        }
    }

    private static Iterator<Row> images(final int count, final IntPredicate slow, final AtomicInteger taken) {
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    taken.incrementAndGet();
                    return RowFactory.create(
                            "image-" + i, null, 1L, new byte[] {(byte) (slow.test(i) ? SLOW : i)}, null, 5L, 1L);
                })
                .iterator();
    }

    private Decoding decoding(final Iterator<Row> images, final int count, final Duration timeout) {
        return new Decoding(images, FirstByte::new, 1000, count, timeout);
    }

    @Test
    void imagesComeInTheirOrderDecodedByTheThreads() {
        for (final int count : new int[] {0, 1, 3}) {
            threads.clear();
            final List<Float> values = new ArrayList<>();
            try (Decoding decoding =
                    decoding(images(50, i -> false, new AtomicInteger()), count, Duration.ofMinutes(1))) {
                while (decoding.hasNext()) {
                    final Decoding.Image image = decoding.next(8);
                    assertThat(image.row().getString(0)).isEqualTo("image-" + values.size());
                    values.add(image.exchange(new float[LENGTH])[0]);
                    decoding.release(image);
                }
            }
            assertThat(values)
                    .containsExactlyElementsOf(
                            IntStream.range(0, 50).mapToObj(i -> (float) i).toList());
            assertThat(threads).hasSizeLessThanOrEqualTo(Math.max(1, count));
            assertThat(threads.stream().allMatch(name -> name.startsWith("dpq-decode")))
                    .isEqualTo(count > 0);
        }
    }

    @Test
    void noMoreIsReadAheadThanTheBatchTakes() {
        final AtomicInteger taken = new AtomicInteger();
        try (Decoding decoding = decoding(images(50, i -> false, taken), 4, Duration.ofMinutes(1))) {
            decoding.release(decoding.next(3));
            assertThat(taken).hasValue(3);
            decoding.release(decoding.next(20));
            assertThat(taken.get()).isLessThanOrEqualTo(9);
        }
    }

    /** As a large photo before small ones: it is done only when they are, which would never be if it kept them waiting. */
    @Test
    void whatTakesLongIsDecodedBesideWhatFollows() {
        quickBeforeRelease = new CountDownLatch(3);
        try (Decoding decoding = decoding(images(8, i -> i == 0, new AtomicInteger()), 2, Duration.ofSeconds(30))) {
            final Decoding.Image first = decoding.next(8);
            assertThat(first.isRefused()).isFalse();
            assertThat(quickBeforeRelease.getCount()).isZero();
        } finally {
            released.countDown();
        }
    }

    @Test
    void oneThatDoesNotEndIsGivenUpAndTheOthersGoOn() {
        try (Decoding decoding =
                decoding(images(20, i -> i % 5 == 1, new AtomicInteger()), 2, Duration.ofMillis(300))) {
            // Used again and again, as a batch does: none of those given up may be among them.
            float[] spare = new float[LENGTH];
            for (int i = 0; i < 20; i++) {
                assertThat(decoding.hasNext()).isTrue();
                final Decoding.Image image = decoding.next(8);
                assertThat(image.row().getString(0)).isEqualTo("image-" + i);
                if (i % 5 == 1) {
                    assertThat(image.reason()).isEqualTo(Reason.TOO_SLOW);
                    assertThat(image.detail()).isEqualTo("not decoded within 0.3 s");
                } else {
                    assertThat(image.isRefused()).isFalse();
                    spare = image.exchange(spare);
                    assertThat(spare[0]).isEqualTo(i);
                }
                decoding.release(image);
            }
            assertThat(decoding.hasNext()).isFalse();
        } finally {
            released.countDown();
        }
    }

    @Test
    void tooManyThatDoNotEndEndTheTask() {
        final List<Reason> reasons = new ArrayList<>();
        try (Decoding decoding = decoding(images(20, i -> i > 0, new AtomicInteger()), 2, Duration.ofMillis(100))) {
            decoding.release(decoding.next(20));
            assertThatThrownBy(() -> {
                        while (decoding.hasNext()) {
                            reasons.add(decoding.next(20).reason());
                        }
                    })
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            "9 images that were given up after 0.1 s are still being decoded, the last one image-9; raise"
                                    + " encode.decode-timeout where the machine is overloaded, or take such images out of the lake.");
        } finally {
            released.countDown();
        }
        assertThat(reasons).hasSize(8).containsOnly(Reason.TOO_SLOW);
    }

    @Test
    void oneThatEndsAtLastIsNoLongerCounted() throws InterruptedException {
        try (Decoding decoding = decoding(images(40, i -> i < 20, new AtomicInteger()), 2, Duration.ofMillis(100))) {
            for (int i = 0; i < 20; i++) {
                if (i == 8) {
                    released.countDown();
                }
                final Decoding.Image image = decoding.next(40);
                assertThat(image.row().getString(0)).isEqualTo("image-" + i);
                decoding.release(image);
            }
            while (decoding.hasNext()) {
                final Decoding.Image image = decoding.next(40);
                assertThat(image.isRefused()).isFalse();
                decoding.release(image);
            }
        }
        assertThat(threads.size()).isLessThanOrEqualTo(11);
    }
}

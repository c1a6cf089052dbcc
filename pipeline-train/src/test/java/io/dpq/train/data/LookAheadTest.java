package io.dpq.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LookAheadTest {
    @Test
    void keepsTheOrderAndStaysWithinItsDepth() {
        final AtomicInteger begun = new AtomicInteger();
        final Iterator<Callable<Integer>> work = IntStream.range(0, 10)
                .<Callable<Integer>>mapToObj(i -> () -> {
                    begun.incrementAndGet();
                    return i;
                })
                .iterator();
        try (LookAhead<Integer> ahead = new LookAhead<>(work, 2)) {
            for (int taken = 0; taken < 10; taken++) {
                assertThat(ahead).hasNext();
                assertThat(begun.get()).isLessThanOrEqualTo(taken + 2);
                assertThat(ahead.next()).isEqualTo(taken);
            }
            assertThat(ahead.hasNext()).isFalse();
            assertThatThrownBy(ahead::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void aFailureReachesTheConsumer() {
        final List<Callable<Integer>> work = List.of(() -> {
            throw new IllegalArgumentException("broken");
        });
        try (LookAhead<Integer> ahead = new LookAhead<>(work.iterator(), 2)) {
            assertThatThrownBy(ahead::next).hasRootCauseMessage("broken");
        }
    }
}

package io.dpq.lake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionsTest {
    private static final long MIB = 1L << 20;

    @ParameterizedTest(name = "{0} MiB of {1} rows on {2} cores: {3}")
    @CsvSource(textBlock = """
        # A small lake occupies every core, but no core is given nothing.
        10,            1000, 8, 8
        10,            3,    8, 3
        0,             0,    8, 1
        1000,          9999, 8, 16
        # A huge one is cut no finer than asked at most.
        1000000000, 99999999, 8, 100000
        """)
    void cutBySizeWithinBounds(final long total, final long rows, final int cores, final int expected) {
        assertThat(Partitions.of(64 * MIB).atMost(100_000).count(total * MIB, rows, cores))
                .isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} MiB of {1} rows: {2}")
    @CsvSource(textBlock = """
        10,   1000, 6
        10,      4, 4
        6400, 9999, 100
        """)
    void evenUnlessTooLarge(final long total, final long rows, final int expected) {
        assertThat(Partitions.even(6, 64 * MIB).count(total * MIB, rows, 2)).isEqualTo(expected);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> Partitions.of(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Partitions.of(1).atMost(0)).isInstanceOf(IllegalArgumentException.class);
    }
}

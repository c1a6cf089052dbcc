package io.dpq.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import scala.Tuple2;

class RoundBatchesTest {
    @Test
    void aBatchTakesItsOwnRowsAndLeavesTheRest() {
        final Iterator<Tuple2<Integer, TrainRow>> dealt = rows(7);

        assertThat(RoundBatches.take(dealt, 3)).extracting(TrainRow::id).containsExactly("0", "1", "2");
        assertThat(dealt.next()._1()).isEqualTo(3);
        assertThat(RoundBatches.take(dealt, 3)).extracting(TrainRow::id).containsExactly("4", "5", "6");
    }

    @Test
    void rowsThatDoNotMakeABatchAreNeverTrainedOn() {
        assertThatThrownBy(() -> RoundBatches.take(rows(2), 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("2 rows");
    }

    private static Iterator<Tuple2<Integer, TrainRow>> rows(final int count) {
        return IntStream.range(0, count)
                .mapToObj(slot ->
                        new Tuple2<>(slot, new TrainRow(String.valueOf(slot), new byte[0], new int[] {0}, null)))
                .iterator();
    }
}

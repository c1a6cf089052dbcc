package io.dpq.train.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Gives every row the slot that a permutation assigns to its number; rows beyond the last slot are left out. */
public final class SlotDealer implements PairFlatMapFunction<Iterator<TrainRow>, Integer, TrainRow> {
    private static final long serialVersionUID = 1L;

    private final Broadcast<long[]> keys;
    private final Broadcast<int[]> permutation;
    private final int slots;

    public SlotDealer(final Broadcast<long[]> keys, final Broadcast<int[]> permutation, final int slots) {
        this.keys = keys;
        this.permutation = permutation;
        this.slots = slots;
    }

    @Override
    public Iterator<Tuple2<Integer, TrainRow>> call(final Iterator<TrainRow> rows) {
        final Iterable<TrainRow> once = () -> rows;
        return StreamSupport.stream(once.spliterator(), false)
                .flatMap(row -> {
                    final int slot = permutation.value()[Arrays.binarySearch(keys.value(), row.key())];
                    return slot < slots ? Stream.of(new Tuple2<>(slot, row)) : Stream.empty();
                })
                .iterator();
    }
}

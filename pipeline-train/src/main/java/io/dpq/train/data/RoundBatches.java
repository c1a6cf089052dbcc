package io.dpq.train.data;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.TaskCompletionListener;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.Tuple2;

/** A worker's rows of one round, which come in slot order, read and made into batches while it trains. */
final class RoundBatches implements FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, MultiDataSet> {
    private static final long serialVersionUID = 1L;
    /** Batches decoded ahead of the network. */
    private static final int AHEAD = 2;

    private final BatchRecipe recipe;
    private final int batchSize;
    private final int epoch;

    RoundBatches(final BatchRecipe recipe, final int batchSize, final int epoch) {
        this.recipe = recipe;
        this.batchSize = batchSize;
        this.epoch = epoch;
    }

    @Override
    public Iterator<MultiDataSet> call(final Iterator<Tuple2<Integer, TrainRow>> dealt) {
        final BatchRecipe.Kitchen kitchen = recipe.open();
        final LookAhead<Decoded> decoded =
                new LookAhead<>(work(dealt, batch -> new Decoded(kitchen.augmented(batch, epoch), batch)), AHEAD);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> decoded.close());
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return decoded.hasNext();
            }

            @Override
            public MultiDataSet next() {
                final Decoded next = decoded.next();
                return recipe.maker()
                        .make(
                                next.images,
                                next.rows.stream().map(TrainRow::labels).toArray(int[][]::new));
            }
        };
    }

    /** Pieces of work, a batch each, whose rows are taken only when the piece is: a round may be larger than the heap. */
    private <T> Iterator<Callable<T>> work(
            final Iterator<Tuple2<Integer, TrainRow>> dealt, final Function<List<TrainRow>, T> decode) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return dealt.hasNext();
            }

            @Override
            public Callable<T> next() {
                final List<TrainRow> batch = take(dealt, batchSize);
                return () -> decode.apply(batch);
            }
        };
    }

    /** The next rows, exactly as many as make a batch. */
    static List<TrainRow> take(final Iterator<Tuple2<Integer, TrainRow>> dealt, final int batchSize) {
        final List<TrainRow> batch = new ArrayList<>(batchSize);
        while (batch.size() < batchSize && dealt.hasNext()) {
            batch.add(dealt.next()._2());
        }
        if (batch.size() != batchSize) {
            throw new IllegalStateException(batch.size() + " rows do not make a batch of " + batchSize + ".");
        }
        return batch;
    }

    /** Heap arrays only: native memory is for the network's own thread. */
    private static final class Decoded {
        private final float[] images;
        private final List<TrainRow> rows;

        Decoded(final float[] images, final List<TrainRow> rows) {
            this.images = images;
            this.rows = rows;
        }
    }
}

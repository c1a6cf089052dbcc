package io.dpq.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.TaskCompletionListener;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.Tuple2;

/** A worker's rows of one round, put in slot order and made into batches while it trains. */
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
        final List<Tuple2<Integer, TrainRow>> ordered = new ArrayList<>();
        dealt.forEachRemaining(ordered::add);
        ordered.sort(Comparator.comparing(Tuple2::_1));
        final List<TrainRow> rows = ordered.stream().map(Tuple2::_2).toList();
        if (rows.size() % batchSize != 0) {
            throw new IllegalStateException(rows.size() + " rows do not make batches of " + batchSize + ".");
        }
        final BatchRecipe.Kitchen kitchen = recipe.open();
        final List<Callable<Decoded>> work = new ArrayList<>();
        for (int start = 0; start < rows.size(); start += batchSize) {
            final List<TrainRow> batch = rows.subList(start, start + batchSize);
            work.add(() -> new Decoded(kitchen.augmented(batch, epoch), batch));
        }
        final LookAhead<Decoded> decoded = new LookAhead<>(work.iterator(), AHEAD);
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

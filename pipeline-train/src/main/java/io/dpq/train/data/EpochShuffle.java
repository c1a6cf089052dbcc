package io.dpq.train.data;

import io.dpq.train.random.Permutation;
import io.dpq.train.random.Seeds;
import java.io.Serializable;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import scala.Function1;
import scala.Tuple2;

/**
 * One epoch's rows in a fresh random order. The encoded images are shuffled once an epoch into one partition a worker and
 * round, so that a round reads exactly its own images and every image may meet every other in a batch. Spark sorts the slots of a partition, on disk where they are many.
 */
public final class EpochShuffle implements AutoCloseable {
    private final EpochPlan plan;
    private final int epoch;
    private final JavaPairRDD<Integer, TrainRow> dealt;
    private final Broadcast<int[]> permutation;

    /** Lays out epoch {@code epoch}; Spark shuffles when the first round asks. */
    public EpochShuffle(
            final JavaSparkContext spark,
            final TrainingData data,
            final EpochPlan plan,
            final int epoch,
            final long seed) {
        this.plan = plan;
        this.epoch = epoch;
        this.permutation = spark.broadcast(Permutation.of(plan.rows(), Seeds.mix(seed, epoch)));
        this.dealt = data.rows()
                .mapPartitionsToPair(new SlotDealer(data.keys(), permutation, plan.slots()))
                .repartitionAndSortWithinPartitions(
                        new SlotPartitioner(plan.workers(), plan.batchSize(), plan.frequency(), plan.partitions()));
    }

    /** The batches of a round: one partition a worker, decoded when read. */
    public JavaRDD<MultiDataSet> round(final int round, final BatchRecipe recipe) {
        final int workers = plan.workers();
        final Function1<Object, Object> ofRound =
                (Function1<Object, Object> & Serializable) partition -> (Integer) partition / workers == round;
        final JavaRDD<Tuple2<Integer, TrainRow>> rows =
                PartitionPruningRDD.create(dealt.rdd(), ofRound).toJavaRDD();
        return rows.mapPartitions(new RoundBatches(recipe, plan.batchSize(), epoch));
    }

    /** Deletes the epoch's shuffle files, which would otherwise stay until the driver's next full collection. */
    @Override
    public void close() {
        dealt.rdd().cleanShuffleDependencies(false);
        permutation.destroy();
    }

    /** Slots to partitions, as the plan says. */
    private static final class SlotPartitioner extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int workers;
        private final int batchSize;
        private final int frequency;
        private final int partitions;

        SlotPartitioner(final int workers, final int batchSize, final int frequency, final int partitions) {
            this.workers = workers;
            this.batchSize = batchSize;
            this.frequency = frequency;
            this.partitions = partitions;
        }

        @Override
        public int numPartitions() {
            return partitions;
        }

        @Override
        public int getPartition(final Object slot) {
            return EpochPlan.partition((Integer) slot, workers, batchSize, frequency);
        }
    }
}

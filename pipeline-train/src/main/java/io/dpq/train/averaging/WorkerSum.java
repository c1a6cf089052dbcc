package io.dpq.train.averaging;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import scala.Tuple2;

/**
 * What workers bring home from a round, added up in the order of the workers: floating-point sums depend on their order, and
 * Spark's own aggregation takes results as they come, so that with three workers or more no two trainings would be alike. Not
 * thread-safe; a class, not a record, because the Kryo that Spark ships cannot write records.
 */
final class WorkerSum implements Serializable {
    private static final long serialVersionUID = 1L;
    /** So many results go to the driver as they are. */
    private static final int FEW = 3;

    private final INDArray parameters;
    private final @Nullable INDArray updaterState;
    private double score;
    private int workers;

    /** The result of one worker; the arrays are added to in place. */
    WorkerSum(final INDArray parameters, final @Nullable INDArray updaterState, final double score) {
        this.parameters = parameters;
        this.updaterState = updaterState;
        this.score = score;
        this.workers = 1;
    }

    /**
     * The sum over all workers: each group of about √K of K workers is added up on an executor, the groups on the driver, always
     * from the first to the last.
     *
     * @param results one in each partition
     */
    static WorkerSum of(final JavaRDD<WorkerSum> results) {
        final int count = results.getNumPartitions();
        if (count <= FEW) {
            return fold(results.collect().iterator());
        }
        final int groups = (count + groupSize(count) - 1) / groupSize(count);
        final JavaPairRDD<Integer, WorkerSum> grouped = results.mapPartitionsWithIndex(WorkerSum::numbered, false)
                .mapToPair(result -> result)
                .repartitionAndSortWithinPartitions(new ByGroup(groups, groupSize(count)));
        try {
            // Collected in the order of the partitions, which are the groups.
            return fold(
                    grouped.mapPartitions(part -> List.of(fold(values(part))).iterator())
                            .collect()
                            .iterator());
        } finally {
            grouped.rdd().cleanShuffleDependencies(false);
        }
    }

    /** Workers of a group. */
    static int groupSize(final int workers) {
        return (int) Math.ceil(Math.sqrt(workers));
    }

    private static Iterator<Tuple2<Integer, WorkerSum>> numbered(final int worker, final Iterator<WorkerSum> results) {
        final List<Tuple2<Integer, WorkerSum>> numbered = new ArrayList<>();
        results.forEachRemaining(result -> numbered.add(new Tuple2<>(worker, result)));
        return numbered.iterator();
    }

    private static Iterator<WorkerSum> values(final Iterator<Tuple2<Integer, WorkerSum>> pairs) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return pairs.hasNext();
            }

            @Override
            public WorkerSum next() {
                return pairs.next()._2();
            }
        };
    }

    private static WorkerSum fold(final Iterator<WorkerSum> results) {
        final WorkerSum sum = results.next();
        while (results.hasNext()) {
            sum.add(results.next());
        }
        return sum;
    }

    private void add(final WorkerSum other) {
        parameters.addi(other.parameters);
        if (updaterState != null && other.updaterState != null) {
            updaterState.addi(other.updaterState);
        }
        score += other.score;
        workers += other.workers;
    }

    /** The mean of the parameters; may be taken once. */
    INDArray meanParameters() {
        return parameters.divi(workers);
    }

    /** The mean of the updaters' states, where they have one; may be taken once. */
    @Nullable
    INDArray meanUpdaterState() {
        return updaterState == null ? null : updaterState.divi(workers);
    }

    /** The mean of the scores. */
    double meanScore() {
        return score / workers;
    }

    /** Workers to groups. */
    private static final class ByGroup extends Partitioner {
        private static final long serialVersionUID = 1L;

        private final int groups;
        private final int size;

        ByGroup(final int groups, final int size) {
            this.groups = groups;
            this.size = size;
        }

        @Override
        public int numPartitions() {
            return groups;
        }

        @Override
        public int getPartition(final Object worker) {
            return (Integer) worker / size;
        }
    }
}

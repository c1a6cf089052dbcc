package io.dpq.train;

import io.dpq.quantizer.Assigner;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Assigns points to centres on the executors: every one of them is sent the points once, the centres at every step, and each
 * task takes a range. Every call of {@link Points#assign} is a Spark job.
 */
final class SparkAssigner implements Assigner {
    /** Points a task at the least: fewer are assigned in less time than a task takes to start. */
    private static final int LEAST = 512;

    private final JavaSparkContext spark;
    private final int threads;

    /**
     * On all executors.
     *
     * @param threads that a task may compute with
     */
    SparkAssigner(final JavaSparkContext spark, final int threads) {
        this.spark = spark;
        this.threads = threads;
    }

    @Override
    public Points open(final float[] points, final int count, final int dimensions) {
        final int tasks = Math.max(1, Math.min(spark.defaultParallelism(), count / LEAST));
        final List<Integer> numbers = IntStream.range(0, tasks).boxed().toList();
        // A copy, since in local mode a broadcast is the very array, which the next level overwrites.
        final Broadcast<float[]> sent = spark.broadcast(points.clone());
        return new Points() {
            @Override
            public void assign(final float[] centres, final short[] assigned) {
                final List<short[]> parts = assignOn(spark, numbers, threads, sent, count, dimensions, centres.clone());
                int at = 0;
                for (final short[] part : parts) {
                    System.arraycopy(part, 0, assigned, at, part.length);
                    at += part.length;
                }
            }

            @Override
            public void close() {
                sent.destroy();
            }
        };
    }

    private static List<short[]> assignOn(
            final JavaSparkContext spark,
            final List<Integer> numbers,
            final int threads,
            final Broadcast<float[]> points,
            final int count,
            final int dimensions,
            final float[] centres) {
        final int tasks = numbers.size();
        final Broadcast<float[]> sent = spark.broadcast(centres);
        try {
            return spark.parallelize(numbers, tasks)
                    .map(task -> range(
                            points.value(),
                            start(task, tasks, count),
                            start(task + 1, tasks, count),
                            dimensions,
                            sent.value(),
                            threads))
                    .collect();
        } finally {
            sent.destroy();
        }
    }

    /** The points of one task, which its threads take a share of each. */
    private static short[] range(
            final float[] points,
            final int from,
            final int to,
            final int dimensions,
            final float[] centres,
            final int threads) {
        final short[] range = new short[to - from];
        IntStream.range(0, threads).parallel().forEach(thread -> {
            final int first = from + start(thread, threads, to - from);
            final int last = from + start(thread + 1, threads, to - from);
            final short[] share = new short[last - first];
            Assigner.assign(
                    Arrays.copyOfRange(points, first * dimensions, last * dimensions),
                    share.length,
                    dimensions,
                    centres,
                    share);
            System.arraycopy(share, 0, range, first - from, share.length);
        });
        return range;
    }

    private static int start(final int task, final int tasks, final int count) {
        return (int) ((long) count * task / tasks);
    }
}

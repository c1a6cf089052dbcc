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

    SparkAssigner(final JavaSparkContext spark) {
        this.spark = spark;
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
                final List<short[]> parts = assignOn(spark, numbers, sent, count, dimensions, centres.clone());
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
            final Broadcast<float[]> points,
            final int count,
            final int dimensions,
            final float[] centres) {
        final int tasks = numbers.size();
        final Broadcast<float[]> sent = spark.broadcast(centres);
        try {
            return spark.parallelize(numbers, tasks)
                    .map(task -> {
                        final int from = start(task, tasks, count);
                        final int to = start(task + 1, tasks, count);
                        final short[] part = new short[to - from];
                        Assigner.assign(
                                Arrays.copyOfRange(points.value(), from * dimensions, to * dimensions),
                                to - from,
                                dimensions,
                                sent.value(),
                                part);
                        return part;
                    })
                    .collect();
        } finally {
            sent.destroy();
        }
    }

    private static int start(final int task, final int tasks, final int count) {
        return (int) ((long) count * task / tasks);
    }
}

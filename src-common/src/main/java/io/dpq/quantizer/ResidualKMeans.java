package io.dpq.quantizer;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Starts codebooks by K-means on residuals, level by level: level l clusters what the levels before it left over. Each level
 * is seeded by k-means++ (Arthur and Vassilvitskii, SODA 2007) on a sample, then refined by Lloyd steps. Single-threaded and
 * deterministic.
 */
public final class ResidualKMeans {
    /** Points per codeword that seeding looks at: k-means++ is quadratic in K, and a sample seeds as well. */
    private static final int SEEDING_SAMPLE = 16;

    private ResidualKMeans() {}

    /**
     * Learns codebooks from embeddings. A codeword that no point chooses is moved to the point farthest from its own
     * codeword. Where there are fewer distinct points than codewords, the spare codewords repeat points and stay unused.
     *
     * @param vectors {@code count} embeddings of length {@code dimensions}, row by row, all finite
     * @param count at least 1
     * @param iterations Lloyd steps per level at the most; fewer where no point changes its codeword any more
     * @param seed same seed, same result
     */
    public static Codebooks fit(
            final float[] vectors,
            final int count,
            final int dimensions,
            final int levels,
            final int codewords,
            final int iterations,
            final long seed) {
        if (count < 1 || dimensions < 1 || vectors.length < (long) count * dimensions) {
            throw new IllegalArgumentException("Codebooks cannot be learnt from " + count + " vectors of length "
                    + dimensions + " in " + vectors.length + " values.");
        }
        final SplittableRandom random = new SplittableRandom(seed);
        final float[] residuals = Arrays.copyOf(vectors, count * dimensions);
        final float[] values = new float[Math.multiplyExact(Math.multiplyExact(levels, codewords), dimensions)];
        final short[] assigned = new short[count];
        for (int level = 0; level < levels; level++) {
            final float[] centres = cluster(residuals, count, dimensions, codewords, iterations, random, assigned);
            System.arraycopy(centres, 0, values, level * codewords * dimensions, centres.length);
            for (int i = 0; i < residuals.length; i++) {
                residuals[i] -= centres[assigned[i / dimensions] * dimensions + i % dimensions];
            }
        }
        return new Codebooks(levels, codewords, dimensions, values);
    }

    private static float[] cluster(
            final float[] points,
            final int count,
            final int dimensions,
            final int codewords,
            final int iterations,
            final SplittableRandom random,
            final short[] assigned) {
        final float[] centres = seed(points, count, dimensions, codewords, random);
        final short[] previous = new short[count];
        assign(points, count, dimensions, centres, assigned);
        for (int iteration = 0; iteration < iterations; iteration++) {
            System.arraycopy(assigned, 0, previous, 0, count);
            update(points, count, dimensions, centres, assigned);
            assign(points, count, dimensions, centres, assigned);
            if (Arrays.equals(previous, assigned)) {
                break;
            }
        }
        return centres;
    }

    private static void assign(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final short[] assigned) {
        new ResidualEncoder(new Codebooks(1, centres.length / dimensions, dimensions, centres))
                .encode(points, count, assigned);
    }

    /** Moves every centre to the mean of its points, and every centre without points to the worst served point. */
    private static void update(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final short[] assigned) {
        final int codewords = centres.length / dimensions;
        final double[] sums = new double[centres.length];
        final int[] sizes = new int[codewords];
        for (int i = 0; i < count; i++) {
            sizes[assigned[i]]++;
            for (int d = 0; d < dimensions; d++) {
                sums[assigned[i] * dimensions + d] += points[i * dimensions + d];
            }
        }
        int empty = 0;
        for (int k = 0; k < codewords; k++) {
            for (int d = 0; d < dimensions && sizes[k] > 0; d++) {
                centres[k * dimensions + d] = (float) (sums[k * dimensions + d] / sizes[k]);
            }
            empty += sizes[k] == 0 ? 1 : 0;
        }
        if (empty > 0) {
            reseed(points, count, dimensions, centres, assigned, sizes);
        }
    }

    private static void reseed(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final short[] assigned,
            final int[] sizes) {
        final double[] distances = new double[count];
        for (int i = 0; i < count; i++) {
            distances[i] = distance(points, i, centres, assigned[i], dimensions);
        }
        for (int k = 0; k < sizes.length; k++) {
            if (sizes[k] > 0) {
                continue;
            }
            int farthest = 0;
            for (int i = 1; i < count; i++) {
                farthest = distances[i] > distances[farthest] ? i : farthest;
            }
            if (distances[farthest] <= 0) {
                return;
            }
            System.arraycopy(points, farthest * dimensions, centres, k * dimensions, dimensions);
            // Points that the new centre serves better must not attract the next one as well.
            for (int i = 0; i < count; i++) {
                if (distances[i] > 0) {
                    distances[i] = Math.min(distances[i], distance(points, i, centres, k, dimensions));
                }
            }
        }
    }

    private static float[] seed(
            final float[] points,
            final int count,
            final int dimensions,
            final int codewords,
            final SplittableRandom random) {
        final int[] sample = sample(count, (int) Math.min(count, (long) SEEDING_SAMPLE * codewords), random);
        final float[] centres = new float[codewords * dimensions];
        final double[] distances = new double[sample.length];
        Arrays.fill(distances, Double.POSITIVE_INFINITY);
        int chosen = sample[random.nextInt(sample.length)];
        for (int k = 0; k < codewords; k++) {
            System.arraycopy(points, chosen * dimensions, centres, k * dimensions, dimensions);
            double total = 0;
            for (int i = 0; i < sample.length; i++) {
                distances[i] = Math.min(distances[i], distance(points, sample[i], centres, k, dimensions));
                total += distances[i];
            }
            chosen = sample[draw(distances, total, random)];
        }
        return centres;
    }

    /** An index with probability proportional to its weight; any index where all weights are 0. */
    private static int draw(final double[] weights, final double total, final SplittableRandom random) {
        if (!(total > 0)) {
            return random.nextInt(weights.length);
        }
        double left = random.nextDouble() * total;
        int last = 0;
        for (int i = 0; i < weights.length; i++) {
            if (weights[i] > 0) {
                last = i;
                left -= weights[i];
                if (left < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /** {@code size} distinct indices below {@code count}: the head of a Fisher–Yates shuffle. */
    private static int[] sample(final int count, final int size, final SplittableRandom random) {
        final int[] indices = new int[count];
        Arrays.setAll(indices, i -> i);
        for (int i = 0; i < size; i++) {
            final int other = i + random.nextInt(count - i);
            final int swap = indices[i];
            indices[i] = indices[other];
            indices[other] = swap;
        }
        return Arrays.copyOf(indices, size);
    }

    private static double distance(
            final float[] points, final int point, final float[] centres, final int centre, final int dimensions) {
        double sum = 0;
        for (int d = 0; d < dimensions; d++) {
            final double difference = (double) points[point * dimensions + d] - centres[centre * dimensions + d];
            sum += difference * difference;
        }
        return sum;
    }
}

package io.dpq.quantizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Starts codebooks by K-means on residuals, level by level: level l clusters what the levels before it left over. Each level
 * is seeded by greedy k-means++ (Arthur and Vassilvitskii, SODA 2007, section 7) on a sample and refined by Lloyd steps. These
 * end in a local minimum, which is then left where that pays: codewords that are hardly missed move into the clusters of the
 * largest error, and stay there if a few more steps lower the error of all (after the breathing k-means of Fritzke, arXiv
 * 2006.15666). Deterministic, whatever assigns points to centres; the rest is single-threaded.
 */
public final class ResidualKMeans {
    /** Points per codeword that seeding looks at: k-means++ is quadratic in K, and a sample seeds as well. */
    private static final int SEEDING_SAMPLE = 16;

    /** Lloyd steps to the promise of one round of moves: a start in a hurry gets none. */
    private static final int STEPS_A_ROUND = 5;

    /** Lloyd steps that show whether moves pay. */
    private static final int STEPS_AFTER_MOVES = 4;

    /** Of this many codewords, one is moved in the first round. */
    private static final int MOVED = 8;

    private ResidualKMeans() {}

    /** Learns codebooks as {@link #fit(float[], int, int, int, int, int, long, Similarity, Assigner)} does, by L2, on this thread alone. */
    public static Codebooks fit(
            final float[] vectors,
            final int count,
            final int dimensions,
            final int levels,
            final int codewords,
            final int iterations,
            final long seed) {
        return fit(
                vectors, count, dimensions, levels, codewords, iterations, seed, Similarity.L2, ResidualKMeans::here);
    }

    private static Assigner.Points here(final float[] points, final int count, final int dimensions) {
        return (centres, assigned) -> Assigner.assign(points, count, dimensions, centres, assigned);
    }

    /**
     * Learns codebooks from embeddings. A codeword that no point chooses is moved to the point farthest from its own
     * codeword. Where there are fewer distinct points than codewords, the spare codewords repeat points and stay unused.
     *
     * @param vectors {@code count} embeddings of length {@code dimensions}, row by row, all finite
     * @param count at least 1
     * @param iterations Lloyd steps per level at the most, fewer where no point changes its codeword any more; from ten on,
     *     every five of them also allow for a round of moves and four more steps
     * @param seed same seed, same result
     * @param similarity by which the codebooks choose: each level clusters by L2 what this leaves over
     * @param assigner takes the K · D operations a point and step that are nearly all of the work
     */
    public static Codebooks fit(
            final float[] vectors,
            final int count,
            final int dimensions,
            final int levels,
            final int codewords,
            final int iterations,
            final long seed,
            final Similarity similarity,
            final Assigner assigner) {
        if (count < 1 || dimensions < 1 || vectors.length < (long) count * dimensions) {
            throw new IllegalArgumentException("Codebooks cannot be learnt from " + count + " vectors of length "
                    + dimensions + " in " + vectors.length + " values.");
        }
        final SplittableRandom random = new SplittableRandom(seed);
        final float[] residuals = Arrays.copyOf(vectors, count * dimensions);
        final float[] values = new float[Math.multiplyExact(Math.multiplyExact(levels, codewords), dimensions)];
        final short[] assigned = new short[count];
        for (int level = 0; level < levels; level++) {
            final float[] centres;
            try (Assigner.Points assigning = assigner.open(residuals, count, dimensions)) {
                centres = cluster(residuals, count, dimensions, codewords, iterations, random, assigning, assigned);
            }
            System.arraycopy(centres, 0, values, level * codewords * dimensions, centres.length);
            if (similarity != Similarity.L2) {
                new ResidualEncoder(new Codebooks(1, codewords, dimensions, centres).by(similarity))
                        .encode(residuals, count, assigned);
            }
            for (int i = 0; i < residuals.length; i++) {
                residuals[i] -= centres[assigned[i / dimensions] * dimensions + i % dimensions];
            }
        }
        return new Codebooks(levels, codewords, dimensions, values).by(similarity);
    }

    private static float[] cluster(
            final float[] points,
            final int count,
            final int dimensions,
            final int codewords,
            final int iterations,
            final SplittableRandom random,
            final Assigner.Points assigning,
            final short[] assigned) {
        final float[] centres = seed(points, count, dimensions, codewords, random);
        assigning.assign(centres, assigned);
        refine(points, count, dimensions, centres, iterations, assigning, assigned);
        if (iterations >= 2 * STEPS_A_ROUND) {
            leaveMinimum(points, count, dimensions, centres, iterations / STEPS_A_ROUND, random, assigning, assigned);
        }
        return centres;
    }

    private static void refine(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final int steps,
            final Assigner.Points assigning,
            final short[] assigned) {
        final short[] previous = new short[count];
        for (int step = 0; step < steps; step++) {
            System.arraycopy(assigned, 0, previous, 0, count);
            update(points, count, dimensions, centres, assigned);
            assigning.assign(centres, assigned);
            if (Arrays.equals(previous, assigned)) {
                break;
            }
        }
    }

    private static void leaveMinimum(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final int rounds,
            final SplittableRandom random,
            final Assigner.Points assigning,
            final short[] assigned) {
        int moves = Math.max(1, centres.length / dimensions / MOVED);
        double[] distances = distances(points, count, dimensions, centres, assigned);
        double best = Arrays.stream(distances).sum();
        for (int round = 0; round < rounds && moves > 0; round++) {
            final float[] centresBefore = centres.clone();
            final short[] assignedBefore = assigned.clone();
            move(points, dimensions, centres, moves, distances, random, assigned);
            assigning.assign(centres, assigned);
            refine(points, count, dimensions, centres, STEPS_AFTER_MOVES, assigning, assigned);
            final double[] after = distances(points, count, dimensions, centres, assigned);
            final double error = Arrays.stream(after).sum();
            if (error < best) {
                best = error;
                distances = after;
            } else {
                System.arraycopy(centresBefore, 0, centres, 0, centres.length);
                System.arraycopy(assignedBefore, 0, assigned, 0, count);
                moves /= 2;
            }
        }
    }

    private static double[] distances(
            final float[] points,
            final int count,
            final int dimensions,
            final float[] centres,
            final short[] assigned) {
        final double[] distances = new double[count];
        Arrays.setAll(distances, i -> distance(points, i, centres, assigned[i], dimensions));
        return distances;
    }

    /**
     * Moves the centres that are missed least to points of the clusters with the largest error. Without centre k, which is the
     * mean of its n points, these would go to its neighbour j at the most for n ‖c_k − c_j‖² more; that neighbour then stays.
     */
    private static void move(
            final float[] points,
            final int dimensions,
            final float[] centres,
            final int moves,
            final double[] distances,
            final SplittableRandom random,
            final short[] assigned) {
        final int codewords = centres.length / dimensions;
        final double[] errors = new double[codewords];
        final int[] sizes = new int[codewords];
        for (int i = 0; i < distances.length; i++) {
            errors[assigned[i]] += distances[i];
            sizes[assigned[i]]++;
        }
        final int[] neighbours = new int[codewords];
        final double[] missed = new double[codewords];
        for (int k = 0; k < codewords; k++) {
            double nearest = Double.POSITIVE_INFINITY;
            for (int j = 0; j < codewords; j++) {
                final double between = j == k ? nearest : distance(centres, k, centres, j, dimensions);
                if (between < nearest) {
                    nearest = between;
                    neighbours[k] = j;
                }
            }
            missed[k] = sizes[k] * nearest;
        }
        final int[] rarely = IntStream.range(0, codewords)
                .boxed()
                .sorted(Comparator.comparingDouble(k -> missed[k]))
                .mapToInt(Integer::intValue)
                .toArray();
        final int[] worst = IntStream.range(0, codewords)
                .boxed()
                .sorted(Comparator.comparingDouble(k -> -errors[k]))
                .mapToInt(Integer::intValue)
                .toArray();
        final boolean[] stays = new boolean[codewords];
        int next = 0;
        int moved = 0;
        for (int r = 0; r < codewords && moved < moves && next < moves; r++) {
            final int k = rarely[r];
            final int target = worst[next];
            if (stays[k] || k == target) {
                continue;
            }
            stays[neighbours[k]] = true;
            stays[target] = true;
            next++;
            if (errors[target] > missed[k] / 2) {
                final int point = draw(
                        IntStream.range(0, distances.length)
                                .mapToDouble(i -> assigned[i] == target ? distances[i] : 0)
                                .toArray(),
                        errors[target],
                        random);
                System.arraycopy(points, point * dimensions, centres, k * dimensions, dimensions);
                moved++;
            }
        }
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
        final int trials = 2 + (int) Math.log(codewords);
        int chosen = random.nextInt(sample.length);
        for (int k = 0; k < codewords; k++) {
            System.arraycopy(points, sample[chosen] * dimensions, centres, k * dimensions, dimensions);
            double total = 0;
            for (int i = 0; i < sample.length; i++) {
                distances[i] = Math.min(distances[i], distance(points, sample[i], centres, k, dimensions));
                total += distances[i];
            }
            chosen = best(points, sample, dimensions, distances, total, k + 1 < codewords ? trials : 0, random);
        }
        return centres;
    }

    /** Of some drawn points of the sample the one that, as a centre, would leave the least error. */
    private static int best(
            final float[] points,
            final int[] sample,
            final int dimensions,
            final double[] distances,
            final double total,
            final int trials,
            final SplittableRandom random) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int trial = 0; trial < trials; trial++) {
            final int candidate = draw(distances, total, random);
            double left = 0;
            for (int i = 0; i < sample.length; i++) {
                left += Math.min(distances[i], distance(points, sample[i], points, sample[candidate], dimensions));
            }
            if (left < least) {
                least = left;
                best = candidate;
            }
        }
        return best;
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

package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.ApOracle;
import io.dpq.train.data.HeldOut;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class RetrievalTaskTest {
    private static final int LEVELS = 2;
    private static final int CODEWORDS = 4;
    private static final int DIMENSIONS = 3;

    /** Scores by definition, groups of equal scores, and the slow average precision over them. */
    private static double oracle(final double[] scores, final LabelledVectors database, final int[] labels) {
        final TreeMap<Double, int[]> groups = new TreeMap<>(Comparator.reverseOrder());
        for (int row = 0; row < scores.length; row++) {
            final int[] group = groups.computeIfAbsent(scores[row], score -> new int[2]);
            group[0]++;
            final int[] own = database.labels()[row];
            group[1] +=
                    Arrays.stream(labels).anyMatch(label -> Arrays.stream(own).anyMatch(o -> o == label)) ? 1 : 0;
        }
        return ApOracle.ofFormula(
                groups.values().stream()
                        .map(group -> new ApOracle.Group(group[0], group[1]))
                        .toList(),
                scores.length);
    }

    private static double dot(final float[] a, final int from, final float[] b, final int at) {
        double sum = 0;
        for (int d = 0; d < DIMENSIONS; d++) {
            sum += (double) a[from + d] * b[at + d];
        }
        return sum;
    }

    /** Small whole numbers: scores are exact, and often tie. */
    private static LabelledVectors random(final int count, final Random random) {
        final float[] vectors = new float[count * DIMENSIONS];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = random.nextInt(5) - 2;
        }
        final int[][] labels = new int[count][];
        for (int row = 0; row < count; row++) {
            labels[row] =
                    random.ints(random.nextInt(3), 0, 4).sorted().distinct().toArray();
        }
        return new LabelledVectors(vectors, labels);
    }

    @Test
    void isTheAveragePrecisionByDefinition() {
        final Random random = new Random(3);
        final LabelledVectors database = random(60, random);
        final LabelledVectors queries = random(25, random);
        final float[] values = new float[LEVELS * CODEWORDS * DIMENSIONS];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(5) - 2;
        }
        final Codebooks codebooks = new Codebooks(LEVELS, CODEWORDS, DIMENSIONS, values);
        final short[] codes = new short[database.count() * LEVELS];
        new ResidualEncoder(codebooks).encode(database.vectors(), database.count(), codes);
        final RetrievalTask task = new RetrievalTask(database, queries, codebooks);
        for (int query = 0; query < queries.count(); query++) {
            final double[] precisions = task.precisions(query);
            assertThat(precisions).hasSize(1 + LEVELS);
            for (int level = 0; level <= LEVELS; level++) {
                final float[] items = level == 0
                        ? database.vectors()
                        : Reconstruction.decode(codebooks, codes, database.count(), level);
                final double[] scores = new double[database.count()];
                for (int row = 0; row < scores.length; row++) {
                    scores[row] = dot(queries.vectors(), query * DIMENSIONS, items, row * DIMENSIONS);
                }
                assertThat(precisions[level])
                        .as("query %d, level %d", query, level)
                        .isEqualTo(oracle(scores, database, queries.labels()[query]), within(1e-12));
            }
        }
        assertThat(new RetrievalTask(database, queries, null).precisions(0)).hasSize(1);
    }

    @Test
    void whatIsHeldOutIsAShareThatOnlyGrows() {
        final List<Long> keys = new Random(4).longs(20_000).boxed().toList();
        final long fifth =
                keys.stream().filter(key -> HeldOut.contains(key, 0.2)).count();
        assertThat(fifth).isBetween(3_800L, 4_200L);
        assertThat(keys.stream().filter(key -> HeldOut.contains(key, 0.2))).allMatch(key -> HeldOut.contains(key, 0.3));
        assertThat(keys).noneMatch(key -> HeldOut.contains(key, 0));
    }
}

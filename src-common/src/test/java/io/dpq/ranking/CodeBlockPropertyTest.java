package io.dpq.ranking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whatever the shape of the codes, the labels, the ties, the cut and the parts: the value by definition. */
class CodeBlockPropertyTest {
    private static final int[] CODEWORDS = {2, 3, 256, 32_768};
    private static final List<String> CLASSES = List.of("cat", "dog", "eel", "fox");

    private record Item(short[] code, List<String> labels, long order) {}

    @Property(tries = 300)
    void isTheValueByDefinition(
            @ForAll final long seed,
            @ForAll @IntRange(min = 1, max = 9) final int howManyLevels,
            @ForAll @IntRange(min = 0, max = 3) final int codewords,
            @ForAll @IntRange(min = 1, max = 60) final int count,
            @ForAll @IntRange(min = 1, max = 80) final int r,
            @ForAll final Ties ties,
            @ForAll final boolean counted) {
        new Database(seed, howManyLevels, codewords, count).check(r, ties, counted && ties == Ties.EXPECTED);
    }

    /** A database of drawn codes, and a query. */
    private static final class Database {
        private final Random random;
        private final int levels;
        private final Codebooks codebooks;
        private final List<Item> rows = new ArrayList<>();
        private final float[] query;
        private final List<String> wanted;

        Database(final long seed, final int levels, final int codewords, final int count) {
            this.random = new Random(seed);
            this.levels = levels;
            final float[] values = new float[levels * CODEWORDS[codewords] * 2];
            for (int i = 0; i < values.length; i++) {
                // A coarse grid: sums are exact, and different codes often score the same.
                values[i] = (random.nextInt(5) - 2) / 2f;
            }
            this.codebooks = new Codebooks(levels, CODEWORDS[codewords], 2, values);
            this.query = new float[] {random.nextInt(5) - 2, random.nextInt(5) - 2};
            this.wanted = labels();
            // Few codes in use, and the last one among them, so that rows tie and the edges of the range occur.
            final int inUse = 1 + random.nextInt(4);
            for (int i = 0; i < count; i++) {
                final short[] code = new short[levels];
                for (int level = 0; level < levels; level++) {
                    final int k = random.nextInt(inUse) * 31 % CODEWORDS[codewords];
                    code[level] = (short) (random.nextInt(5) == 0 ? CODEWORDS[codewords] - 1 : k);
                }
                rows.add(new Item(code, labels(), i));
            }
        }

        private List<String> labels() {
            final List<String> some = new ArrayList<>(CLASSES);
            Collections.shuffle(some, random);
            return List.copyOf(some.subList(0, random.nextInt(4)));
        }

        void check(final int r, final Ties ties, final boolean counted) {
            final LookupTables tables = new LookupTables(codebooks, query);
            final List<Item> shuffled = new ArrayList<>(rows);
            Collections.shuffle(shuffled, random);
            final Ranking[] merged = new Ranking[levels];
            int from = 0;
            while (from < shuffled.size()) {
                final int to = Math.min(shuffled.size(), from + 1 + random.nextInt(shuffled.size()));
                final CodeBlock block = block(shuffled.subList(from, to), ties, counted);
                assertThat(block.labels().total()).isEqualTo(to - from);
                final Ranking[] part = block.rank(tables, wanted, r);
                for (int level = 0; level < levels; level++) {
                    merged[level] = merged[level] == null
                            ? part[level]
                            : part[level].merge(merged[level]).top(r);
                }
                from = to;
            }
            for (int level = 1; level <= levels; level++) {
                assertThat(AveragePrecision.of(merged[level - 1], r))
                        .as("level %d of %s, %d rows", level, codebooks, rows.size())
                        .isEqualTo(oracle(level, r, ties), within(1e-12));
            }
        }

        private CodeBlock block(final List<Item> part, final Ties ties, final boolean counted) {
            final CodeBlock.Builder block = new CodeBlock.Builder(levels, codebooks.codewords(), ties);
            if (counted) {
                final Map<List<Object>, List<Item>> alike = new HashMap<>();
                for (final Item row : part) {
                    final List<Object> key = new ArrayList<>();
                    for (final short code : row.code()) {
                        key.add(code);
                    }
                    key.addAll(row.labels().stream().sorted().toList());
                    alike.computeIfAbsent(key, k -> new ArrayList<>()).add(row);
                }
                alike.values()
                        .forEach(same ->
                                block.addAlike(same.get(0).code(), same.get(0).labels(), same.size()));
            } else {
                part.forEach(row -> block.add(row.code(), row.labels(), row.order()));
            }
            return block.build();
        }

        private double oracle(final int level, final int r, final Ties ties) {
            final Map<Double, List<Item>> byScore = new TreeMap<>(Comparator.reverseOrder());
            for (final Item row : rows) {
                double score = 0;
                for (int l = 0; l < level; l++) {
                    score += (double) query[0] * codebooks.value(l, row.code()[l], 0)
                            + (double) query[1] * codebooks.value(l, row.code()[l], 1);
                }
                byScore.computeIfAbsent(score + 0.0, s -> new ArrayList<>()).add(row);
            }
            if (ties == Ties.ID) {
                return ApOracle.ofOrder(
                        byScore.values().stream()
                                .flatMap(tied -> tied.stream().sorted(Comparator.comparingLong(Item::order)))
                                .map(this::isRelevant)
                                .toList(),
                        r);
            }
            return ApOracle.ofFormula(
                    byScore.values().stream()
                            .map(tied -> new ApOracle.Group(tied.size(), (int)
                                    tied.stream().filter(this::isRelevant).count()))
                            .toList(),
                    r);
        }

        private boolean isRelevant(final Item row) {
            return !Collections.disjoint(row.labels(), wanted);
        }
    }
}

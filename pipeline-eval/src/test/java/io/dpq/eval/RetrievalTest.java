package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.ApOracle;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetrievalTest {
    private static final int LEVELS = 3;
    private static final int CODEWORDS = 4;
    private static final int DIMENSIONS = 2;
    private static final int ROWS = 211;
    private static final int OWN = 10;
    private static final List<String> CLASSES = List.of("cat", "dog", "eel", "fox");

    private static SparkSession spark;
    private static Codebooks codebooks;
    private static List<Row> table;
    private static List<Query> queries;

    @BeforeAll
    static void start() {
        spark = Sparks.local();
        final Random random = new Random(5);
        final float[] values = new float[LEVELS * CODEWORDS * DIMENSIONS];
        for (int i = 0; i < values.length; i++) {
            // A coarse grid, so that different codes often score the same.
            values[i] = (random.nextInt(7) - 3) / 2f;
        }
        codebooks = new Codebooks(LEVELS, CODEWORDS, DIMENSIONS, values);
        table = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            table.add(RowFactory.create(
                    "row-" + (i * 7919L % 1000) + "-" + i,
                    i % 17 == 0 ? null : labels(random),
                    (short) random.nextInt(CODEWORDS),
                    (short) random.nextInt(CODEWORDS),
                    (short) random.nextInt(CODEWORDS)));
        }
        queries = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            queries.add(
                    new Query("q" + i, i == 3 ? List.of() : i == 4 ? List.of("unknown") : labels(random), new float[] {
                        random.nextInt(9) - 4, random.nextInt(9) - 4
                    }));
        }
        queries.add(new Query("zero", List.of("cat"), new float[] {0, 0}));
        // A query that is a row of the table.
        final Row own = table.get(10);
        queries.add(new Query(own.getString(0), own.<List<String>>getAs(1), new float[] {1, -2}));
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static List<String> labels(final Random random) {
        final List<String> labels = new ArrayList<>(CLASSES);
        Collections.shuffle(labels, random);
        return List.copyOf(labels.subList(0, 1 + random.nextInt(2)));
    }

    private static Dataset<Row> dataset(final List<Row> rows, final int partitions) {
        StructType schema = new StructType()
                .add("id", DataTypes.StringType)
                .add("labels", DataTypes.createArrayType(DataTypes.StringType));
        for (int level = 1; level <= LEVELS; level++) {
            schema = schema.add("level_" + level, DataTypes.ShortType);
        }
        return spark.createDataFrame(rows, schema).repartition(partitions);
    }

    private static double[][] run(
            final List<Row> rows, final int partitions, final int blockRows, final Ties ties, final long r) {
        return run(rows, partitions, blockRows, ties, r, Score.INNER_PRODUCT, false, false);
    }

    private static double[][] run(
            final List<Row> rows,
            final int partitions,
            final int blockRows,
            final Ties ties,
            final long r,
            final Score score,
            final boolean symmetric,
            final boolean excludeSelf) {
        final Map<String, Integer> selves = new TreeMap<>();
        for (int i = 0; i < queries.size() && excludeSelf; i++) {
            selves.put(queries.get(i).id(), i);
        }
        final JavaRDD<CodeBlock> blocks = new CodeBlocks(
                        LEVELS,
                        CODEWORDS,
                        ties,
                        blockRows,
                        selves,
                        score == Score.INNER_PRODUCT ? Optional.empty() : Optional.of(codebooks))
                .of(dataset(rows, partitions), rows.size());
        final TableSummary summary = TableSummary.of(blocks, LEVELS, CODEWORDS);
        assertThat(summary.rows()).isEqualTo(rows.size());
        final CodeSearch search = symmetric
                ? CodeSearch.symmetric(codebooks, score, 1, queryCodes())
                : CodeSearch.asymmetric(codebooks, score, 1);
        final Figures figures = ask(search, blocks, summary, Math.min(r, rows.size()));
        blocks.unpersist();
        return byQuery(figures);
    }

    private static Figures ask(
            final CodeSearch search, final JavaRDD<CodeBlock> blocks, final TableSummary summary, final long r) {
        final Measures measures = new Measures(r);
        return new Retrieval<>(search, measures)
                .run(
                        JavaSparkContext.fromSparkContext(spark.sparkContext()),
                        blocks,
                        summary,
                        queries,
                        summary.expected(queries, measures));
    }

    private static double[][] byQuery(final Figures figures) {
        final double[][] byQuery = new double[queries.size()][figures.precisions().length];
        for (int query = 0; query < byQuery.length; query++) {
            for (int ranking = 0; ranking < byQuery[query].length; ranking++) {
                byQuery[query][ranking] = figures.precisions()[ranking][query];
            }
        }
        return byQuery;
    }

    private static short[] queryCodes() {
        final float[] vectors = new float[queries.size() * DIMENSIONS];
        for (int i = 0; i < queries.size(); i++) {
            System.arraycopy(queries.get(i).embedding(), 0, vectors, i * DIMENSIONS, DIMENSIONS);
        }
        final short[] codes = new short[queries.size() * LEVELS];
        new ResidualEncoder(codebooks).encode(vectors, queries.size(), codes);
        return codes;
    }

    private static float[] decoded(final short[] codes, final int offset, final int level) {
        final float[] sum = new float[DIMENSIONS];
        for (int l = 0; l < level; l++) {
            for (int d = 0; d < DIMENSIONS; d++) {
                sum[d] += codebooks.value(l, codes[offset + l], d);
            }
        }
        return sum;
    }

    /** Values and queries are small multiples of one half, so that every sum is exact and ties are ties. */
    private static double score(final Score score, final float[] query, final float[] item) {
        double inner = 0;
        double distance = 0;
        double norm = 0;
        for (int d = 0; d < DIMENSIONS; d++) {
            inner += (double) query[d] * item[d];
            distance += Math.pow((double) query[d] - item[d], 2);
            norm += (double) item[d] * item[d];
        }
        return switch (score) {
            case INNER_PRODUCT -> inner;
            case L2 -> -distance;
            case COSINE -> norm > 0 ? inner / Math.sqrt(norm) : 0;
        };
    }

    private static double[][] oracle(
            final Score score, final boolean symmetric, final boolean excludeSelf, final int r) {
        final short[] queryCodes = queryCodes();
        final double[][] result = new double[queries.size()][LEVELS];
        for (int q = 0; q < queries.size(); q++) {
            for (int level = 1; level <= LEVELS; level++) {
                final float[] query = symmetric
                        ? decoded(queryCodes, q * LEVELS, level)
                        : queries.get(q).embedding();
                final Map<Double, List<Row>> byScore = new TreeMap<>(Comparator.reverseOrder());
                for (final Row row : table) {
                    if (excludeSelf && row.getString(0).equals(queries.get(q).id())) {
                        continue;
                    }
                    final short[] code = {row.getShort(2), row.getShort(3), row.getShort(4)};
                    byScore.computeIfAbsent(score(score, query, decoded(code, 0, level)) + 0.0, s -> new ArrayList<>())
                            .add(row);
                }
                result[q][level - 1] = ApOracle.ofFormula(groups(byScore, queries.get(q)), r);
            }
        }
        return result;
    }

    @ParameterizedTest
    @CsvSource({
        "INNER_PRODUCT,true,false,40",
        "L2,false,false,211",
        "L2,true,true,40",
        "COSINE,false,true,211",
        "COSINE,true,false,7"
    })
    void everyScoreIsTheValueByDefinition(
            final Score score, final boolean symmetric, final boolean excludeSelf, final int r) {
        final double[][] expected = oracle(score, symmetric, excludeSelf, r);
        assertClose(run(table, 2, 1_000_000, Ties.EXPECTED, r, score, symmetric, excludeSelf), expected);
        assertThat(run(table, 3, 60, Ties.EXPECTED, r, score, symmetric, excludeSelf))
                .isDeepEqualTo(run(table, 2, 1_000_000, Ties.EXPECTED, r, score, symmetric, excludeSelf));
    }

    @Test
    void leavingTheOwnRowOutChangesOnlyWhoHasOne() {
        final double[][] with = run(table, 2, 50, Ties.ID, ROWS);
        final double[][] without = run(table, 2, 50, Ties.ID, ROWS, Score.INNER_PRODUCT, false, true);
        assertThat(without[OWN]).isNotEqualTo(with[OWN]);
        assertThat(without[0]).isEqualTo(with[0]);
    }

    @ParameterizedTest
    @CsvSource({"INNER_PRODUCT,EXPECTED,false", "L2,ID,true", "COSINE,EXPECTED,true"})
    void embeddingsRankExactly(final Score score, final Ties ties, final boolean excludeSelf) {
        final List<Row> rows = new ArrayList<>();
        for (final Row row : table) {
            final short[] code = {row.getShort(2), row.getShort(3), row.getShort(4)};
            rows.add(RowFactory.create(row.get(0), row.get(1), decoded(code, 0, LEVELS)));
        }
        final StructType schema = new StructType()
                .add("id", DataTypes.StringType)
                .add("labels", DataTypes.createArrayType(DataTypes.StringType))
                .add("embedding", DataTypes.createArrayType(DataTypes.FloatType));
        final Map<String, Integer> selves = new TreeMap<>();
        for (int i = 0; i < queries.size() && excludeSelf; i++) {
            selves.put(queries.get(i).id(), i);
        }
        for (final int blockRows : new int[] {1000, 30}) {
            final JavaRDD<EmbeddingBlock> blocks = new EmbeddingBlocks(DIMENSIONS, ties, blockRows, selves)
                    .of(spark.createDataFrame(rows, schema).repartition(3), ROWS);
            final TableSummary summary = TableSummary.of(blocks);
            assertThat(summary.blocks()).isEqualTo(blockRows > ROWS ? 1 : 8);
            final Measures measures = new Measures(ROWS);
            final double[][] actual = byQuery(new Retrieval<>(new ExactSearch(score), measures)
                    .run(
                            JavaSparkContext.fromSparkContext(spark.sparkContext()),
                            blocks,
                            summary,
                            queries,
                            summary.expected(queries, measures)));
            final double[][] expected = ties == Ties.ID
                    ? run(table, 1, 1000, ties, ROWS, score, false, excludeSelf)
                    : oracle(score, false, excludeSelf, ROWS);
            for (int query = 0; query < actual.length; query++) {
                assertThat(actual[query][0]).isEqualTo(expected[query][LEVELS - 1], within(1e-12));
            }
            blocks.unpersist();
        }
    }

    private static double[][] oracle(final Ties ties, final int r) {
        final double[][] result = new double[queries.size()][LEVELS];
        for (int q = 0; q < queries.size(); q++) {
            final LookupTables tables =
                    new LookupTables(codebooks, queries.get(q).embedding());
            for (int level = 1; level <= LEVELS; level++) {
                final Map<Double, List<Row>> byScore = new TreeMap<>(Comparator.reverseOrder());
                for (final Row row : table) {
                    final short[] code = {row.getShort(2), row.getShort(3), row.getShort(4)};
                    byScore.computeIfAbsent(tables.score(code, 0, level) + 0.0, s -> new ArrayList<>())
                            .add(row);
                }
                result[q][level - 1] = ties == Ties.ID
                        ? ApOracle.ofOrder(byIds(byScore, queries.get(q)), r)
                        : ApOracle.ofFormula(groups(byScore, queries.get(q)), r);
            }
        }
        return result;
    }

    private static List<Boolean> byIds(final Map<Double, List<Row>> byScore, final Query query) {
        return byScore.values().stream()
                .flatMap(tied -> tied.stream().sorted(Comparator.comparing(row -> row.getString(0))))
                .map(row -> relevant(row, query))
                .toList();
    }

    private static List<ApOracle.Group> groups(final Map<Double, List<Row>> byScore, final Query query) {
        return byScore.values().stream()
                .map(tied -> new ApOracle.Group(tied.size(), (int)
                        tied.stream().filter(row -> relevant(row, query)).count()))
                .toList();
    }

    private static boolean relevant(final Row row, final Query query) {
        return !row.isNullAt(1) && !Collections.disjoint(row.<List<String>>getAs(1), query.labels());
    }

    private static void assertClose(final double[][] actual, final double[][] expected) {
        for (int query = 0; query < expected.length; query++) {
            for (int level = 0; level < LEVELS; level++) {
                assertThat(actual[query][level])
                        .as("query %d, level %d", query, level + 1)
                        .isEqualTo(expected[query][level], within(1e-12));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "EXPECTED,1",
        "EXPECTED,5",
        "EXPECTED,100",
        "EXPECTED,211",
        "EXPECTED,100000",
        "ID,1",
        "ID,5",
        "ID,100",
        "ID,211",
        "ID,100000"
    })
    void isTheValueByDefinition(final Ties ties, final int r) {
        final double[][] expected = oracle(ties, r);
        assertThat(Arrays.stream(expected)
                        .flatMapToDouble(Arrays::stream)
                        .distinct()
                        .count())
                .isGreaterThan(1);
        assertThat(expected[3]).containsOnly(0);
        assertThat(expected[4]).containsOnly(0);
        assertClose(run(table, 2, 1_000_000, ties, r), expected);
        assertClose(run(table, 2, 50, ties, r), expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"EXPECTED", "ID"})
    void partitionsBlocksAndRowOrderChangeNoBit(final Ties ties) {
        for (final long r : new long[] {20, ROWS}) {
            final double[][] first = run(table, 1, 1_000_000, ties, r);
            final List<Row> shuffled = new ArrayList<>(table);
            for (final int partitions : new int[] {2, 7, 50}) {
                Collections.shuffle(shuffled, new Random(partitions));
                assertThat(run(shuffled, partitions, ROWS / partitions, ties, r))
                        .isDeepEqualTo(first);
            }
            assertThat(run(shuffled, 7, 1_000_000, ties, r)).isDeepEqualTo(first);
        }
    }

    private static CodeBlocks blocks(final int blockRows) {
        return new CodeBlocks(LEVELS, CODEWORDS, Ties.EXPECTED, blockRows, Map.of(), Optional.empty());
    }

    @Test
    void rowsOfOneShortCodeAndTheSameLabelsAreCounted() {
        final Codebooks first = codebooks.prefix(1);
        for (final Score score : Score.values()) {
            final CodeBlocks packing = new CodeBlocks(
                    1,
                    CODEWORDS,
                    Ties.EXPECTED,
                    5,
                    Map.of(),
                    score == Score.INNER_PRODUCT ? Optional.empty() : Optional.of(first));
            assertThat(packing.counts(ROWS)).isTrue();
            final JavaRDD<CodeBlock> blocks = packing.of(dataset(table, 3).drop("level_2", "level_3"), ROWS);
            // 4 codewords; 4 classes alone, 6 pairs in any order, and no label.
            assertThat(blocks.map(CodeBlock::rows).collect().stream()
                            .mapToInt(Integer::intValue)
                            .sum())
                    .isBetween(20, 44);
            final TableSummary summary = TableSummary.of(blocks, 1, CODEWORDS);
            assertThat(summary.rows()).isEqualTo(ROWS);
            assertThat(summary.blocks()).isGreaterThan(1);
            final Figures figures = ask(CodeSearch.asymmetric(first, score, 1), blocks, summary, ROWS);
            final JavaRDD<CodeBlock> each = new CodeBlocks(
                            LEVELS,
                            CODEWORDS,
                            Ties.EXPECTED,
                            50,
                            Map.of(),
                            score == Score.INNER_PRODUCT ? Optional.empty() : Optional.of(codebooks))
                    .of(dataset(table, 3), ROWS);
            final TableSummary eachSummary = TableSummary.of(each, LEVELS, CODEWORDS);
            final Figures row = ask(CodeSearch.asymmetric(codebooks, score, 1), each, eachSummary, ROWS);
            // Not only AP but every figure, to the last bit.
            assertThat(figures.means()[0]).isEqualTo(row.means()[0]);
            assertThat(figures.precisions()[0]).isEqualTo(row.precisions()[0]);
            assertThat(IntStream.range(0, CODEWORDS).mapToLong(k -> summary.usage(0, k)))
                    .containsExactlyElementsOf(IntStream.range(0, CODEWORDS)
                            .mapToObj(k -> eachSummary.usage(0, k))
                            .toList());
        }
    }

    @Test
    void randomCodesAreCountedWhereTheyAreShort() {
        final CodeBlocks packing = new CodeBlocks(1, CODEWORDS, Ties.EXPECTED, 5, Map.of(), Optional.empty());
        final CodeBlocks each = new CodeBlocks(1, CODEWORDS, Ties.EXPECTED, 5, Map.of("nobody", 0), Optional.empty());
        assertThat(packing.counts(ROWS)).isTrue();
        assertThat(each.counts(ROWS)).isFalse();
        final JavaRDD<CodeBlock> counted = packing.random(dataset(table, 3), ROWS, 1);
        final JavaRDD<CodeBlock> rows = each.random(dataset(table, 3), ROWS, 1);
        final TableSummary summary = TableSummary.of(counted, 1, CODEWORDS);
        final TableSummary eachSummary = TableSummary.of(rows, 1, CODEWORDS);
        assertThat(summary.rows()).isEqualTo(ROWS);
        assertThat(counted.map(CodeBlock::rows).collect().stream()
                        .mapToInt(Integer::intValue)
                        .sum())
                .isLessThan(50);
        final CodeSearch search = CodeSearch.asymmetric(codebooks.prefix(1), Score.INNER_PRODUCT, 1);
        assertThat(ask(search, counted, summary, ROWS).means()[0])
                .isEqualTo(ask(search, rows, eachSummary, ROWS).means()[0]);
    }

    @Test
    void wavesAreSizedByTheRuleOfTies() {
        final CodeSearch search = CodeSearch.asymmetric(codebooks, Score.INNER_PRODUCT, 1);
        final double alike = search.groups(1_000_000, 2, 1_000_000);
        assertThat(search.by(Ties.ID).groups(1_000_000, 2, 1_000_000))
                .isEqualTo(CodeSearch.groups(Ties.ID, LEVELS, CODEWORDS, 1, 1_000_000, 2, 1_000_000))
                .isGreaterThan(1000 * alike);
    }

    @Test
    void rowsThatSomethingTellsApartAreNotCounted() {
        assertThat(new CodeBlocks(1, CODEWORDS, Ties.ID, 5, Map.of(), Optional.empty()).counts(ROWS))
                .isFalse();
        assertThat(new CodeBlocks(1, CODEWORDS, Ties.EXPECTED, 5, Map.of("q", 1), Optional.empty()).counts(ROWS))
                .isFalse();
        assertThat(blocks(5).counts(ROWS)).isFalse();
    }

    @Test
    void randomCodesDependOnSeedAndIdAlone() {
        final CodeBlocks blocks = blocks(1_000);
        final long[][] once = usage(blocks.random(dataset(table, 1), ROWS, 1));
        assertThat(usage(blocks.random(dataset(table, 7), ROWS, 1))).isDeepEqualTo(once);
        assertThat(usage(blocks.random(dataset(table, 1), ROWS, 2))[0]).isNotEqualTo(once[0]);
        for (final long[] level : once) {
            // 211 rows over 4 codewords: 52.75 expected each, standard deviation 6.3.
            assertThat(Arrays.stream(level).boxed()).allMatch(count -> count > 25 && count < 80);
        }
        assertThat(once[0]).isNotEqualTo(once[1]);
    }

    private static long[][] usage(final JavaRDD<CodeBlock> blocks) {
        final TableSummary summary = TableSummary.of(blocks, LEVELS, CODEWORDS);
        final long[][] usage = new long[LEVELS][CODEWORDS];
        for (int i = 0; i < LEVELS * CODEWORDS; i++) {
            usage[i / CODEWORDS][i % CODEWORDS] = summary.usage(i / CODEWORDS, i % CODEWORDS);
        }
        return usage;
    }

    @Test
    void summaryCountsWhatIsThere() {
        final List<Row> rows = List.of(
                RowFactory.create("a", List.of("cat"), (short) 0, (short) 1, (short) 3),
                RowFactory.create("b", List.of("dog", "cat"), (short) 0, (short) 2, (short) 3),
                RowFactory.create("c", null, (short) 0, (short) 1, (short) 3),
                RowFactory.create("d", List.of("eel"), (short) 0, (short) 2, (short) 0));
        final TableSummary summary = TableSummary.of(blocks(2).of(dataset(rows, 3), 4), LEVELS, CODEWORDS);
        assertThat(summary.rows()).isEqualTo(4);
        assertThat(IntStream.range(0, 3).map(summary::deadCodewords)).containsExactly(3, 2, 2);
        assertThat(summary.entropy(0)).isEqualTo(0.0, within(1e-12));
        assertThat(summary.entropy(1)).isEqualTo(1.0, within(1e-12));
        assertThat(summary.entropy(2)).isEqualTo(0.8112781244591328, within(1e-12));
        assertThat(summary.relevantRows(List.of("cat"))).isEqualTo(2);
        assertThat(summary.relevantRows(List.of("cat", "dog"))).isEqualTo(2);
        assertThat(summary.relevantRows(List.of("dog", "eel"))).isEqualTo(2);
        assertThat(summary.relevantRows(List.of())).isZero();
    }

    @Test
    void refusesCodesThatNoCodewordHas() {
        final List<Row> rows = List.of(RowFactory.create("a", List.of("cat"), (short) 0, (short) CODEWORDS, (short) 3));
        assertThatThrownBy(() -> blocks(2).of(dataset(rows, 1), 1).count())
                .rootCause()
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds 4 in level_2 where codes are 0 to 3");
    }
}

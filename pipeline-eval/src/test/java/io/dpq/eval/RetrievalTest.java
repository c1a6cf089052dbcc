package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import io.dpq.ranking.ApOracle;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ties;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
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
        final JavaRDD<CodeBlock> blocks =
                new CodeBlocks(LEVELS, CODEWORDS, ties, blockRows).of(dataset(rows, partitions), rows.size());
        final TableSummary summary = TableSummary.of(blocks, LEVELS, CODEWORDS);
        assertThat(summary.rows()).isEqualTo(rows.size());
        final double[][] result = new Retrieval(codebooks, r)
                .averagePrecisions(JavaSparkContext.fromSparkContext(spark.sparkContext()), blocks, summary, queries);
        blocks.unpersist();
        return result;
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

    @Test
    void randomCodesDependOnSeedAndIdAlone() {
        final CodeBlocks blocks = new CodeBlocks(LEVELS, CODEWORDS, Ties.EXPECTED, 1_000);
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
        final TableSummary summary = TableSummary.of(
                new CodeBlocks(LEVELS, CODEWORDS, Ties.EXPECTED, 2).of(dataset(rows, 3), 4), LEVELS, CODEWORDS);
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
        assertThatThrownBy(() -> new CodeBlocks(LEVELS, CODEWORDS, Ties.EXPECTED, 2)
                        .of(dataset(rows, 1), 1)
                        .count())
                .rootCause()
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds 4 in level_2 where codes are 0 to 3");
    }
}

package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.ResidualKMeans;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Times the ranking of drawn codes, 4 levels of 256 codewords of length 300, of a mixture of ten classes: 1 000 queries over
 * 54 000 rows unless told otherwise. Leaves the data for {@code bench/compare_numpy.py}, which times the same by NumPy's argsort.
 */
@Command(name = "retrieval-bench", mixinStandardHelpOptions = true)
public final class RetrievalBenchMain implements Callable<Integer> {
    private static final int LEVELS = 4;
    private static final int CODEWORDS = 256;
    private static final int DIMENSIONS = 300;
    private static final int CLASSES = 10;
    private static final int LEARNT_FROM = 6_000;
    private static final int ITERATIONS = 8;
    /** Vectors held at a time while they are encoded. */
    private static final int DRAWN = 6_000;

    private final Random random = new Random(1);
    private final float[][] centres = new float[CLASSES][DIMENSIONS];

    @Option(names = "--rows", defaultValue = "54000", description = "Rows of the database, 256 or more.")
    private int rows;

    @Option(names = "--queries", defaultValue = "1000")
    private int queries;

    @Option(names = "--r", defaultValue = "0", description = "Rank to cut at; 0 ranks all rows.")
    private long r;

    @Option(names = "--block-rows", defaultValue = "1000000", description = "Rows a task ranks at once.")
    private int blockRows;

    @Option(names = "--repetitions", defaultValue = "5")
    private int repetitions;

    @Parameters(paramLabel = "FOLDER", description = "Where the data is written to.")
    private Path folder = Path.of(".");

    private RetrievalBenchMain() {
        for (final float[] centre : centres) {
            for (int d = 0; d < DIMENSIONS; d++) {
                centre[d] = (float) random.nextGaussian();
            }
        }
    }

    /** Runs. */
    public static void main(final String[] args) {
        System.exit(run(args));
    }

    /** Runs without ending the JVM; its Spark session ends. */
    static int run(final String... args) {
        return new CommandLine(new RetrievalBenchMain()).execute(args);
    }

    @Override
    public Integer call() throws IOException {
        Files.createDirectories(folder);
        final short[] rowLabels = new short[rows];
        final short[] codes = new short[Math.multiplyExact(rows, LEVELS)];
        final Codebooks codebooks = drawCodes(rowLabels, codes);
        final short[] queryLabels = new short[queries];
        final float[] asked = draw(queryLabels, 0, queries);
        write(folder.resolve("codebooks.bin"), codebooks.values());
        write(folder.resolve("queries.bin"), asked);
        write(folder.resolve("codes.bin"), codes);
        write(folder.resolve("row-labels.bin"), rowLabels);
        write(folder.resolve("query-labels.bin"), queryLabels);
        Files.writeString(
                folder.resolve("shape.json"),
                String.format(
                        Locale.ROOT,
                        "{\"rows\":%d,\"queries\":%d,\"levels\":%d,\"codewords\":%d,\"dimensions\":%d}%n",
                        rows,
                        queries,
                        LEVELS,
                        CODEWORDS,
                        DIMENSIONS),
                StandardCharsets.UTF_8);
        try (SparkSession spark = SparkSession.builder()
                .appName("dpq retrieval bench")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            time(spark, codebooks, table(spark, codes, rowLabels), queries(asked, queryLabels));
        }
        return 0;
    }

    /** Codes of drawn vectors, by codebooks learnt from the first of them. */
    private Codebooks drawCodes(final short[] labels, final short[] codes) {
        Codebooks codebooks = null;
        for (int from = 0; from < rows; from += DRAWN) {
            final int count = Math.min(DRAWN, rows - from);
            final float[] vectors = draw(labels, from, count);
            if (codebooks == null) {
                codebooks = ResidualKMeans.fit(
                        vectors, Math.min(LEARNT_FROM, count), DIMENSIONS, LEVELS, CODEWORDS, ITERATIONS, 1);
            }
            final short[] some = new short[count * LEVELS];
            new ResidualEncoder(codebooks).encode(vectors, count, some);
            System.arraycopy(some, 0, codes, from * LEVELS, some.length);
        }
        return Objects.requireNonNull(codebooks);
    }

    private void time(
            final SparkSession spark, final Codebooks codebooks, final Dataset<Row> table, final List<Query> queries) {
        final Measures measures = new Measures(r == 0 ? rows : Math.min(r, rows));
        for (int i = 0; i < repetitions; i++) {
            final long begin = System.nanoTime();
            final JavaRDD<CodeBlock> blocks = new CodeBlocks(
                            LEVELS, CODEWORDS, Ties.EXPECTED, blockRows, Map.of(), Optional.empty())
                    .of(table, rows);
            final TableSummary summary = TableSummary.of(blocks, LEVELS, CODEWORDS);
            final long packed = System.nanoTime();
            final Figures figures = new Retrieval<>(CodeSearch.asymmetric(codebooks, Score.INNER_PRODUCT, 1), measures)
                    .run(
                            JavaSparkContext.fromSparkContext(spark.sparkContext()),
                            blocks,
                            summary,
                            queries,
                            summary.expected(queries, measures));
            final long end = System.nanoTime();
            blocks.unpersist();
            System.out.printf(
                    Locale.ROOT,
                    "{\"packSeconds\": %.3f, \"seconds\": %.3f, \"map\": [%.4f, %.4f, %.4f, %.4f]}%n",
                    (packed - begin) / 1e9,
                    (end - packed) / 1e9,
                    figures.map(0),
                    figures.map(1),
                    figures.map(2),
                    figures.map(3));
        }
    }

    private float[] draw(final short[] labels, final int from, final int count) {
        final float[] vectors = new float[count * DIMENSIONS];
        for (int i = 0; i < count; i++) {
            labels[from + i] = (short) random.nextInt(CLASSES);
            for (int d = 0; d < DIMENSIONS; d++) {
                vectors[i * DIMENSIONS + d] =
                        (float) Math.tanh(0.1 * centres[labels[from + i]][d] + 0.6 * random.nextGaussian());
            }
        }
        return vectors;
    }

    private static Dataset<Row> table(final SparkSession spark, final short[] codes, final short[] labels) {
        StructType schema = new StructType()
                .add("id", DataTypes.StringType)
                .add("labels", DataTypes.createArrayType(DataTypes.StringType));
        for (int level = 1; level <= LEVELS; level++) {
            schema = schema.add("level_" + level, DataTypes.ShortType);
        }
        final JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        final Broadcast<short[]> sentCodes = context.broadcast(codes);
        final Broadcast<short[]> sentLabels = context.broadcast(labels);
        final JavaRDD<Row> drawn = spark.range(labels.length)
                .javaRDD()
                .map(row -> row(Math.toIntExact(row), sentCodes.value(), sentLabels.value()));
        return spark.createDataFrame(drawn, schema);
    }

    private static Row row(final int row, final short[] codes, final short[] labels) {
        final Object[] values = new Object[2 + LEVELS];
        values[0] = "row-" + row;
        values[1] = new String[] {"class-" + labels[row]};
        for (int level = 0; level < LEVELS; level++) {
            values[2 + level] = codes[row * LEVELS + level];
        }
        return RowFactory.create(values);
    }

    private static List<Query> queries(final float[] vectors, final short[] labels) {
        final List<Query> queries = new ArrayList<>();
        for (int i = 0; i < labels.length; i++) {
            final float[] embedding = new float[DIMENSIONS];
            System.arraycopy(vectors, i * DIMENSIONS, embedding, 0, DIMENSIONS);
            queries.add(new Query("query-" + i, List.of("class-" + labels[i]), embedding));
        }
        return queries;
    }

    private static void write(final Path path, final float[] values) throws IOException {
        final ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Files.write(path, bytes.array());
    }

    private static void write(final Path path, final short[] values) throws IOException {
        final ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asShortBuffer().put(values);
        Files.write(path, bytes.array());
    }
}

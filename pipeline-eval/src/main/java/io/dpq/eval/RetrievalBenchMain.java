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
import java.util.Optional;
import java.util.Random;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Times the ranking of 1 000 queries over 54 000 rows at 4 levels of 256 codewords of length 300, on a drawn mixture of ten
 * classes, and leaves the data for {@code bench/compare_numpy.py}, which times the same by NumPy's argsort.
 *
 * <p>{@code spark-submit --master local[2] --class io.dpq.eval.RetrievalBenchMain dpq-eval-….jar FOLDER}
 */
public final class RetrievalBenchMain {
    private static final int ROWS = 54_000;
    private static final int QUERIES = 1_000;
    private static final int LEVELS = 4;
    private static final int CODEWORDS = 256;
    private static final int DIMENSIONS = 300;
    private static final int CLASSES = 10;
    private static final int LEARNT_FROM = 6_000;
    private static final int ITERATIONS = 8;
    private static final int REPETITIONS = 5;

    private final Random random = new Random(1);
    private final float[][] centres = new float[CLASSES][DIMENSIONS];

    private RetrievalBenchMain() {
        for (final float[] centre : centres) {
            for (int d = 0; d < DIMENSIONS; d++) {
                centre[d] = (float) random.nextGaussian();
            }
        }
    }

    /** Runs; the argument is the folder that the data is written to. */
    public static void main(final String[] args) throws IOException {
        if (args.length != 1) {
            System.err.println("Give the folder to write the data to.");
            System.exit(1);
        }
        new RetrievalBenchMain().run(Files.createDirectories(Path.of(args[0])));
    }

    private void run(final Path folder) throws IOException {
        final short[] rowLabels = new short[ROWS];
        final float[] vectors = draw(rowLabels);
        final short[] queryLabels = new short[QUERIES];
        final float[] asked = draw(queryLabels);
        final Codebooks codebooks =
                ResidualKMeans.fit(vectors, LEARNT_FROM, DIMENSIONS, LEVELS, CODEWORDS, ITERATIONS, 1);
        final short[] codes = new short[ROWS * LEVELS];
        new ResidualEncoder(codebooks).encode(vectors, ROWS, codes);
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
                        ROWS,
                        QUERIES,
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
    }

    private static void time(
            final SparkSession spark, final Codebooks codebooks, final Dataset<Row> table, final List<Query> queries) {
        final Measures measures = new Measures(ROWS);
        for (int i = 0; i < REPETITIONS; i++) {
            final long begin = System.nanoTime();
            final JavaRDD<CodeBlock> blocks = new CodeBlocks(
                            LEVELS, CODEWORDS, Ties.EXPECTED, 1_000_000, Map.of(), Optional.empty())
                    .of(table, ROWS);
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

    private float[] draw(final short[] labels) {
        final float[] vectors = new float[labels.length * DIMENSIONS];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (short) random.nextInt(CLASSES);
            for (int d = 0; d < DIMENSIONS; d++) {
                vectors[i * DIMENSIONS + d] =
                        (float) Math.tanh(0.1 * centres[labels[i]][d] + 0.6 * random.nextGaussian());
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
        final List<Row> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            rows.add(RowFactory.create(
                    "row-" + i,
                    List.of("class-" + labels[i]),
                    codes[i * LEVELS],
                    codes[i * LEVELS + 1],
                    codes[i * LEVELS + 2],
                    codes[i * LEVELS + 3]));
        }
        return spark.createDataFrame(rows, schema);
    }

    private static List<Query> queries(final float[] vectors, final short[] labels) {
        final List<Query> queries = new ArrayList<>();
        for (int i = 0; i < QUERIES; i++) {
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

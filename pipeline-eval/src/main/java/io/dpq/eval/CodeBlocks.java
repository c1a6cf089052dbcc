package io.dpq.eval;

import io.dpq.codes.CodeTable;
import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ties;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Packs a code table into blocks on the executors; the driver never sees a row. Where codes are so short that many rows share
 * one, and nothing tells such rows apart, those of one code and the same labels are put together and counted: 8-bit codes of a
 * billion rows are then 256 rows for every set of labels.
 *
 * @param levels L
 * @param codewords K
 * @param ties how equal scores rank
 * @param blockRows rows a block at the most, roughly
 * @param selves index of every query by its id where a query's own row is to be left out; empty otherwise
 * @param norms codebooks to take the lengths of what codes stand for from, where scores ask for lengths
 */
record CodeBlocks(
        int levels, int codewords, Ties ties, int blockRows, Map<String, Integer> selves, Optional<Codebooks> norms) {
    /** Rows to a possible code from which on counting them saves more than its shuffle costs. */
    private static final int COUNTED_FROM = 16;

    /** The table as it is. */
    JavaRDD<CodeBlock> of(final Dataset<Row> table, final long rows) {
        return counts(rows) ? counted(table) : packed(table, rows, new StoredCodes(levels, codewords));
    }

    /** Whether rows that are alike are put together in a table of so many. */
    boolean counts(final long rows) {
        return ties == Ties.EXPECTED && selves.isEmpty() && Math.pow(codewords, levels) * COUNTED_FROM <= rows;
    }

    private JavaRDD<CodeBlock> counted(final Dataset<Row> table) {
        final Column[] alike = new Column[1 + levels];
        alike[0] = functions
                .array_sort(functions.array_distinct(functions.coalesce(
                        functions.col("labels"), functions.array().cast("array<string>"))))
                .as("labels");
        for (int level = 1; level <= levels; level++) {
            alike[level] = functions.col(CodeTable.column(level));
        }
        final Dataset<Row> counted = table.groupBy(alike)
                .count()
                .select(functions.lit("").as("id"), functions.col("*"))
                .persist(StorageLevel.MEMORY_AND_DISK());
        final Column[] key = Arrays.stream(counted.columns())
                .filter(name -> !name.equals("id") && !name.equals("count"))
                .map(functions::col)
                .toArray(Column[]::new);
        final int parts = (int) Math.max(1, (counted.count() + blockRows - 1) / blockRows);
        final Packing packing =
                new Packing(levels, codewords, ties, new StoredCodes(levels, codewords), new HashMap<>());
        // By what rows are and not by their order, which is another one where an executor is lost and its part is
        // counted again.
        return withNorms(counted.repartition(parts, key).toJavaRDD().mapPartitions(packing::counted));
    }

    /** The same rows with random codes, which depend on the seed and a row's id alone. */
    JavaRDD<CodeBlock> random(final Dataset<Row> table, final long rows, final long seed) {
        final RandomCodes codes = new RandomCodes(levels, codewords, seed);
        return counts(rows) ? counted(drawn(table, codes)) : packed(table, rows, codes);
    }

    /** Rows {@code id, labels, level_1 … level_L} with random codes. */
    private Dataset<Row> drawn(final Dataset<Row> table, final RandomCodes codes) {
        StructType schema = table.select("id", "labels").schema();
        for (int level = 1; level <= levels; level++) {
            schema = schema.add(CodeTable.column(level), DataTypes.ShortType);
        }
        return table.select("id", "labels").map((MapFunction<Row, Row>) codes::drawn, Encoders.row(schema));
    }

    private JavaRDD<CodeBlock> packed(final Dataset<Row> table, final long rows, final CodeSource codes) {
        final boolean ids = codes.needsIds() || ties == Ties.ID || !selves.isEmpty();
        final Packing packing = new Packing(levels, codewords, ties, codes, new HashMap<>(selves));
        return withNorms(Rows.dealt(table.select(columns(ids, codes)), ties, (rows + blockRows - 1) / blockRows)
                .mapPartitions(packing::call));
    }

    private JavaRDD<CodeBlock> withNorms(final JavaRDD<CodeBlock> packed) {
        return norms.map(codebooks -> packed.map(block -> block.withNorms(codebooks)))
                .orElse(packed)
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private Column[] columns(final boolean ids, final CodeSource codes) {
        final Column[] columns = new Column[2 + (codes.needsCodes() ? levels : 0)];
        columns[0] = ids ? functions.col("id") : functions.lit("").as("id");
        columns[1] = functions.col("labels");
        for (int i = 2; i < columns.length; i++) {
            columns[i] = functions.col(CodeTable.column(i - 1));
        }
        return columns;
    }

    /** Where a row's code comes from. */
    private interface CodeSource extends java.io.Serializable {
        boolean needsIds();

        boolean needsCodes();

        void fill(Row row, short[] code);
    }

    /** The table's own columns, checked. */
    private record StoredCodes(int levels, int codewords) implements CodeSource {
        private static final long serialVersionUID = 1L;

        @Override
        public boolean needsIds() {
            return false;
        }

        @Override
        public boolean needsCodes() {
            return true;
        }

        @Override
        public void fill(final Row row, final short[] code) {
            for (int level = 0; level < levels; level++) {
                if (row.isNullAt(2 + level) || row.getShort(2 + level) < 0 || row.getShort(2 + level) >= codewords) {
                    throw UserException.data("The code table holds " + row.get(2 + level) + " in "
                            + CodeTable.column(level + 1) + " where codes are 0 to " + (codewords - 1)
                            + "; it is damaged, so delete it and run encode again.");
                }
                code[level] = row.getShort(2 + level);
            }
        }
    }

    /** Uniform codes from a hash of the id: the same rows get the same codes however they are partitioned. */
    private record RandomCodes(int levels, int codewords, long seed) implements CodeSource {
        private static final long serialVersionUID = 1L;
        private static final long FNV_OFFSET = 0xcbf29ce484222325L;
        private static final long FNV_PRIME = 0x100000001b3L;

        Row drawn(final Row row) {
            final short[] code = new short[levels];
            fill(row, code);
            final @Nullable Object[] values = new Object[2 + levels];
            values[0] = row.get(0);
            values[1] = row.get(1);
            for (int level = 0; level < levels; level++) {
                values[2 + level] = code[level];
            }
            return RowFactory.create(values);
        }

        @Override
        public boolean needsIds() {
            return true;
        }

        @Override
        public boolean needsCodes() {
            return false;
        }

        @Override
        public void fill(final Row row, final short[] code) {
            long hash = FNV_OFFSET ^ seed * FNV_PRIME;
            for (final byte b : row.getString(0).getBytes(StandardCharsets.UTF_8)) {
                hash = (hash ^ b) * FNV_PRIME;
            }
            final SplittableRandom random = new SplittableRandom(hash);
            for (int level = 0; level < levels; level++) {
                code[level] = (short) random.nextInt(codewords);
            }
        }
    }

    /** Turns a partition into one block. */
    private record Packing(int levels, int codewords, Ties ties, CodeSource codes, HashMap<String, Integer> selves)
            implements java.io.Serializable {
        private static final long serialVersionUID = 1L;

        Iterator<CodeBlock> call(final Iterator<Tuple2<Row, Long>> rows) {
            final CodeBlock.Builder block = new CodeBlock.Builder(levels, codewords, ties);
            final short[] code = new short[levels];
            while (rows.hasNext()) {
                final Tuple2<Row, Long> next = rows.next();
                codes.fill(next._1(), code);
                block.add(
                        code,
                        0,
                        Labels.of(next._1(), 1),
                        next._2(),
                        selves.getOrDefault(next._1().getString(0), -1));
            }
            return built(block);
        }

        /** The same of rows that end with how many they stand for. */
        Iterator<CodeBlock> counted(final Iterator<Row> rows) {
            final CodeBlock.Builder block = new CodeBlock.Builder(levels, codewords, ties);
            final short[] code = new short[levels];
            while (rows.hasNext()) {
                final Row row = rows.next();
                codes.fill(row, code);
                block.addAlike(code, Labels.of(row, 1), row.getLong(2 + levels));
            }
            return built(block);
        }

        private static Iterator<CodeBlock> built(final CodeBlock.Builder block) {
            return block.isEmpty()
                    ? List.<CodeBlock>of().iterator()
                    : List.of(block.build()).iterator();
        }
    }
}

package io.dpq.eval;

import io.dpq.codes.CodeTable;
import io.dpq.config.UserException;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ties;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Packs a code table into blocks on the executors; the driver never sees a row.
 *
 * @param levels L
 * @param codewords K
 * @param ties how equal scores rank
 * @param blockRows rows a block at the most, roughly
 */
record CodeBlocks(int levels, int codewords, Ties ties, int blockRows) {
    /** The table as it is. */
    JavaRDD<CodeBlock> of(final Dataset<Row> table, final long rows) {
        return packed(table, rows, new StoredCodes(levels, codewords));
    }

    /** The same rows with random codes, which depend on the seed and a row's id alone. */
    JavaRDD<CodeBlock> random(final Dataset<Row> table, final long rows, final long seed) {
        return packed(table, rows, new RandomCodes(levels, codewords, seed));
    }

    private JavaRDD<CodeBlock> packed(final Dataset<Row> table, final long rows, final CodeSource codes) {
        final int blocks = (int) Math.max(1, (rows + blockRows - 1) / blockRows);
        final Packing packing = new Packing(levels, codewords, ties, codes);
        final JavaRDD<CodeBlock> packed;
        if (ties == Ties.ID) {
            packed = table.select(columns(true, codes))
                    .orderBy("id")
                    .toJavaRDD()
                    .zipWithIndex()
                    .repartition(blocks)
                    .mapPartitions(packing::call);
        } else {
            packed = table.select(columns(codes.needsIds(), codes))
                    .repartition(blocks)
                    .toJavaRDD()
                    .map(row -> new Tuple2<>(row, 0L))
                    .mapPartitions(packing::call);
        }
        return packed.persist(StorageLevel.MEMORY_AND_DISK());
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
            final java.util.SplittableRandom random = new java.util.SplittableRandom(hash);
            for (int level = 0; level < levels; level++) {
                code[level] = (short) random.nextInt(codewords);
            }
        }
    }

    /** Turns a partition into one block. */
    private record Packing(int levels, int codewords, Ties ties, CodeSource codes) implements java.io.Serializable {
        private static final long serialVersionUID = 1L;

        Iterator<CodeBlock> call(final Iterator<Tuple2<Row, Long>> rows) {
            final CodeBlock.Builder block = new CodeBlock.Builder(levels, codewords, ties);
            final short[] code = new short[levels];
            while (rows.hasNext()) {
                final Tuple2<Row, Long> next = rows.next();
                codes.fill(next._1(), code);
                block.add(code, Labels.of(next._1(), 1), next._2());
            }
            return block.isEmpty()
                    ? List.<CodeBlock>of().iterator()
                    : List.of(block.build()).iterator();
        }
    }
}

package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.ranking.Ties;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Packs the embeddings of a code table into blocks on the executors; the driver never sees a row.
 *
 * @param dimensions D
 * @param ties how equal scores rank
 * @param blockRows rows a block at the most, roughly
 * @param selves index of every query by its id where a query's own row is to be left out; empty otherwise
 */
record EmbeddingBlocks(int dimensions, Ties ties, long blockRows, Map<String, Integer> selves) {
    /** A block is built in buffers that grow, so that three copies may be there at once. */
    private static final int SHARE_OF_HEAP = 8;

    private static final int BYTES_BESIDE_VECTOR = 40;

    /** Rows that a block may have in a task's heap, and no more than {@code blockRows}. */
    static long rowsPerBlock(final int dimensions, final int blockRows, final long taskHeap) {
        final long bytes = (long) dimensions * Float.BYTES + BYTES_BESIDE_VECTOR;
        return Math.max(1, Math.min(Math.min(blockRows, (1 << 30) / dimensions), taskHeap / SHARE_OF_HEAP / bytes));
    }

    /**
     * Packs.
     *
     * @param table rows {@code id, labels, embedding}
     * @param rows of it, to plan by
     */
    JavaRDD<EmbeddingBlock> of(final Dataset<Row> table, final long rows) {
        final Packing packing = new Packing(dimensions, ties, new HashMap<>(selves));
        return Rows.dealt(table, ties, (rows + blockRows - 1) / blockRows)
                .mapPartitions(packing::call)
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    /** The embedding in a row's column, checked. */
    static float[] embedding(final Row row, final int column, final int dimensions) {
        final List<Float> values = row.isNullAt(column) ? List.of() : row.getList(column);
        if (values.size() != dimensions) {
            throw UserException.data("The code table holds an embedding of " + values.size() + " values for "
                    + row.get(0) + " where the model makes " + dimensions
                    + "; it is damaged, so delete it and run encode again.");
        }
        final float[] vector = new float[dimensions];
        int d = 0;
        for (final float value : values) {
            if (!Float.isFinite(value)) {
                throw UserException.data("The code table holds an embedding with a value that is not finite for "
                        + row.get(0) + "; it is damaged, so delete it and run encode again.");
            }
            vector[d++] = value;
        }
        return vector;
    }

    /** Turns a partition into one block. */
    private record Packing(int dimensions, Ties ties, HashMap<String, Integer> selves) implements Serializable {
        private static final long serialVersionUID = 1L;

        Iterator<EmbeddingBlock> call(final Iterator<Tuple2<Row, Long>> rows) {
            final EmbeddingBlock.Builder block = new EmbeddingBlock.Builder(dimensions, ties);
            while (rows.hasNext()) {
                final Tuple2<Row, Long> next = rows.next();
                final Row row = next._1();
                block.add(
                        embedding(row, 2, dimensions),
                        Labels.of(row, 1),
                        next._2(),
                        selves.getOrDefault(row.getString(0), -1));
            }
            return block.isEmpty()
                    ? List.<EmbeddingBlock>of().iterator()
                    : List.of(block.build()).iterator();
        }
    }
}

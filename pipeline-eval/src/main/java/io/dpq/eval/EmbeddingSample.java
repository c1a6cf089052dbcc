package io.dpq.eval;

import io.dpq.codes.CodeSchema;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * A sample of a table's embeddings.
 *
 * @param vectors row by row
 * @param count of them
 * @param dimensions D
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
record EmbeddingSample(float[] vectors, int count, int dimensions) {
    /** Chosen by a hash of seed and id, so that partitions and order of the rows change nothing. */
    static EmbeddingSample of(final Dataset<Row> embeddings, final int dimensions, final Settings settings) {
        final Column id = functions.col(CodeSchema.ID);
        final List<Row> rows = embeddings
                .select(id, functions.col(CodeSchema.EMBEDDING))
                .orderBy(functions.xxhash64(id, functions.lit(settings.seed())), id)
                .limit(settings.baselineSample())
                .collectAsList();
        final float[] vectors = new float[Math.multiplyExact(rows.size(), dimensions)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(
                    EmbeddingBlocks.embedding(rows.get(i), 1, dimensions), 0, vectors, i * dimensions, dimensions);
        }
        return new EmbeddingSample(vectors, rows.size(), dimensions);
    }
}

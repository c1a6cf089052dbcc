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
    /** Drawn by {@link HashSample}. */
    static EmbeddingSample of(final Dataset<Row> embeddings, final int dimensions, final Settings settings) {
        final Column id = functions.col(CodeSchema.ID);
        final List<Row> rows = HashSample.of(
                        embeddings.select(id, functions.col(CodeSchema.EMBEDDING)),
                        id,
                        settings.seed(),
                        settings.baselineSample())
                .collectAsList();
        final float[] vectors = new float[Math.multiplyExact(rows.size(), dimensions)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(
                    EmbeddingBlocks.embedding(rows.get(i), 1, dimensions), 0, vectors, i * dimensions, dimensions);
        }
        return new EmbeddingSample(vectors, rows.size(), dimensions);
    }
}

package io.dpq.encode;

import io.dpq.codes.CodeSchema;
import io.dpq.network.SharedModel;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Turns a partition of stored images into staged rows, one an image. Runs on executors.
 *
 * @param model of the executor's JVM
 * @param batchSize images the network sees at once
 * @param levels L
 * @param keepEmbeddings whether staged rows hold the embedding as well
 * @param decoded counts images decoded
 * @param encoded counts images encoded
 * @param quarantined counts images refused
 */
record EncodeTask(
        ModelSource model,
        int batchSize,
        int levels,
        boolean keepEmbeddings,
        LongAccumulator decoded,
        LongAccumulator encoded,
        LongAccumulator quarantined)
        implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    /**
     * The staged rows of a lake's rows, lazily.
     *
     * @param images rows {@code id, labels, length, content, error}
     */
    Dataset<Row> rows(final Dataset<Row> images) {
        final Column content = functions.col("content");
        return images.select(
                        functions.col("id"),
                        functions.col("labels"),
                        functions.col("length"),
                        content,
                        functions.col("error"),
                        functions
                                .when(content.isNotNull(), functions.xxhash64(content))
                                .as("content_hash"))
                .mapPartitions(
                        this,
                        Encoders.row(
                                keepEmbeddings
                                        ? CodeSchema.stagedWithEmbeddings(levels)
                                        : CodeSchema.staged(levels)));
    }

    @Override
    public Iterator<Row> call(final Iterator<Row> rows) {
        if (!rows.hasNext()) {
            // An empty partition must not cost loading a model.
            return List.<Row>of().iterator();
        }
        final SharedModel shared = model.get();
        final EncodedRows encodedRows = new EncodedRows(rows, shared, batchSize, levels, this);
        final TaskContext task = TaskContext.get();
        if (task != null) {
            final TaskCompletionListener close = context -> encodedRows.close();
            task.addTaskCompletionListener(close);
        }
        return encodedRows;
    }
}

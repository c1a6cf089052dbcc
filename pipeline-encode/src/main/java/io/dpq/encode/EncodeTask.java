package io.dpq.encode;

import io.dpq.codes.CodeSchema.Extra;
import io.dpq.network.SharedModel;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Turns a partition of a lake's rows {@code id, labels, length, content, error, modified, listed} into staged rows, one an image. Runs on
 * executors.
 *
 * @param model of the executor's JVM
 * @param batchSize images the network sees at once
 * @param threads that decode
 * @param timeout after which the decoding of an image is given up
 * @param levels L
 * @param extras that staged rows hold as well
 * @param counters of what was done
 */
record EncodeTask(
        ModelSource model,
        int batchSize,
        int threads,
        Duration timeout,
        int levels,
        Set<Extra> extras,
        Counters counters)
        implements FlatMapFunction<Iterator<Row>, Row> {
    private static final long serialVersionUID = 1L;

    @Override
    public Iterator<Row> call(final Iterator<Row> rows) {
        if (!rows.hasNext()) {
            // An empty partition must not cost loading a model.
            return List.<Row>of().iterator();
        }
        final SharedModel shared = model.get();
        final EncodedRows encodedRows = new EncodedRows(rows, shared, this);
        final TaskContext task = TaskContext.get();
        if (task != null) {
            final TaskCompletionListener close = context -> encodedRows.close();
            task.addTaskCompletionListener(close);
        }
        return encodedRows;
    }
}

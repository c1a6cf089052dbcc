package io.dpq.eval;

import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import io.dpq.lake.Lake;
import io.dpq.lake.Partitions;
import io.dpq.model.ModelManifest;
import io.dpq.network.Embedders;
import io.dpq.network.Engine;
import io.dpq.network.SharedModel;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Decodes and embeds a lake of query images on the executors, exactly as encode does with the database by its default engine;
 * this job's archive leaves the training framework out.
 */
final class QueryEmbedding {
    private static final int TASKS_PER_CORE = 2;
    private static final long MOST_PARTITION_BYTES = 64 << 20;

    private QueryEmbedding() {}

    /**
     * The queries of a lake.
     *
     * @param queries embedded, in the order of their ids
     * @param undecodable images that could not be decoded and so ask nothing
     */
    record Result(List<Query> queries, long undecodable) {}

    /**
     * Embeds all of a lake; its embeddings are collected, 4·D bytes a query.
     *
     * @param lake of query images
     * @param settings which model and batch size
     * @param model that the driver verified
     */
    static Result embed(final SparkContext spark, final Lake lake, final Settings settings, final ModelManifest model) {
        final Dataset<Row> listing = lake.listing();
        final Task task = new Task(
                settings.modelPath(),
                model.modelId(),
                settings.threads(),
                settings.batchSize(),
                new SerializableConfiguration(spark.hadoopConfiguration()));
        final List<Outcome> outcomes = lake.read(
                        listing,
                        Partitions.even(TASKS_PER_CORE * spark.defaultParallelism(), MOST_PARTITION_BYTES),
                        model.image().maxBytes())
                .select("id", "labels", "content", "length", "error")
                .toJavaRDD()
                .mapPartitions(task::call)
                .collect();
        final List<Query> queries = new ArrayList<>();
        long rejected = 0;
        for (final Outcome outcome : outcomes) {
            Collections.addAll(queries, outcome.queries);
            rejected += outcome.undecodable;
        }
        queries.sort(Comparator.comparing(Query::id));
        return new Result(List.copyOf(queries), rejected);
    }

    /** What a partition yields. No record, because Spark's Kryo cannot write one. */
    private static final class Outcome implements Serializable {
        private static final long serialVersionUID = 1L;

        private final Query[] queries;
        private final long undecodable;

        Outcome(final List<Query> queries, final long undecodable) {
            this.queries = queries.toArray(new Query[0]);
            this.undecodable = undecodable;
        }
    }

    /** An image whose tensor is in the batch; its bytes are not kept. */
    private record Waiting(String id, List<String> labels) {}

    /** Embeds a partition of rows {@code id, labels, content}. */
    private record Task(String modelPath, String modelId, int threads, int batchSize, SerializableConfiguration hadoop)
            implements Serializable {
        private static final long serialVersionUID = 1L;

        Iterator<Outcome> call(final Iterator<Row> rows) {
            if (!rows.hasNext()) {
                // An empty partition must not cost loading a model.
                return List.<Outcome>of().iterator();
            }
            final SharedModel model = Embedders.model(modelPath, modelId, Engine.ONNX, threads, hadoop.value());
            final InputReader reader = model.reader();
            final int length = reader.length();
            final float[] batch = new float[Math.multiplyExact(batchSize, length)];
            final List<Waiting> waiting = new ArrayList<>(batchSize);
            final List<Query> queries = new ArrayList<>();
            long undecodable = 0;
            while (rows.hasNext()) {
                final Row row = rows.next();
                if (decode(model, reader, row, batch, waiting.size() * length)) {
                    waiting.add(new Waiting(row.getString(0), Labels.of(row, 1)));
                } else {
                    undecodable++;
                }
                if (waiting.size() == batchSize) {
                    flush(model, batch, waiting, queries);
                }
            }
            flush(model, batch, waiting, queries);
            return List.of(new Outcome(queries, undecodable)).iterator();
        }

        private static boolean decode(
                final SharedModel model,
                final InputReader reader,
                final Row row,
                final float[] batch,
                final int offset) {
            if (row.isNullAt(2)) {
                if (ImageRejectedException.Reason.ofMissingContent(
                                row.getLong(3), model.image().maxBytes())
                        == ImageRejectedException.Reason.UNREADABLE) {
                    // Figures over the queries that happened to be readable would pass for those over all.
                    throw UserException.data("The query " + row.getString(0) + " cannot be read (" + row.getString(4)
                            + "); mend or remove it, or run evaluate again if the storage had failed.");
                }
                return false;
            }
            try {
                reader.read(row.getAs(2), batch, offset);
                return true;
            } catch (ImageRejectedException | RuntimeException e) {
                // Codecs are other people's code and meet hostile bytes: whatever one throws condemns its image alone.
                return false;
            }
        }

        /** Embeds what waits in a full batch, as encode does: kernels may sum in another order for other sizes. */
        private void flush(
                final SharedModel model, final float[] batch, final List<Waiting> waiting, final List<Query> queries) {
            if (waiting.isEmpty()) {
                return;
            }
            Arrays.fill(batch, waiting.size() * (batch.length / batchSize), batch.length, 0);
            final float[] embeddings = model.embedder().embed(batch, batchSize);
            final int dimensions = embeddings.length / batchSize;
            for (int i = 0; i < waiting.size(); i++) {
                final Waiting image = waiting.get(i);
                final float[] embedding = Arrays.copyOfRange(embeddings, i * dimensions, (i + 1) * dimensions);
                requireFinite(embedding, image.id());
                queries.add(new Query(image.id(), image.labels(), embedding));
            }
            waiting.clear();
        }

        private static void requireFinite(final float[] embedding, final String id) {
            for (final float value : embedding) {
                if (!Float.isFinite(value)) {
                    throw new IllegalStateException(
                            "The model yields a value that is not finite for the query " + id + ".");
                }
            }
        }
    }
}

package io.dpq.eval;

import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.UserException;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.VectorContent;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.model.ModelManifest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/** Queries that are embeddings already; they are collected, 4·D bytes a query. Stateless. */
final class EmbeddedQueries {
    private static final long PARTITION_BYTES = 64 << 20;

    private EmbeddedQueries() {}

    /** Those of a lake of vectors. */
    static QueryEmbedding.Result ofLake(
            final SparkSession spark, final LakeSettings settings, final ModelManifest model) {
        if (!settings.holdsVectors()) {
            throw UserException.usage("Embeddings to ask with are vectors, but " + settings.section()
                    + ".kind is not; set it to vectors, or evaluate.query-source to lake.");
        }
        final Lake lake = Lake.open(spark, settings);
        final List<Query> queries = new ArrayList<>();
        for (final Row row : lake.read(lake.listing(), Partitions.of(PARTITION_BYTES), Integer.MAX_VALUE)
                .select("id", "labels", "content", "error")
                .collectAsList()) {
            queries.add(new Query(row.getString(0), Labels.of(row, 1), vector(row, settings.path(), model)));
        }
        return result(queries);
    }

    private static float[] vector(final Row row, final String path, final ModelManifest model) {
        if (row.isNullAt(2)) {
            throw UserException.data("The query " + row.getString(0) + " of " + path + " cannot be read ("
                    + row.getString(3) + "); mend or remove it.");
        }
        final float[] vector = new float[model.dimensions()];
        try {
            VectorContent.read(row.getAs(2), vector, 0, vector.length);
        } catch (ImageRejectedException e) {
            // A vector of another length belongs to another model, and so do the others.
            throw UserException.data(
                    "The query " + row.getString(0) + " of " + path + " is no embedding of the model (" + e.getMessage()
                            + "); correct evaluate.queries.path or model.path.",
                    e);
        }
        return vector;
    }

    /** Rows of a code table: those that a list names, or else some drawn by a hash of seed and id. */
    static QueryEmbedding.Result ofTable(final SparkSession spark, final Settings settings, final ModelManifest model) {
        final LakeSettings source = settings.queries();
        final CodeTable table =
                new CodeTable(source.path(), spark.sparkContext().hadoopConfiguration());
        final List<RunManifest> runs = table.runs();
        if (!table.hasEmbeddings(runs)) {
            throw UserException.data("The code table at " + source.path()
                    + " has no embeddings to ask with; encode with encode.columns.embedding=true, or set"
                    + " evaluate.query-source=lake.");
        }
        Dataset<Row> rows = Lake.listed(spark, table.readEmbeddings(spark, model.modelId(), runs), source)
                .select(CodeSchema.ID, CodeSchema.LABELS, CodeSchema.EMBEDDING);
        if (source.list().isEmpty()) {
            rows = HashSample.of(rows, functions.col(CodeSchema.ID), settings.seed(), settings.queryRows());
        }
        final List<Query> queries = new ArrayList<>();
        for (final Row row : rows.collectAsList()) {
            queries.add(new Query(
                    row.getString(0), Labels.of(row, 1), EmbeddingBlocks.embedding(row, 2, model.dimensions())));
        }
        return result(queries);
    }

    private static QueryEmbedding.Result result(final List<Query> queries) {
        queries.sort(Comparator.comparing(Query::id));
        return new QueryEmbedding.Result(List.copyOf(queries), 0);
    }
}

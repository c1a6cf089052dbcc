package io.dpq.eval;

import io.dpq.codes.CodeTable;
import io.dpq.config.UserException;
import io.dpq.model.ModelDirectory;
import io.dpq.quantizer.Codebooks;
import java.io.Serializable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.jspecify.annotations.Nullable;
import scala.collection.Seq;

/**
 * Codes in Spark SQL, for tables that {@link CodeTable} or any Parquet reader opened. A code is an array of its first levels,
 * such as {@code array(level_1, level_2)}; a query is an array of D numbers.
 *
 * <ul>
 *   <li>{@code dpq_decode(code)}: ARRAY&lt;FLOAT&gt;, the sum of the chosen codewords, H_l
 *   <li>{@code dpq_score(query, code)}: DOUBLE, ⟨q, H_l⟩, the score that evaluation ranks by to the last bit; larger is nearer
 *   <li>{@code dpq_distance(query, code)}: DOUBLE, ‖q − H_l‖²; smaller is nearer
 * </ul>
 *
 * <p>Each is null where an argument is. A code that is longer than the model's, or holds a number that no codeword has, ends
 * the query with a {@link UserException}. Stateless.
 */
public final class DpqFunctions {
    private DpqFunctions() {}

    /**
     * Registers the functions in a session, where they replace those of another model.
     *
     * @param modelDirectory any Hadoop path
     * @throws UserException where there is no such model or its files are not as they were published
     */
    public static void register(final SparkSession spark, final String modelDirectory) {
        final Codebooks codebooks = ModelDirectory.attach(
                        modelDirectory, spark.sparkContext().hadoopConfiguration())
                .codebooks();
        final Arithmetic arithmetic = new Arithmetic(
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(codebooks));
        final UDF1<Seq<Number>, float[]> decode = arithmetic::decode;
        final UDF2<Seq<Number>, Seq<Number>, Double> score = arithmetic::score;
        final UDF2<Seq<Number>, Seq<Number>, Double> distance = arithmetic::distance;
        spark.udf().register("dpq_decode", decode, DataTypes.createArrayType(DataTypes.FloatType, false));
        spark.udf().register("dpq_score", score, DataTypes.DoubleType);
        spark.udf().register("dpq_distance", distance, DataTypes.DoubleType);
    }

    /** What the functions compute. */
    private record Arithmetic(Broadcast<Codebooks> codebooks) implements Serializable {
        private static final long serialVersionUID = 1L;

        float @Nullable [] decode(final @Nullable Seq<Number> code) {
            if (code == null) {
                return null;
            }
            final float[] sum = new float[codebooks.value().dimensions()];
            for (int level = 0; level < code.size(); level++) {
                final int codeword = codeword(code, level);
                for (int d = 0; d < sum.length; d++) {
                    sum[d] += codebooks.value().value(level, codeword, d);
                }
            }
            return sum;
        }

        @Nullable
        Double score(final @Nullable Seq<Number> query, final @Nullable Seq<Number> code) {
            if (query == null || code == null) {
                return null;
            }
            final float[] vector = vector(query);
            double score = 0;
            for (int level = 0; level < code.size(); level++) {
                final int codeword = codeword(code, level);
                double inner = 0;
                for (int d = 0; d < vector.length; d++) {
                    inner += (double) vector[d] * codebooks.value().value(level, codeword, d);
                }
                // The canonical arithmetic of LookupTables: an entry is rounded once, entries are summed in double.
                score += (float) inner;
            }
            return score;
        }

        @Nullable
        Double distance(final @Nullable Seq<Number> query, final @Nullable Seq<Number> code) {
            final float[] decoded = decode(code);
            if (query == null || decoded == null) {
                return null;
            }
            final float[] vector = vector(query);
            double distance = 0;
            for (int d = 0; d < vector.length; d++) {
                final double difference = (double) vector[d] - decoded[d];
                distance += difference * difference;
            }
            return distance;
        }

        private int codeword(final Seq<Number> code, final int level) {
            final Codebooks books = codebooks.value();
            final Number codeword = code.apply(level);
            if (level >= books.levels()
                    || codeword == null
                    || codeword.longValue() < 0
                    || codeword.longValue() >= books.codewords()) {
                throw UserException.data(
                        "The code " + code.mkString("[", ", ", "]") + " is none of the model's, which has "
                                + books.levels() + " levels of codewords 0 to " + (books.codewords() - 1)
                                + "; pass array(level_1, …) of a table that it encoded.");
            }
            return codeword.intValue();
        }

        private float[] vector(final Seq<Number> query) {
            final float[] vector = new float[codebooks.value().dimensions()];
            if (query.size() != vector.length) {
                throw UserException.data("The query has " + query.size() + " values where the model's embeddings have "
                        + vector.length + "; pass an embedding of the same model.");
            }
            for (int d = 0; d < vector.length; d++) {
                vector[d] = query.apply(d).floatValue();
            }
            return vector;
        }
    }
}

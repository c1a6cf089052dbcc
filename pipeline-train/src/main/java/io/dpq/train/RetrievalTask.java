package io.dpq.train;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.LookupTables;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.AveragePrecision;
import io.dpq.ranking.CodeBlock;
import io.dpq.ranking.Ranking;
import io.dpq.ranking.ScoreOrder;
import io.dpq.ranking.Ties;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The average precision of queries against a database that every task holds whole. A class, not a record, because the Kryo that
 * Spark ships cannot write records. Immutable and thread-safe.
 */
final class RetrievalTask implements Serializable {
    private static final long serialVersionUID = 1L;

    private final float[] database;
    private final int[][] databaseLabels;
    private final float[] queries;
    private final int[][] queryLabels;
    private final int dimensions;
    private final @Nullable Codebooks codebooks;
    private final @Nullable CodeBlock codes;

    /**
     * Encodes the database.
     *
     * @param codebooks the items' quantizer, or null to rank by embeddings alone
     */
    RetrievalTask(final LabelledVectors database, final LabelledVectors queries, final @Nullable Codebooks codebooks) {
        this.database = database.vectors();
        this.databaseLabels = database.labels();
        this.queries = queries.vectors();
        this.queryLabels = queries.labels();
        this.dimensions = database.dimensions();
        this.codebooks = codebooks;
        this.codes = codebooks == null ? null : encode(database, codebooks);
    }

    private static CodeBlock encode(final LabelledVectors database, final Codebooks codebooks) {
        final int levels = codebooks.levels();
        final short[] codes = new short[database.count() * levels];
        new ResidualEncoder(codebooks).encode(database.vectors(), database.count(), codes);
        final CodeBlock.Builder block = new CodeBlock.Builder(levels, codebooks.codewords(), Ties.EXPECTED);
        for (int row = 0; row < database.count(); row++) {
            block.add(Arrays.copyOfRange(codes, row * levels, (row + 1) * levels), names(database.labels()[row]), 0);
        }
        return block.build();
    }

    /** The packed codes compare labels as texts; which texts is of no matter. */
    private static List<String> names(final int[] labels) {
        return Arrays.stream(labels).mapToObj(Integer::toString).collect(Collectors.toList());
    }

    /** Queries. */
    int queries() {
        return queryLabels.length;
    }

    /** AP of one query by embeddings, and by 1…L levels where there are codes. */
    double[] precisions(final int query) {
        final float[] vector = Arrays.copyOfRange(queries, query * dimensions, (query + 1) * dimensions);
        final double byEmbedding = AveragePrecision.of(ranking(vector, queryLabels[query]), databaseLabels.length);
        if (codebooks == null || codes == null) {
            return new double[] {byEmbedding};
        }
        final Ranking[] rankings =
                codes.rank(new LookupTables(codebooks, vector), names(queryLabels[query]), databaseLabels.length);
        final double[] precisions = new double[1 + rankings.length];
        precisions[0] = byEmbedding;
        for (int level = 0; level < rankings.length; level++) {
            precisions[1 + level] = AveragePrecision.of(rankings[level], databaseLabels.length);
        }
        return precisions;
    }

    private Ranking ranking(final float[] query, final int[] labels) {
        final double[] scores = new double[databaseLabels.length];
        for (int row = 0; row < scores.length; row++) {
            double sum = 0;
            for (int d = 0; d < dimensions; d++) {
                sum += (double) query[d] * database[row * dimensions + d];
            }
            scores[row] = sum;
        }
        final Ranking.Builder ranking = new Ranking.Builder(scores.length);
        for (final int row : ScoreOrder.falling(scores, scores.length)) {
            ranking.add(scores[row], 0, 1, share(labels, databaseLabels[row]) ? 1 : 0);
        }
        return ranking.build();
    }

    private static boolean share(final int[] some, final int[] others) {
        for (final int label : some) {
            if (Arrays.binarySearch(others, label) >= 0) {
                return true;
            }
        }
        return false;
    }
}

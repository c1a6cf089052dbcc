package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.ranking.Score;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A quantizer learnt for comparison. All are additive, so the model's own encoder and ranking serve them: the codewords of a
 * sub-quantizer are zero outside its subspace (rotated back, where there is a rotation), and subspaces being orthogonal, greedy
 * residual encoding picks in each the nearest. A binary code is one whose codewords are the corners of a cube, and the inner
 * product of two codes then falls with their Hamming distance. No record, because Spark's Kryo cannot write one. Immutable and
 * thread-safe.
 */
final class Baseline implements Serializable {
    private static final long serialVersionUID = 1L;

    private final BaselineKind kind;
    private final int firstLevel;
    private final Codebooks codebooks;
    private final Projection projection;
    /** Relative error of the first l levels at index l; empty for binary codes. */
    private final double[] errors;

    private transient volatile @Nullable ResidualEncoder encoder;

    /**
     * A quantizer.
     *
     * @param firstLevel the shortest code that it is meant for, counted from 1; longer ones up to its last level follow
     * @param projection of embeddings into the codebooks' space
     * @param errors relative quantization error of the first l levels at index l; empty for binary codes
     */
    Baseline(
            final BaselineKind kind,
            final int firstLevel,
            final Codebooks codebooks,
            final Projection projection,
            final double[] errors) {
        this.kind = kind;
        this.firstLevel = firstLevel;
        this.codebooks = codebooks;
        this.projection = projection;
        this.errors = errors;
    }

    BaselineKind kind() {
        return kind;
    }

    int firstLevel() {
        return firstLevel;
    }

    Codebooks codebooks() {
        return codebooks;
    }

    /** Whether codes rank by Hamming distance, the query being quantized as well. */
    boolean isBinary() {
        return kind == BaselineKind.ITQ;
    }

    /** Relative quantization error of a level, counted from 1; null for binary codes. */
    @Nullable
    Double relativeError(final int level) {
        return isBinary() ? null : (Double) errors[level];
    }

    /** The codes of {@code count} embeddings, row by row. */
    short[] encode(final float[] vectors, final int count) {
        final short[] codes = new short[Math.multiplyExact(count, codebooks.levels())];
        encoder().encode(projection.of(vectors, count), count, codes);
        return codes;
    }

    private ResidualEncoder encoder() {
        ResidualEncoder made = encoder;
        if (made == null) {
            made = new ResidualEncoder(codebooks);
            encoder = made;
        }
        return made;
    }

    /** The queries in the codebooks' space. */
    List<Query> embedded(final List<Query> queries) {
        final List<Query> embedded = new ArrayList<>(queries.size());
        for (final Query query : queries) {
            embedded.add(new Query(query.id(), query.labels(), projection.of(query.embedding(), 1)));
        }
        return embedded;
    }

    /** How {@link #embedded} queries rank codes. */
    CodeSearch search(final List<Query> queries, final Score score) {
        if (!isBinary()) {
            return CodeSearch.asymmetric(codebooks, score, firstLevel);
        }
        final short[] codes = new short[queries.size() * codebooks.levels()];
        for (int i = 0; i < queries.size(); i++) {
            System.arraycopy(
                    encode(queries.get(i).embedding(), 1), 0, codes, i * codebooks.levels(), codebooks.levels());
        }
        return CodeSearch.symmetric(codebooks, Score.INNER_PRODUCT, firstLevel, codes);
    }
}

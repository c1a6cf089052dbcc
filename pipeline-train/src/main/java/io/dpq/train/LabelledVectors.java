package io.dpq.train;

import io.dpq.train.data.RowIndex;
import java.util.Arrays;

/**
 * Embeddings with the labels of their images.
 *
 * @param vectors row by row
 * @param labels class indices of each row
 */
@SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
record LabelledVectors(float[] vectors, int[][] labels) {
    static LabelledVectors of(final EmbeddingSample sample, final RowIndex index) {
        return new LabelledVectors(
                sample.vectors(),
                Arrays.stream(sample.keys()).mapToObj(index::labels).toArray(int[][]::new));
    }

    int count() {
        return labels.length;
    }

    int dimensions() {
        return vectors.length / labels.length;
    }
}

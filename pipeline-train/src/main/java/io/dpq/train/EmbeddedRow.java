package io.dpq.train;

import java.io.Serializable;

/** An image as the network sees it. A class for the reason given at {@link TrainRow}. */
final class EmbeddedRow implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long key;
    private final float[] embedding;
    private final boolean right;

    /**
     * One image.
     *
     * @param key of its row
     * @param embedding D values
     * @param right whether the likeliest class is one of its labels
     */
    EmbeddedRow(final long key, final float[] embedding, final boolean right) {
        this.key = key;
        this.embedding = embedding;
        this.right = right;
    }

    long key() {
        return key;
    }

    float[] embedding() {
        return embedding;
    }

    boolean right() {
        return right;
    }
}

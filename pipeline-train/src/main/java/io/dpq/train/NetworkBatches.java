package io.dpq.train;

import io.dpq.network.DpqNetwork;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Batches for the DPQ graph. */
final class NetworkBatches implements BatchMaker {
    private static final long serialVersionUID = 1L;

    private final int classes;
    private final int side;

    NetworkBatches(final int classes, final int side) {
        this.classes = classes;
        this.side = side;
    }

    @Override
    public MultiDataSet make(final float[] images, final int[][] labels) {
        return DpqNetwork.batch(images, labels, classes, side);
    }
}

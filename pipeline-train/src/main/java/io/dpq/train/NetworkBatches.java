package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Batches for the DPQ graph. */
final class NetworkBatches implements BatchMaker {
    private static final long serialVersionUID = 1L;

    private final int classes;
    private final boolean vectors;
    private final int size;
    private final int outputs;

    NetworkBatches(final NetworkSpec spec) {
        this.classes = spec.classes();
        this.vectors = spec.input().vectors();
        this.size = spec.input().size();
        this.outputs = DpqNetwork.outputs(spec);
    }

    @Override
    public MultiDataSet make(final float[] values, final int[][] labels) {
        return DpqNetwork.batch(values, labels, classes, new NetworkSpec.Input(vectors, size), outputs);
    }
}

package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import io.dpq.train.data.BatchMaker;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Batches for the DPQ graph. */
final class NetworkBatches implements BatchMaker {
    private static final long serialVersionUID = 1L;

    private final int classes;
    private final int outputs;
    private final long[] shape;

    /** For the whole network of a spec. */
    NetworkBatches(final NetworkSpec spec) {
        this(spec, withoutCount(spec.input().shape(1)));
    }

    /**
     * For the rest of a network, which takes what its frozen part yields.
     *
     * @param spec of the whole network
     * @param shape of one input
     */
    NetworkBatches(final NetworkSpec spec, final long[] shape) {
        this.classes = spec.classes();
        this.outputs = DpqNetwork.outputs(spec);
        this.shape = shape.clone();
    }

    private static long[] withoutCount(final long[] shape) {
        return Arrays.copyOfRange(shape, 1, shape.length);
    }

    @Override
    public MultiDataSet make(final float[] values, final int[][] labels) {
        final long[] whole = LongStream.concat(LongStream.of(labels.length), LongStream.of(shape))
                .toArray();
        return DpqNetwork.batch(values, labels, classes, whole, outputs);
    }
}

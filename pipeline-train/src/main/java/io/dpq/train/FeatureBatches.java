package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkSpec;
import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Batches of features for the part of a network that learns from them. */
final class FeatureBatches implements BatchMaker {
    private static final long serialVersionUID = 1L;

    private final int classes;
    private final int outputs;
    private final long[] shape;

    /**
     * For one network.
     *
     * @param spec of the whole network
     * @param shape of the features of one image, [F] or [C, H, W]
     */
    FeatureBatches(final NetworkSpec spec, final long[] shape) {
        this.classes = spec.classes();
        this.outputs = DpqNetwork.outputs(spec);
        this.shape = shape.clone();
    }

    @Override
    public MultiDataSet make(final float[] features, final int[][] labels) {
        final int length = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
        final MultiDataSet batch =
                DpqNetwork.batch(features, labels, classes, NetworkSpec.Input.vectors(length), outputs);
        final long[] whole = new long[shape.length + 1];
        whole[0] = labels.length;
        System.arraycopy(shape, 0, whole, 1, shape.length);
        batch.setFeatures(new INDArray[] {batch.getFeatures(0).reshape('c', whole)});
        return batch;
    }
}

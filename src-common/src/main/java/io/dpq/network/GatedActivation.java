package io.dpq.network;

import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.ScalarMin;
import org.nd4j.linalg.factory.Nd4j;

/**
 * x σ(a x): swish where a is 1, GELU by the sigmoid where it is 1.702 (Hendrycks and Gimpel, arXiv 1606.08415, section 2). It
 * computes what Deeplearning4j's own does but has a slope everywhere: that one squares e^ax, so that the slope of an outlier, which
 * normalisation lets through, is no number from a x = 44 on. Deeplearning4j writes it as JSON inside network.zip, hence the setter
 * and the constructor without arguments.
 */
final class GatedActivation extends BaseActivationFunction {
    static final double SWISH = 1;
    static final double GELU = 1.702;

    private static final long serialVersionUID = 1;

    /** From this a x on the slope is 1 but for 10⁻¹³. */
    private static final double STRAIGHT = 34;

    private double steepness;

    /** For deserialization only. */
    GatedActivation() {}

    GatedActivation(final double steepness) {
        this.steepness = steepness;
    }

    /** a, which is {@link #SWISH} or {@link #GELU}. */
    public double getSteepness() {
        return steepness;
    }

    /** For deserialization only. */
    public void setSteepness(final double steepness) {
        this.steepness = steepness;
    }

    private IActivation unbounded() {
        return steepness == SWISH ? new ActivationSwish() : new ActivationGELU();
    }

    @Override
    public INDArray getActivation(final INDArray in, final boolean training) {
        return unbounded().getActivation(in, training);
    }

    @Override
    public Pair<INDArray, INDArray> backprop(final INDArray in, final INDArray epsilon) {
        // In place, as the library's own activations do: a layer hands over a copy.
        Nd4j.getExecutioner().exec(new ScalarMin(in, null, in, STRAIGHT / steepness));
        return unbounded().backprop(in, epsilon);
    }

    @Override
    public String toString() {
        return steepness == SWISH ? "swish" : "gelu";
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof GatedActivation that && steepness == that.steepness;
    }

    @Override
    public int hashCode() {
        return Double.hashCode(steepness);
    }
}

package io.dpq.network;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Directions of row vectors, with a zero vector having none rather than NaN. */
final class Vectors {
    private static final double NO_LENGTH = 1e-12;

    private Vectors() {}

    /** 1/‖row‖ of every row, 0 where the row has no length. */
    static double[] inverseNorms(final INDArray rows) {
        final double[] inverse = rows.norm2(1).toDoubleVector();
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = inverse[i] > NO_LENGTH ? 1 / inverse[i] : 0;
        }
        return inverse;
    }

    /** The rows scaled to length one, or zero. */
    static INDArray unit(final INDArray rows, final double[] inverseNorms) {
        return rows.mulColumnVector(column(rows, inverseNorms));
    }

    /** Carries a gradient of unit rows back to the rows: (g − u⟨u, g⟩)/‖row‖. Overwrites {@code gradient}. */
    static INDArray throughUnit(final INDArray gradient, final INDArray unit, final double[] inverseNorms) {
        final INDArray along = unit.mul(gradient).sum(true, 1);
        return gradient.subi(unit.mulColumnVector(along)).muliColumnVector(column(gradient, inverseNorms));
    }

    private static INDArray column(final INDArray like, final double[] values) {
        return Nd4j.createFromArray(values).castTo(like.dataType()).reshape(values.length, 1);
    }
}

package io.dpq.network;

import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Configuration of batch normalisation of images (arXiv 1502.03167), with the rectifier behind it where asked for. It has the
 * parameters of Deeplearning4j's own layer and computes what that one does, but trains faster; see {@link
 * PlaneNormalizationLayer}. Deeplearning4j writes it as JSON inside network.zip, hence the setter and the constructor without
 * arguments.
 */
final class PlaneNormalization extends BatchNormalization {
    private static final long serialVersionUID = 2L;

    private boolean rectified;

    /** For deserialization only. */
    PlaneNormalization() {}

    PlaneNormalization(final boolean rectified) {
        this.rectified = rectified;
    }

    /** Whether max(0, y) follows. */
    public boolean isRectified() {
        return rectified;
    }

    /** For deserialization only. */
    public void setRectified(final boolean rectified) {
        this.rectified = rectified;
    }

    @Override
    public Layer instantiate(
            final NeuralNetConfiguration conf,
            final Collection<TrainingListener> trainingListeners,
            final int layerIndex,
            final INDArray layerParamsView,
            final boolean initializeParams,
            final DataType networkDataType) {
        final PlaneNormalizationLayer layer = new PlaneNormalizationLayer(conf, networkDataType);
        layer.setListeners(trainingListeners);
        layer.setIndex(layerIndex);
        layer.setParamsViewArray(layerParamsView);
        final Map<String, INDArray> parameters = initializer().init(conf, layerParamsView, initializeParams);
        layer.setParamTable(parameters);
        layer.setConf(conf);
        return layer;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof PlaneNormalization that && super.equals(other) && rectified == that.rectified;
    }

    @Override
    protected boolean canEqual(final Object other) {
        return other instanceof PlaneNormalization;
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), rectified);
    }
}

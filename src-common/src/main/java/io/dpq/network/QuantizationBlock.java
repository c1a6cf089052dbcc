package io.dpq.network;

import io.dpq.quantizer.Similarity;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.weights.WeightInitDistribution;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Configuration of one quantization level (arXiv 1906.06698). The first block takes the embedding [N, D], every later one the
 * state [N, 3D] of the block before; each yields a state {@code [r | H | S]}: what is left over, and the hard and the soft
 * prefix sum. Deeplearning4j writes it as JSON inside network.zip, hence the setters and the constructor without arguments.
 */
public final class QuantizationBlock extends FeedForwardLayer {
    private static final long serialVersionUID = 1L;
    /** Start of random codewords: small against embeddings in −1…1, and apart from one another. */
    private static final double START_DEVIATION = 0.1;

    private int dimensions;
    private int codewords;
    private Similarity similarity = Similarity.L2;
    private double gamma = 1;
    private boolean first;
    private boolean endToEnd = true;

    /** For deserialization only. */
    public QuantizationBlock() {}

    QuantizationBlock(final NetworkSpec spec, final boolean first, final IUpdater updater) {
        this.dimensions = spec.embedding().dimensions();
        this.codewords = spec.quantization().codewords();
        this.similarity = spec.quantization().similarity();
        this.gamma = spec.quantization().gamma();
        this.first = first;
        this.endToEnd = spec.quantization().gradient() == NetworkSpec.GradientMode.END_TO_END;
        setNIn(first ? dimensions : 3L * dimensions);
        setNOut(3L * dimensions);
        setActivationFn(Activation.IDENTITY.getActivationFunction());
        setWeightInitFn(new WeightInitDistribution(new NormalDistribution(0, START_DEVIATION)));
        setIUpdater(updater);
        setBiasUpdater(updater);
    }

    @Override
    public Layer instantiate(
            final NeuralNetConfiguration conf,
            final Collection<TrainingListener> trainingListeners,
            final int layerIndex,
            final INDArray layerParamsView,
            final boolean initializeParams,
            final DataType networkDataType) {
        final QuantizationLayer layer = new QuantizationLayer(conf, networkDataType);
        layer.setListeners(trainingListeners);
        layer.setIndex(layerIndex);
        layer.setParamsViewArray(layerParamsView);
        final Map<String, INDArray> parameters = initializer().init(conf, layerParamsView, initializeParams);
        layer.setParamTable(parameters);
        layer.setConf(conf);
        return layer;
    }

    @Override
    public ParamInitializer initializer() {
        return CodebookParamInitializer.INSTANCE;
    }

    @Override
    public LayerMemoryReport getMemoryReport(final InputType inputType) {
        final long parameters = initializer().numParams(this);
        return new LayerMemoryReport.Builder(
                        getLayerName(), QuantizationBlock.class, inputType, getOutputType(-1, inputType))
                .standardMemory(parameters, getIUpdater().stateSize(parameters))
                .workingMemory(0, 2L * (codewords + dimensions), 0, 4L * (codewords + dimensions))
                .build();
    }

    /** D. */
    public int getDimensions() {
        return dimensions;
    }

    /** For deserialization only. */
    public void setDimensions(final int dimensions) {
        this.dimensions = dimensions;
    }

    /** K. */
    public int getCodewords() {
        return codewords;
    }

    /** For deserialization only. */
    public void setCodewords(final int codewords) {
        this.codewords = codewords;
    }

    /** Score of the assignment. */
    public Similarity getSimilarity() {
        return similarity;
    }

    /** For deserialization only. */
    public void setSimilarity(final Similarity similarity) {
        this.similarity = similarity;
    }

    /** Sharpness of the soft assignment. */
    public double getGamma() {
        return gamma;
    }

    /** For deserialization only. */
    public void setGamma(final double gamma) {
        this.gamma = gamma;
    }

    /** Whether the input is the embedding itself. */
    public boolean isFirst() {
        return first;
    }

    /** For deserialization only. */
    public void setFirst(final boolean first) {
        this.first = first;
    }

    /** Whether gradients go through to the embedding. */
    public boolean isEndToEnd() {
        return endToEnd;
    }

    /** For deserialization only. */
    public void setEndToEnd(final boolean endToEnd) {
        this.endToEnd = endToEnd;
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof QuantizationBlock that
                && super.equals(other)
                && dimensions == that.dimensions
                && codewords == that.codewords
                && similarity == that.similarity
                && gamma == that.gamma
                && first == that.first
                && endToEnd == that.endToEnd;
    }

    @Override
    protected boolean canEqual(final Object other) {
        return other instanceof QuantizationBlock;
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), dimensions, codewords, similarity, gamma, first, endToEnd);
    }
}

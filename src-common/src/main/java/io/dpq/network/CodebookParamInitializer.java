package io.dpq.network;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Lays the one parameter of a quantization block, its codebook [K, D], over Deeplearning4j's flat array. */
final class CodebookParamInitializer implements ParamInitializer {
    static final CodebookParamInitializer INSTANCE = new CodebookParamInitializer();
    static final String CODEBOOK = "C";

    private CodebookParamInitializer() {}

    @Override
    public long numParams(final NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(final Layer layer) {
        final QuantizationBlock block = (QuantizationBlock) layer;
        return (long) block.getCodewords() * block.getDimensions();
    }

    @Override
    public List<String> paramKeys(final Layer layer) {
        return List.of(CODEBOOK);
    }

    @Override
    public List<String> weightKeys(final Layer layer) {
        return List.of();
    }

    @Override
    public List<String> biasKeys(final Layer layer) {
        return List.of();
    }

    /** Neither weight nor bias, so that no weight decay reaches a codebook. */
    @Override
    public boolean isWeightParam(final Layer layer, final String key) {
        return false;
    }

    @Override
    public boolean isBiasParam(final Layer layer, final String key) {
        return false;
    }

    @Override
    public Map<String, INDArray> init(
            final NeuralNetConfiguration conf, final INDArray paramsView, final boolean initializeParams) {
        final QuantizationBlock block = (QuantizationBlock) conf.getLayer();
        final long[] shape = {block.getCodewords(), block.getDimensions()};
        conf.addVariable(CODEBOOK);
        final INDArray flat = paramsView.reshape(paramsView.length());
        if (initializeParams) {
            block.getWeightInitFn().init(block.getDimensions(), block.getCodewords(), shape, 'c', flat);
        }
        final Map<String, INDArray> parameters = Collections.synchronizedMap(new LinkedHashMap<>());
        parameters.put(CODEBOOK, flat.reshape('c', shape));
        return parameters;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(
            final NeuralNetConfiguration conf, final INDArray gradientView) {
        final QuantizationBlock block = (QuantizationBlock) conf.getLayer();
        final Map<String, INDArray> gradients = new LinkedHashMap<>();
        gradients.put(
                CODEBOOK,
                gradientView.reshape(gradientView.length()).reshape('c', block.getCodewords(), block.getDimensions()));
        return gradients;
    }
}

package io.dpq.network;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import onnx.Onnx;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The ONNX form of each kind of vertex that an encoder is made of; what only trains (dropout) vanishes. */
final class OnnxOperators {
    private final OnnxGraph onnx;

    OnnxOperators(final OnnxGraph onnx) {
        this.onnx = onnx;
    }

    /** Adds one vertex and returns the name of the value that it yields. */
    String add(final String name, final GraphVertex vertex, final Layer layer, final List<String> inputs) {
        if (vertex instanceof FrozenVertex frozen) {
            return add(name, frozen.getUnderlying(), layer, inputs);
        }
        if (vertex instanceof MergeVertex) {
            return onnx.node("Concat", name, inputs, OnnxGraph.integer("axis", 1));
        }
        if (vertex instanceof ElementWiseVertex joined) {
            return joined(name, joined, inputs);
        }
        if (vertex instanceof PreprocessorVertex turned) {
            return turned(name, turned.getPreProcessor(), inputs.get(0));
        }
        if (vertex instanceof SubsetVertex subset) {
            return onnx.node(
                    "Slice",
                    name,
                    List.of(
                            inputs.get(0),
                            onnx.constant(name + ".from", subset.getFrom()),
                            onnx.constant(name + ".to", subset.getTo() + 1L),
                            onnx.constant(name + ".axis", 1)));
        }
        if (vertex instanceof LayerVertex layered) {
            return add(
                    name,
                    layered.getLayerConf().getLayer(),
                    layer,
                    prepared(name, layered.getPreProcessor(), inputs.get(0)));
        }
        throw unknown(name, vertex);
    }

    private String joined(final String name, final ElementWiseVertex joined, final List<String> inputs) {
        return switch (joined.getOp()) {
            case Add -> onnx.node("Sum", name, inputs);
            case Average -> onnx.node("Mean", name, inputs);
            case Max -> onnx.node("Max", name, inputs);
            case Product -> product(name, inputs);
            default -> throw unknown(name, joined);
        };
    }

    /** ONNX multiplies two at a time. */
    private String product(final String name, final List<String> inputs) {
        String last = inputs.get(0);
        for (int i = 1; i < inputs.size(); i++) {
            last = onnx.node("Mul", i == inputs.size() - 1 ? name : name + "." + i, List.of(last, inputs.get(i)));
        }
        return last;
    }

    private String turned(final String name, final InputPreProcessor turn, final String input) {
        if (turn instanceof ChannelLastFlatten) {
            return onnx.node(
                    "Flatten",
                    name,
                    List.of(onnx.node(
                            "Transpose", name + ".last", List.of(input), OnnxGraph.integers("perm", 0, 2, 3, 1))),
                    OnnxGraph.integer("axis", 1));
        }
        if (turn instanceof CnnToFeedForwardPreProcessor flatten && flatten.getFormat() == CNN2DFormat.NCHW) {
            return onnx.node("Flatten", name, List.of(input), OnnxGraph.integer("axis", 1));
        }
        throw unknown(name, turn);
    }

    private String prepared(final String name, final @Nullable InputPreProcessor before, final String input) {
        if (before == null) {
            return input;
        }
        return turned(name + ".flat", before, input);
    }

    private String add(
            final String name,
            final org.deeplearning4j.nn.conf.layers.Layer conf,
            final Layer layer,
            final String input) {
        if (conf instanceof FrozenLayer frozen) {
            return add(name, frozen.getLayer(), layer, input);
        }
        // Exact classes: a subclass may compute something else.
        if (conf.getClass() == ConvolutionLayer.class || conf.getClass() == KeptConvolution.class) {
            return convolution(name, (ConvolutionLayer) conf, layer, input);
        }
        if (conf.getClass() == DepthwiseConvolution2D.class) {
            return depthwise(name, (DepthwiseConvolution2D) conf, layer, input);
        }
        if (conf.getClass() == SubsamplingLayer.class) {
            return pooling(name, (SubsamplingLayer) conf, input);
        }
        if (conf.getClass() == DenseLayer.class) {
            return dense(name, (DenseLayer) conf, layer, input);
        }
        if (conf instanceof BatchNormalization normalization) {
            return batchNormalization(name, normalization, layer, input);
        }
        if (conf instanceof LocalResponseNormalization normalization) {
            return localNormalization(name, normalization, input);
        }
        if (conf instanceof ZeroPaddingLayer padding) {
            return zeroPadding(name, padding, input);
        }
        if (conf instanceof Cropping2D cropping) {
            return cropping(name, cropping, input);
        }
        if (conf instanceof ActivationLayer activation) {
            return activation(name, activation.getActivationFn(), input);
        }
        if (conf instanceof GlobalPoolingLayer pooling) {
            return globalPooling(name, pooling, input);
        }
        if (conf instanceof DropoutLayer) {
            return input;
        }
        throw unknown(name, conf);
    }

    private String convolution(final String name, final ConvolutionLayer conf, final Layer layer, final String input) {
        return convolution(name, conf, layer, parameter(layer, DefaultParamInitializer.WEIGHT_KEY), 1, input);
    }

    /** Deeplearning4j keeps depthwise kernels as [height, width, in, multiplier]; an input's outputs lie side by side. */
    private String depthwise(
            final String name, final DepthwiseConvolution2D conf, final Layer layer, final String input) {
        final INDArray kernel = parameter(layer, DefaultParamInitializer.WEIGHT_KEY);
        final INDArray turned = kernel.permute(2, 3, 0, 1)
                .dup('c')
                .reshape('c', kernel.size(2) * kernel.size(3), 1, kernel.size(0), kernel.size(1));
        return convolution(name, conf, layer, turned, kernel.size(2), input);
    }

    private String convolution(
            final String name,
            final ConvolutionLayer conf,
            final Layer layer,
            final INDArray kernel,
            final long groups,
            final String input) {
        requireChannelFirst(name, conf, conf.getCnn2dDataFormat());
        final String weights = onnx.constant(name + ".W", kernel);
        final List<String> inputs = conf.hasBias()
                ? List.of(input, weights, onnx.constant(name + ".b", vector(layer, DefaultParamInitializer.BIAS_KEY)))
                : List.of(input, weights);
        return activated(
                name,
                conf.getActivationFn(),
                before -> onnx.node(
                        "Conv",
                        before,
                        inputs,
                        OnnxGraph.integer("group", groups),
                        OnnxGraph.integers("kernel_shape", conf.getKernelSize()),
                        OnnxGraph.integers("strides", conf.getStride()),
                        OnnxGraph.integers("dilations", conf.getDilation()),
                        convolutionPadding(name, conf)));
    }

    /** ONNX Runtime pads dilated windows only where it is told how much; without strides that does not depend on the size. */
    private static Onnx.AttributeProto convolutionPadding(final String name, final ConvolutionLayer conf) {
        final int[] kernel = conf.getKernelSize();
        final int[] dilation = conf.getDilation();
        if (conf.getConvolutionMode() != ConvolutionMode.Same
                || Arrays.stream(dilation).allMatch(d -> d == 1)) {
            return padding(name, conf, conf.getConvolutionMode(), conf.getPadding());
        }
        if (Arrays.stream(conf.getStride()).anyMatch(stride -> stride != 1)) {
            throw unknown(name, conf);
        }
        final int high = (kernel[0] - 1) * dilation[0];
        final int wide = (kernel[1] - 1) * dilation[1];
        return OnnxGraph.integers("pads", high / 2, wide / 2, high - high / 2, wide - wide / 2);
    }

    private String pooling(final String name, final SubsamplingLayer conf, final String input) {
        requireChannelFirst(name, conf, conf.getCnn2dDataFormat());
        final Onnx.AttributeProto kernel = OnnxGraph.integers("kernel_shape", conf.getKernelSize());
        final Onnx.AttributeProto strides = OnnxGraph.integers("strides", conf.getStride());
        final Onnx.AttributeProto padding = padding(name, conf, conf.getConvolutionMode(), conf.getPadding());
        if (conf.getPoolingType() == PoolingType.MAX) {
            final Onnx.AttributeProto dilations = OnnxGraph.integers("dilations", conf.getDilation());
            return onnx.node("MaxPool", name, List.of(input), kernel, strides, dilations, padding);
        }
        // Padding counts in neither library's mean as Keras builds it; other graphs may count it.
        if (conf.getPoolingType() == PoolingType.AVG
                && Arrays.stream(conf.getDilation()).allMatch(d -> d == 1)) {
            return onnx.node("AveragePool", name, List.of(input), kernel, strides, padding);
        }
        throw unknown(name, conf);
    }

    private String zeroPadding(final String name, final ZeroPaddingLayer conf, final String input) {
        requireChannelFirst(name, conf, conf.getDataFormat());
        final int[] pad = conf.getPadding();
        return onnx.node(
                "Pad", name, List.of(input, onnx.constant(name + ".pads", 0, 0, pad[0], pad[2], 0, 0, pad[1], pad[3])));
    }

    private String cropping(final String name, final Cropping2D conf, final String input) {
        requireChannelFirst(name, conf, conf.getDataFormat());
        final int[] crop = conf.getCropping();
        return onnx.node(
                "Slice",
                name,
                List.of(
                        input,
                        onnx.constant(name + ".from", crop[0], crop[2]),
                        onnx.constant(name + ".to", end(crop[1]), end(crop[3])),
                        onnx.constant(name + ".axes", 2, 3)));
    }

    /** Where a slice ends that leaves out the last pixels: counted from the end, which has no number itself. */
    private static long end(final int left) {
        return left == 0 ? Long.MAX_VALUE : -left;
    }

    /** Both libraries put the odd pixel of "same" padding at the bottom right, and drop what a window does not fill. */
    private static Onnx.AttributeProto padding(
            final String name, final Object conf, final ConvolutionMode mode, final int[] padding) {
        return switch (mode) {
            case Same -> OnnxGraph.text("auto_pad", "SAME_UPPER");
            case Strict, Truncate -> OnnxGraph.integers("pads", padding[0], padding[1], padding[0], padding[1]);
            default -> throw unknown(name, conf);
        };
    }

    private String dense(final String name, final DenseLayer conf, final Layer layer, final String input) {
        if (conf.hasLayerNorm()) {
            throw unknown(name, conf);
        }
        final String weights = onnx.constant(name + ".W", parameter(layer, DefaultParamInitializer.WEIGHT_KEY));
        final List<String> inputs = conf.hasBias()
                ? List.of(input, weights, onnx.constant(name + ".b", vector(layer, DefaultParamInitializer.BIAS_KEY)))
                : List.of(input, weights);
        return activated(name, conf.getActivationFn(), before -> onnx.node("Gemm", before, inputs));
    }

    private String batchNormalization(
            final String name, final BatchNormalization conf, final Layer layer, final String input) {
        final INDArray mean = vector(layer, BatchNormalizationParamInitializer.GLOBAL_MEAN);
        final INDArray variance;
        if (conf.isUseLogStd()) {
            final INDArray logarithm = vector(layer, BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
            variance = Transforms.exp(logarithm.mul(2 * Math.log(10)));
        } else {
            variance = vector(layer, BatchNormalizationParamInitializer.GLOBAL_VAR);
        }
        final boolean locked = conf.isLockGammaBeta();
        final INDArray gamma = locked
                ? Nd4j.ones(mean.shape()).muli(conf.getGamma())
                : vector(layer, BatchNormalizationParamInitializer.GAMMA);
        final INDArray beta = locked
                ? Nd4j.ones(mean.shape()).muli(conf.getBeta())
                : vector(layer, BatchNormalizationParamInitializer.BETA);
        final boolean rectified = conf instanceof PlaneNormalization plane && plane.isRectified();
        return activated(
                name,
                (rectified ? Activation.RELU : Activation.IDENTITY).getActivationFunction(),
                before -> onnx.node(
                        "BatchNormalization",
                        before,
                        List.of(
                                input,
                                onnx.constant(name + ".gamma", gamma),
                                onnx.constant(name + ".beta", beta),
                                onnx.constant(name + ".mean", mean),
                                onnx.constant(name + ".variance", variance)),
                        OnnxGraph.real("epsilon", conf.getEps())));
    }

    /** ONNX divides alpha by the window, Deeplearning4j does not; its window is n/2 channels either side. */
    private String localNormalization(final String name, final LocalResponseNormalization conf, final String input) {
        requireChannelFirst(name, conf, conf.getDataFormat());
        final int size = 2 * ((int) conf.getN() / 2) + 1;
        return onnx.node(
                "LRN",
                name,
                List.of(input),
                OnnxGraph.integer("size", size),
                OnnxGraph.real("alpha", conf.getAlpha() * size),
                OnnxGraph.real("beta", conf.getBeta()),
                OnnxGraph.real("bias", conf.getK()));
    }

    private String globalPooling(final String name, final GlobalPoolingLayer conf, final String input) {
        final boolean mean = conf.getPoolingType() == PoolingType.AVG;
        if ((!mean && conf.getPoolingType() != PoolingType.MAX) || !conf.isCollapseDimensions()) {
            throw unknown(name, conf);
        }
        final String pooled = onnx.node(mean ? "GlobalAveragePool" : "GlobalMaxPool", name + ".pool", List.of(input));
        return onnx.node("Flatten", name, List.of(pooled), OnnxGraph.integer("axis", 1));
    }

    /** Adds a node and the activation behind it, so that the last of them bears the layer's name. */
    private String activated(final String name, final IActivation activation, final UnaryOperator<String> node) {
        return activation.equals(Activation.IDENTITY.getActivationFunction())
                ? node.apply(name)
                : activation(name, activation, node.apply(name + ".z"));
    }

    private String activation(final String name, final IActivation activation, final String input) {
        return OnnxActivations.add(onnx, name, activation, input).orElseThrow(() -> unknown(name, activation));
    }

    private static INDArray parameter(final Layer layer, final String key) {
        return layer.getParam(key);
    }

    private static INDArray vector(final Layer layer, final String key) {
        final INDArray values = layer.getParam(key);
        return values.reshape(values.length());
    }

    private static void requireChannelFirst(final String name, final Object conf, final CNN2DFormat format) {
        if (format != CNN2DFormat.NCHW) {
            throw unknown(name, conf);
        }
    }

    private static IllegalStateException unknown(final String name, final Object part) {
        return new IllegalStateException("The layer \"" + name + "\" has no ONNX form: "
                + part.getClass().getSimpleName() + " " + summary(part));
    }

    private static String summary(final Object part) {
        return Arrays.stream(part.toString().split("\\R")).findFirst().orElse("");
    }
}

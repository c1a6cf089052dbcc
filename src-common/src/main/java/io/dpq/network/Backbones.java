package io.dpq.network;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;

/** The backbones, all channel-first: oneDNN runs them several times faster so. */
final class Backbones {
    private final NetworkSpec spec;
    private final GraphAssembly graph;

    private Backbones(final NetworkSpec spec, final GraphAssembly graph) {
        this.spec = spec;
        this.graph = graph;
    }

    /** Adds the backbone behind {@code input} and returns the name of the vertex that yields features [N, F]. */
    static String add(final NetworkSpec spec, final GraphAssembly graph, final String input) {
        final Backbones backbones = new Backbones(spec, graph);
        backbones.requireInput();
        final String features = switch (spec.backbone().kind()) {
            case NONE -> input;
            case SIMPLE_CNN -> backbones.simpleCnn(input);
            case RESIDUAL_CNN -> backbones.residualCnn(input);
            case RESNET_9 -> backbones.resNet9(input);
            case AIRBENCH -> backbones.airbench(input);
            case SQUEEZENET -> backbones.squeezeNet(input);
            case ALEXNET -> backbones.alexNet(input);
            case KERAS, DL4J, ONNX -> BackboneFiles.add(spec, graph, input);
        };
        graph.checkFrozen();
        return features;
    }

    private void requireInput() {
        final boolean none = spec.backbone().kind() == NetworkSpec.Backbone.NONE;
        // An ONNX model stands outside the network, which takes what it yields.
        final boolean outside = spec.backbone().kind() == NetworkSpec.Backbone.ONNX;
        if (spec.input().vectors() && !none && !outside) {
            throw UserException.usage(
                    "The backbone " + DpqConfig.kebab(spec.backbone().kind())
                            + " takes images but the input is vectors, so set backbone.kind to none.");
        }
        if (!spec.input().vectors() && none) {
            throw UserException.usage(
                    "backbone.kind is none, which takes vectors, but the input is images; choose a backbone.");
        }
    }

    private void requireSide(final int least) {
        if (spec.input().size() < least) {
            throw UserException.usage("The backbone "
                    + DpqConfig.kebab(spec.backbone().kind()) + " needs images of at least " + least
                    + " pixels, so raise image.crop from " + spec.input().size() + ".");
        }
    }

    /**
     * Three stages of 3×3 convolutions of width w, 2w, 4w. Pooling comes before normalisation and ReLU, with which it commutes
     * for positive scales, because they then touch a quarter of the values.
     */
    private String simpleCnn(final String input) {
        requireSide(8);
        String last = input;
        for (int stage = 1; stage <= 3; stage++) {
            final int width = spec.backbone().width() << (stage - 1);
            last = normalisedConvolution("conv" + stage, width, stage < 3, last);
        }
        return graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), last);
    }

    private String normalisedConvolution(final String name, final int width, final boolean pool, final String input) {
        String last = graph.layer(name, linearConvolution(3, 1, width), input);
        if (pool) {
            last = graph.layer(name + "_pool", maxPool(2, 2), last);
        }
        return graph.layer(name + "_bn", new PlaneNormalization(true), last);
    }

    /**
     * The residual network for small images (He and others, arXiv 1512.03385, section 4.2): three stages of n blocks, width w,
     * 2w, 4w, where depth is 6n + 2. Where a stage begins, the shortcut is a 1×1 convolution.
     */
    private String residualCnn(final String input) {
        requireSide(8);
        final int depth = spec.backbone().depth();
        if (depth < 8 || depth % 6 != 2) {
            throw UserException.usage("Set backbone.depth to 6n + 2, such as 8, 14, 20 or 32, from " + depth + ".");
        }
        String last = normalisedConvolution("conv1", spec.backbone().width(), false, input);
        for (int stage = 1; stage <= 3; stage++) {
            final int width = spec.backbone().width() << (stage - 1);
            for (int block = 1; block <= depth / 6; block++) {
                final int stride = stage > 1 && block == 1 ? 2 : 1;
                last = residualBlock("stage" + stage + "_block" + block, stride, width, last);
            }
        }
        return graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), last);
    }

    /**
     * ResNet-9, by which small images are learnt in the fewest operations (Page, "How to Train Your ResNet", myrtle.ai, 2018): four
     * 3×3 convolutions of width w, 2w, 4w, 8w, the last three halving the image, with a residual block behind the second and the
     * fourth.
     */
    private String resNet9(final String input) {
        requireSide(8);
        final int width = spec.backbone().width();
        String last = normalisedConvolution("conv1", width, false, input);
        last = normalisedConvolution("conv2", 2 * width, true, last);
        last = openBlock("block1", 2 * width, last);
        last = normalisedConvolution("conv3", 4 * width, true, last);
        last = normalisedConvolution("conv4", 8 * width, true, last);
        last = openBlock("block2", 8 * width, last);
        return graph.layer("features", new GlobalPoolingLayer(PoolingType.MAX), last);
    }

    /**
     * The network of airbench (Jordan, arXiv 2404.00498), by which small images are learnt in half of ResNet-9's operations: 2×2
     * filters that do not learn, since they whiten what they see ({@link DpqNetwork#setWhitening}), then three stages of two 3×3
     * convolutions of width w, 4w, 4w, each of which halves the image behind its first one. GELU stands for ReLU.
     */
    private String airbench(final String input) {
        requireSide(9);
        String last = graph.fixed(
                DpqNetwork.WHITENING,
                kept(convolution(2, 1, DpqNetwork.WHITENING_FILTERS)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)),
                input);
        last = graph.layer("whitened", new ActivationLayer(new GatedActivation(GatedActivation.GELU)), last);
        for (int stage = 1; stage <= 3; stage++) {
            final int width = spec.backbone().width() * (stage == 1 ? 1 : 4);
            last = smoothConvolution("stage" + stage + "_conv1", width, true, last);
            last = smoothConvolution("stage" + stage + "_conv2", width, false, last);
        }
        return graph.layer("features", new GlobalPoolingLayer(PoolingType.MAX), last);
    }

    private String smoothConvolution(final String name, final int width, final boolean pool, final String input) {
        String last = graph.layer(name, linearConvolution(3, 1, width), input);
        if (pool) {
            last = graph.layer(name + "_pool", maxPool(2, 2), last);
        }
        last = graph.layer(name + "_bn", new PlaneNormalization(false), last);
        return graph.layer(name + "_gelu", new ActivationLayer(new GatedActivation(GatedActivation.GELU)), last);
    }

    /** x + f(x), where f ends in ReLU and nothing is behind the sum. */
    private String openBlock(final String name, final int width, final String input) {
        final String first = normalisedConvolution(name + "_conv1", width, false, input);
        final String second = normalisedConvolution(name + "_conv2", width, false, first);
        return graph.vertex(name + "_sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), second, input);
    }

    private String residualBlock(final String name, final int stride, final int width, final String input) {
        String last = graph.layer(name + "_conv1", linearConvolution(3, stride, width), input);
        last = graph.layer(name + "_bn1", new PlaneNormalization(true), last);
        last = graph.layer(name + "_conv2", linearConvolution(3, 1, width), last);
        last = graph.layer(name + "_bn2", new PlaneNormalization(false), last);
        String shortcut = input;
        if (stride > 1) {
            shortcut = graph.layer(name + "_shortcut", linearConvolution(1, stride, width), input);
            shortcut = graph.layer(name + "_shortcut_bn", new PlaneNormalization(false), shortcut);
        }
        last = graph.vertex(name + "_sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), last, shortcut);
        return graph.layer(name + "_relu", new ActivationLayer(Activation.RELU), last);
    }

    /** SqueezeNet 1.0 (Iandola and others, arXiv 1602.07360) up to fire9, averaged: 512 features. */
    private String squeezeNet(final String input) {
        requireSide(47);
        String last = graph.layer("conv1", kept(convolution(7, 2, 96)), input);
        last = graph.layer("pool1", maxPool(3, 2), last);
        last = fire(2, 16, 64, last);
        last = fire(3, 16, 64, last);
        last = fire(4, 32, 128, last);
        last = graph.layer("pool4", maxPool(3, 2), last);
        last = fire(5, 32, 128, last);
        last = fire(6, 48, 192, last);
        last = fire(7, 48, 192, last);
        last = fire(8, 64, 256, last);
        last = graph.layer("pool8", maxPool(3, 2), last);
        last = fire(9, 64, 256, last);
        return graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), last);
    }

    private String fire(final int number, final int squeezed, final int expanded, final String input) {
        final String name = "fire" + number;
        final String squeeze = graph.layer(name + "_squeeze1x1", kept(convolution(1, 1, squeezed)), input);
        final String narrow = graph.layer(name + "_expand1x1", kept(convolution(1, 1, expanded)), squeeze);
        final String wide = graph.layer(
                name + "_expand3x3", kept(convolution(3, 1, expanded).convolutionMode(ConvolutionMode.Same)), squeeze);
        return graph.vertex(name + "_concat", new MergeVertex(), narrow, wide);
    }

    /**
     * AlexNet (Krizhevsky and others, 2012) with its two groups, up to fc7: 4096 features. Pooling comes before the local
     * normalisation, as in the variant that the published ImageNet weights were trained with and deep hashing builds on.
     */
    private String alexNet(final String input) {
        requireSide(67);
        String last = graph.layer("conv1", kept(convolution(11, 4, 96)), input);
        last = graph.layer("pool1", maxPool(3, 2), last);
        last = graph.layer("norm1", localNormalisation(), last);
        last = grouped("conv2", 5, 96, 256, last);
        last = graph.layer("pool2", maxPool(3, 2), last);
        last = graph.layer("norm2", localNormalisation(), last);
        last = graph.layer("conv3", kept(convolution(3, 1, 384).convolutionMode(ConvolutionMode.Same)), last);
        last = grouped("conv4", 3, 384, 384, last);
        last = grouped("conv5", 3, 384, 256, last);
        last = graph.layer("pool5", maxPool(3, 2), last);
        last = fullyConnected("fc6", last);
        if (spec.backbone().dropout() > 0) {
            last = graph.layer("drop6", new DropoutLayer(1 - spec.backbone().dropout()), last);
        }
        return fullyConnected("fc7", last);
    }

    /** Two convolutions that each see half of the channels. */
    private String grouped(final String name, final int kernel, final int in, final int out, final String input) {
        final String[] halves = new String[2];
        for (int g = 0; g < 2; g++) {
            final String half =
                    graph.vertex(name + "_in" + g, new ChannelSubset(g * in / 2, (g + 1) * in / 2 - 1), input);
            halves[g] = graph.layer(
                    name + "_" + g, kept(convolution(kernel, 1, out / 2).convolutionMode(ConvolutionMode.Same)), half);
        }
        return graph.vertex(name, new MergeVertex(), halves);
    }

    private String fullyConnected(final String name, final String input) {
        return graph.layer(
                name,
                new DenseLayer.Builder()
                        .nOut(4096)
                        .weightInit(WeightInit.RELU)
                        .activation(Activation.RELU)
                        .build(),
                input);
    }

    private static ConvolutionLayer.Builder convolution(final int kernel, final int stride, final int width) {
        return new ConvolutionLayer.Builder(kernel, kernel)
                .stride(stride, stride)
                .convolutionMode(ConvolutionMode.Truncate)
                .nOut(width)
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU);
    }

    private static ConvolutionLayer kept(final ConvolutionLayer.Builder builder) {
        return new KeptConvolution(builder);
    }

    private static ConvolutionLayer linearConvolution(final int kernel, final int stride, final int width) {
        return kept(convolution(kernel, stride, width)
                .convolutionMode(ConvolutionMode.Same)
                .hasBias(false)
                .activation(Activation.IDENTITY));
    }

    private static SubsamplingLayer maxPool(final int kernel, final int stride) {
        return new SubsamplingLayer.Builder(PoolingType.MAX)
                .kernelSize(kernel, kernel)
                .stride(stride, stride)
                .convolutionMode(ConvolutionMode.Truncate)
                .build();
    }

    /** x / (1 + 2e-5 Σ x²)^0.75 over five channels: Caffe's 1e-4 is divided by the five. */
    private static LocalResponseNormalization localNormalisation() {
        return new LocalResponseNormalization.Builder(1, 5, 2e-5, 0.75).build();
    }
}

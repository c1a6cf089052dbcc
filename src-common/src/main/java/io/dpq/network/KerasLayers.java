package io.dpq.network;

import io.dpq.config.UserException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.dropout.SpatialDropout;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/**
 * Rebuilds Keras layers as channel-first ones with the same outputs, whichever order the model was made for. A layer keeps its
 * name; what takes two layers here (grouped and separable convolutions) gives the last of them the name. Every layer is laid
 * out on the true image size, so that what does not fit is refused at once.
 */
final class KerasLayers {
    private final GraphAssembly graph;
    private final boolean channelsFirst;
    private final Map<String, Value> values = new HashMap<>();
    private final Set<String> used = new HashSet<>();
    private final Value image;

    /** What a vertex yields. */
    private record Value(String vertex, InputType type) {
        boolean isImage() {
            return type instanceof InputType.InputTypeConvolutional;
        }

        InputType.InputTypeConvolutional image() {
            return (InputType.InputTypeConvolutional) type;
        }
    }

    private KerasLayers(final GraphAssembly graph, final boolean channelsFirst, final Value image) {
        this.graph = graph;
        this.channelsFirst = channelsFirst;
        this.image = image;
    }

    /**
     * Adds layers behind the images of a side and returns the vertex that yields features [N, F], averaged over the image
     * where the last layer yields images.
     */
    static String add(final List<KerasLayer> layers, final GraphAssembly graph, final String input, final int side) {
        final boolean first = layers.stream()
                .filter(KerasLayer::saysFormat)
                .findFirst()
                .map(KerasLayer::channelsFirst)
                .orElse(false);
        final KerasLayers added =
                new KerasLayers(graph, first, new Value(input, InputType.convolutional(side, side, 3)));
        if (layers.stream().filter(layer -> layer.inputs().isEmpty()).count() != 1) {
            throw layers.get(layers.size() - 1).refuse("needs several inputs");
        }
        layers.forEach(added::add);
        final Value last = added.value(layers.get(layers.size() - 1).name());
        return last.isImage()
                ? graph.layer("features", new GlobalPoolingLayer(PoolingType.AVG), last.vertex())
                : last.vertex();
    }

    private Value value(final String keras) {
        final Value found = values.get(keras);
        if (found == null) {
            throw new IllegalStateException("The layer " + keras + " is used before it is made.");
        }
        return found;
    }

    private void add(final KerasLayer layer) {
        if (layer.saysFormat()
                && layer.channelsFirst() != channelsFirst
                && !layer.type().equals("Flatten")) {
            throw layer.refuse("has another data_format than the layers before it");
        }
        final List<Value> inputs;
        if (layer.inputs().isEmpty()) {
            requireColours(layer);
            inputs = List.of(image);
        } else {
            inputs = layer.inputs().stream().map(this::value).toList();
        }
        try {
            values.put(layer.name(), convert(layer, inputs));
        } catch (final UserException e) {
            throw e;
        } catch (final RuntimeException e) {
            // The layers' own checks speak of kernels that are larger than what is left of the image.
            throw UserException.data(
                    "The layer \"" + layer.name() + "\" (" + layer.type() + ") of " + layer.file()
                            + " cannot be laid out on images of "
                            + image.image().getHeight()
                            + " pixels, so set image.crop to the side the model was made for.",
                    e);
        }
    }

    private void requireColours(final KerasLayer layer) {
        final String key = layer.isNull("batch_input_shape") ? "batch_shape" : "batch_input_shape";
        if (layer.isNull(key)) {
            return;
        }
        final int axis = channelsFirst ? 1 : 3;
        if (layer.config().path(key).size() != 4
                || layer.config().path(key).get(axis).asInt() != 3) {
            throw layer.refuse("takes inputs of shape " + layer.config().path(key) + " and not colour images");
        }
    }

    private Value convert(final KerasLayer layer, final List<Value> inputs) {
        final Value input = inputs.get(0);
        return switch (layer.type()) {
            case "InputLayer" -> input;
            case "Activation" -> activation(layer, KerasActivations.named(layer), input);
            case "ReLU", "LeakyReLU", "ELU", "Softmax" -> activation(layer, KerasActivations.of(layer), input);
            case "Dropout", "SpatialDropout2D" -> dropout(layer, input);
            case "Conv2D", "Convolution2D" -> convolution(layer, input);
            case "DepthwiseConv2D" -> depthwise(layer, layer.name(), true, input);
            case "SeparableConv2D", "SeparableConvolution2D" -> separable(layer, input);
            case "BatchNormalization" -> normalisation(layer, input);
            case "MaxPooling2D" -> pooling(layer, PoolingType.MAX, input);
            case "AveragePooling2D" -> pooling(layer, PoolingType.AVG, input);
            case "GlobalMaxPooling2D" -> globalPooling(layer, PoolingType.MAX, input);
            case "GlobalAveragePooling2D" -> globalPooling(layer, PoolingType.AVG, input);
            case "ZeroPadding2D" ->
                layer(
                        layer.name(),
                        new ZeroPaddingLayer.Builder(layer.margins("padding")).build(),
                        image(layer, input));
            case "Cropping2D" ->
                layer(layer.name(), new Cropping2D.Builder(layer.margins("cropping")).build(), image(layer, input));
            case "Flatten" -> flatten(layer, input);
            case "Dense" -> dense(layer, input);
            case "Add" -> vertex(layer.name(), new ElementWiseVertex(ElementWiseVertex.Op.Add), alike(layer, inputs));
            case "Multiply" ->
                vertex(layer.name(), new ElementWiseVertex(ElementWiseVertex.Op.Product), alike(layer, inputs));
            case "Average" ->
                vertex(layer.name(), new ElementWiseVertex(ElementWiseVertex.Op.Average), alike(layer, inputs));
            case "Maximum" ->
                vertex(layer.name(), new ElementWiseVertex(ElementWiseVertex.Op.Max), alike(layer, inputs));
            case "Concatenate" -> concatenate(layer, inputs);
            default -> throw layer.refuse("is of a kind that cannot be taken over");
        };
    }

    private Value image(final KerasLayer layer, final Value input) {
        if (!input.isImage()) {
            throw layer.refuse("does not get an image");
        }
        return input;
    }

    private String name(final String wanted) {
        final String name = LayerNames.safe(wanted);
        if (!used.add(name)) {
            throw UserException.data("The model has two layers that would be called \"" + name
                    + "\" here, so rename one of them before saving it.");
        }
        return name;
    }

    private Value layer(final String wanted, final Layer layer, final Value input) {
        layer.setNIn(input.type(), true);
        final InputType type = layer.getOutputType(0, input.type());
        if (type instanceof InputType.InputTypeConvolutional left && (left.getHeight() < 1 || left.getWidth() < 1)) {
            throw new IllegalStateException("Nothing is left of the image.");
        }
        return new Value(graph.layer(name(wanted), layer, input.vertex()), type);
    }

    private Value vertex(final String wanted, final GraphVertex vertex, final List<Value> inputs) {
        final InputType type =
                vertex.getOutputType(0, inputs.stream().map(Value::type).toArray(InputType[]::new));
        return new Value(
                graph.vertex(
                        name(wanted), vertex, inputs.stream().map(Value::vertex).toArray(String[]::new)),
                type);
    }

    private Value activation(final KerasLayer layer, final IActivation activation, final Value input) {
        if (activation instanceof ActivationIdentity) {
            return input;
        }
        if (KerasActivations.isSoftmax(activation) && input.isImage()) {
            throw layer.refuse("is a softmax of images");
        }
        return layer(layer.name(), new ActivationLayer(activation), input);
    }

    private Value dropout(final KerasLayer layer, final Value input) {
        final double kept = 1 - layer.number("rate", 0);
        if (kept >= 1) {
            return input;
        }
        return layer(
                layer.name(),
                layer.type().equals("Dropout")
                        ? new DropoutLayer(kept)
                        : new DropoutLayer.Builder()
                                .dropOut(new SpatialDropout(kept))
                                .build(),
                input);
    }

    private ConvolutionMode mode(final KerasLayer layer) {
        return switch (layer.text("padding", "valid")) {
            case "valid" -> ConvolutionMode.Truncate;
            case "same" -> ConvolutionMode.Same;
            default -> throw layer.refuse("pads in an unknown way");
        };
    }

    private <T extends ConvolutionLayer.BaseConvBuilder<T>> T window(
            final KerasLayer layer, final ConvolutionLayer.BaseConvBuilder<T> builder) {
        builder.kernelSize(layer.pair("kernel_size"));
        builder.stride(layer.isNull("strides") ? new int[] {1, 1} : layer.pair("strides"));
        builder.dilation(layer.isNull("dilation_rate") ? new int[] {1, 1} : layer.pair("dilation_rate"));
        return builder.convolutionMode(mode(layer));
    }

    private <T extends BaseLayer.Builder<T>> T activated(
            final KerasLayer layer, final Value input, final BaseLayer.Builder<T> builder) {
        final IActivation activation = KerasActivations.named(layer);
        if (KerasActivations.isSoftmax(activation) && input.isImage()) {
            throw layer.refuse("is a softmax of images");
        }
        return builder.activation(activation);
    }

    private Value convolution(final KerasLayer layer, final Value given) {
        final Value input = image(layer, given);
        final int groups = (int) layer.number("groups", 1);
        if (groups == 1) {
            return layer(layer.name(), convolution(layer, input, layer.integer("filters")), input);
        }
        final int channels = (int) input.image().getChannels();
        final List<Value> parts = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            final Value part = vertex(
                    layer.name() + "_in" + group,
                    new ChannelSubset(group * channels / groups, (group + 1) * channels / groups - 1),
                    List.of(input));
            parts.add(
                    layer(groupName(layer, group), convolution(layer, part, layer.integer("filters") / groups), part));
        }
        return vertex(layer.name(), new MergeVertex(), parts);
    }

    /** The layer of one group of a grouped convolution. */
    static String groupName(final KerasLayer layer, final int group) {
        return layer.name() + "_" + group;
    }

    private ConvolutionLayer convolution(final KerasLayer layer, final Value input, final int filters) {
        final ConvolutionLayer.Builder builder = window(layer, new ConvolutionLayer.Builder());
        return new KeptConvolution(
                activated(layer, input, builder.nOut(filters).hasBias(layer.flag("use_bias", true))));
    }

    private Value depthwise(final KerasLayer layer, final String name, final boolean whole, final Value given) {
        final Value input = image(layer, given);
        final DepthwiseConvolution2D.Builder builder = window(layer, new DepthwiseConvolution2D.Builder());
        builder.depthMultiplier((int) layer.number("depth_multiplier", 1));
        builder.hasBias(whole && layer.flag("use_bias", true));
        if (whole) {
            activated(layer, input, builder);
        } else {
            builder.activation(Activation.IDENTITY);
        }
        return layer(name, builder.build(), input);
    }

    /** The layer of the first half of a separable convolution. */
    static String depthwiseName(final KerasLayer layer) {
        return layer.name() + "_depthwise";
    }

    private Value separable(final KerasLayer layer, final Value input) {
        final Value between = depthwise(layer, depthwiseName(layer), false, input);
        return layer(
                layer.name(),
                activated(
                                layer,
                                between,
                                new ConvolutionLayer.Builder(1, 1)
                                        .convolutionMode(ConvolutionMode.Truncate)
                                        .nOut(layer.integer("filters"))
                                        .hasBias(layer.flag("use_bias", true)))
                        .build(),
                between);
    }

    private Value normalisation(final KerasLayer layer, final Value input) {
        final int axis = layer.config().path("axis").isArray()
                ? layer.config().path("axis").path(0).asInt()
                : layer.integer("axis");
        requireChannels(layer, axis, input);
        return layer(
                layer.name(),
                new BatchNormalization.Builder()
                        .eps(layer.number("epsilon", 1e-3))
                        .decay(layer.number("momentum", 0.99))
                        // The variance itself, exact even where it is zero.
                        .useLogStd(false)
                        .build(),
                input);
    }

    private void requireChannels(final KerasLayer layer, final int axis, final Value input) {
        final int rank = input.isImage() ? 4 : 2;
        final int channels = input.isImage() && !channelsFirst ? 3 : 1;
        if ((axis + rank) % rank != channels) {
            throw layer.refuse("works along axis " + axis + ", which is not that of the channels");
        }
    }

    private Value pooling(final KerasLayer layer, final PoolingType type, final Value input) {
        final int[] size = layer.pair("pool_size");
        return layer(
                layer.name(),
                new SubsamplingLayer.Builder(type)
                        .kernelSize(size)
                        .stride(layer.isNull("strides") ? size : layer.pair("strides"))
                        .convolutionMode(mode(layer))
                        .build(),
                image(layer, input));
    }

    private Value globalPooling(final KerasLayer layer, final PoolingType type, final Value input) {
        if (layer.flag("keepdims", false)) {
            throw layer.refuse("keeps the image's dimensions");
        }
        return layer(layer.name(), new GlobalPoolingLayer(type), image(layer, input));
    }

    /** Keras flattens in the order of the image, but turns channel-first images first where the layer says so itself. */
    private Value flatten(final KerasLayer layer, final Value input) {
        if (!input.isImage()) {
            return input;
        }
        if (layer.channelsFirst() && !channelsFirst) {
            throw layer.refuse("has another data_format than the layers before it");
        }
        final InputType.InputTypeConvolutional type = input.image();
        return vertex(
                layer.name(),
                new PreprocessorVertex(
                        channelsFirst && !layer.channelsFirst()
                                ? new CnnToFeedForwardPreProcessor(
                                        type.getHeight(), type.getWidth(), type.getChannels())
                                : new ChannelLastFlatten(type.getChannels(), type.getHeight(), type.getWidth())),
                List.of(input));
    }

    private Value dense(final KerasLayer layer, final Value input) {
        if (input.isImage()) {
            throw layer.refuse("gets an image");
        }
        return layer(
                layer.name(),
                activated(
                                layer,
                                input,
                                new DenseLayer.Builder()
                                        .nOut(layer.integer("units"))
                                        .hasBias(layer.flag("use_bias", true)))
                        .build(),
                input);
    }

    private static List<Value> alike(final KerasLayer layer, final List<Value> inputs) {
        final long[] shape = inputs.get(0).type().getShape();
        if (inputs.stream().anyMatch(input -> !Arrays.equals(input.type().getShape(), shape))) {
            throw layer.refuse("joins inputs of different shapes");
        }
        return inputs;
    }

    private Value concatenate(final KerasLayer layer, final List<Value> inputs) {
        requireChannels(layer, layer.isNull("axis") ? -1 : layer.integer("axis"), inputs.get(0));
        return inputs.size() == 1 ? inputs.get(0) : vertex(layer.name(), new MergeVertex(), inputs);
    }
}

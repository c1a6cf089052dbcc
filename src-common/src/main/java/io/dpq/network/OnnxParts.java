package io.dpq.network;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import onnx.Onnx;

/** Cuts, renames and joins ONNX graphs. Stateless. */
final class OnnxParts {
    /** Before every name of a given model, so that no name of a head can be one of its. */
    private static final String PREFIX = "backbone/";
    /** Older forms list weights among the inputs. */
    private static final int LEAST_IR = 7;

    private OnnxParts() {}

    /** The only input that has no default. */
    static Optional<String> input(final Onnx.GraphProto graph) {
        final Set<String> constants = constants(graph);
        final List<String> open = graph.getInputList().stream()
                .map(Onnx.ValueInfoProto::getName)
                .filter(name -> !constants.contains(name))
                .toList();
        return open.size() == 1 ? Optional.of(open.get(0)) : Optional.empty();
    }

    private static Set<String> constants(final Onnx.GraphProto graph) {
        final Set<String> names = graph.getInitializerList().stream()
                .map(Onnx.TensorProto::getName)
                .collect(Collectors.toCollection(HashSet::new));
        graph.getSparseInitializerList()
                .forEach(sparse -> names.add(sparse.getValues().getName()));
        return names;
    }

    /** Whether a node yields a value. */
    static boolean yields(final Onnx.GraphProto graph, final String value) {
        return graph.getNodeList().stream()
                .anyMatch(node -> node.getOutputList().contains(value));
    }

    /** Whether a tensor lies outside the file. */
    static boolean isExternal(final Onnx.GraphProto graph) {
        return graph.getInitializerList().stream()
                .anyMatch(tensor -> tensor.getDataLocation() == Onnx.TensorProto.DataLocation.EXTERNAL);
    }

    /** What a model needs for one value, under names that no head has; the input is called {@code image}. */
    static Onnx.ModelProto cut(
            final Onnx.ModelProto model, final String input, final String image, final String output) {
        final Onnx.GraphProto graph = model.getGraph();
        final Set<String> needed = new HashSet<>(Set.of(output));
        final Onnx.GraphProto.Builder kept = Onnx.GraphProto.newBuilder().setName("backbone");
        // Nodes stand in the order of their use, so that one pass from the end finds all that is needed.
        final boolean[] keep = new boolean[graph.getNodeCount()];
        for (int i = graph.getNodeCount() - 1; i >= 0; i--) {
            if (graph.getNode(i).getOutputList().stream().anyMatch(needed::contains)) {
                keep[i] = true;
                uses(graph.getNode(i), needed);
            }
        }
        final UnaryOperator<String> names = name -> name.isEmpty() ? name : name.equals(input) ? image : PREFIX + name;
        for (int i = 0; i < keep.length; i++) {
            if (keep[i]) {
                kept.addNode(renamed(graph.getNode(i), names));
            }
        }
        graph.getInitializerList().stream()
                .filter(tensor -> needed.contains(tensor.getName()))
                .forEach(tensor -> kept.addInitializer(tensor.toBuilder().setName(names.apply(tensor.getName()))));
        graph.getSparseInitializerList().stream()
                .filter(sparse -> needed.contains(sparse.getValues().getName()))
                .forEach(sparse -> kept.addSparseInitializer(renamed(sparse, names)));
        graph.getInputList().stream()
                .filter(value -> value.getName().equals(input))
                .forEach(value -> kept.addInput(value.toBuilder().setName(image)));
        graph.getOutputList().stream()
                .filter(value -> value.getName().equals(output))
                .findFirst()
                .ifPresentOrElse(
                        value -> kept.addOutput(value.toBuilder().setName(names.apply(output))),
                        // ONNX Runtime finds out the type of a value inside the graph.
                        () -> kept.addOutput(Onnx.ValueInfoProto.newBuilder().setName(names.apply(output))));
        return model.toBuilder()
                .setGraph(kept)
                .setIrVersion(Math.max(LEAST_IR, model.getIrVersion()))
                .clearTrainingInfo()
                .clearMetadataProps()
                .build();
    }

    private static void uses(final Onnx.NodeProto node, final Set<String> names) {
        names.addAll(node.getInputList());
        for (final Onnx.AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                attribute.getG().getNodeList().forEach(inner -> uses(inner, names));
                attribute.getG().getOutputList().forEach(value -> names.add(value.getName()));
            }
            attribute.getGraphsList().forEach(graph -> graph.getNodeList().forEach(inner -> uses(inner, names)));
        }
    }

    private static Onnx.SparseTensorProto renamed(
            final Onnx.SparseTensorProto sparse, final UnaryOperator<String> names) {
        return sparse.toBuilder()
                .setValues(sparse.getValues().toBuilder()
                        .setName(names.apply(sparse.getValues().getName())))
                .build();
    }

    private static Onnx.NodeProto renamed(final Onnx.NodeProto node, final UnaryOperator<String> names) {
        final Onnx.NodeProto.Builder turned = node.toBuilder()
                .setName(names.apply(node.getName()))
                .clearInput()
                .clearOutput()
                .clearAttribute();
        node.getInputList().forEach(name -> turned.addInput(names.apply(name)));
        node.getOutputList().forEach(name -> turned.addOutput(names.apply(name)));
        for (final Onnx.AttributeProto attribute : node.getAttributeList()) {
            final Onnx.AttributeProto.Builder inner = attribute.toBuilder();
            if (attribute.hasG()) {
                inner.setG(renamed(attribute.getG(), names));
            }
            for (int i = 0; i < attribute.getGraphsCount(); i++) {
                inner.setGraphs(i, renamed(attribute.getGraphs(i), names));
            }
            turned.addAttribute(inner);
        }
        return turned.build();
    }

    /** A graph inside a node, such as the branch of a condition, which sees the names outside as well. */
    private static Onnx.GraphProto renamed(final Onnx.GraphProto graph, final UnaryOperator<String> names) {
        final Onnx.GraphProto.Builder turned = graph.toBuilder()
                .clearNode()
                .clearInitializer()
                .clearSparseInitializer()
                .clearInput()
                .clearOutput()
                .clearValueInfo()
                .clearQuantizationAnnotation();
        graph.getNodeList().forEach(node -> turned.addNode(renamed(node, names)));
        graph.getInitializerList()
                .forEach(tensor -> turned.addInitializer(tensor.toBuilder().setName(names.apply(tensor.getName()))));
        graph.getSparseInitializerList().forEach(sparse -> turned.addSparseInitializer(renamed(sparse, names)));
        graph.getInputList().forEach(value -> turned.addInput(value.toBuilder().setName(names.apply(value.getName()))));
        graph.getOutputList()
                .forEach(value -> turned.addOutput(value.toBuilder().setName(names.apply(value.getName()))));
        return turned.build();
    }

    /** A cut model whose output is features [N, F] of a name: averaged over the image, or the output as it is. */
    static Onnx.ModelProto withFeatures(final Onnx.ModelProto model, final boolean images, final String features) {
        final Onnx.GraphProto.Builder graph = model.getGraph().toBuilder();
        final String output = graph.getOutput(0).getName();
        if (images) {
            final String pooled = PREFIX + features + "/pooled";
            graph.addNode(node("GlobalAveragePool", output, pooled))
                    .addNode(node("Flatten", pooled, features).toBuilder().addAttribute(OnnxGraph.integer("axis", 1)));
        } else {
            graph.addNode(node("Identity", output, features));
        }
        return model.toBuilder()
                .setGraph(graph.clearOutput()
                        .addOutput(Onnx.ValueInfoProto.newBuilder()
                                .setName(features)
                                .setType(Onnx.TypeProto.newBuilder()
                                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                                .setElemType(Onnx.TensorProto.DataType.FLOAT.getNumber())))))
                .build();
    }

    private static Onnx.NodeProto node(final String operator, final String input, final String output) {
        return Onnx.NodeProto.newBuilder()
                .setOpType(operator)
                .setName(output)
                .addInput(input)
                .addOutput(output)
                .build();
    }

    /**
     * A head behind a model. The operators of a head mean the same in every operator set that the model may be of, so that the
     * model's sets stay.
     *
     * @param between the model's output, which becomes the head's only input
     */
    static Onnx.ModelProto join(final Onnx.ModelProto model, final String between, final Onnx.ModelProto head) {
        final String input = head.getGraph().getInput(0).getName();
        final UnaryOperator<String> names = name -> name.equals(input) ? between : name;
        final Onnx.GraphProto.Builder graph = model.getGraph().toBuilder()
                .setName("encoder")
                .clearOutput()
                .addAllOutput(head.getGraph().getOutputList())
                .addAllInitializer(head.getGraph().getInitializerList());
        head.getGraph().getNodeList().forEach(node -> graph.addNode(renamed(node, names)));
        return model.toBuilder().setGraph(graph).build();
    }
}

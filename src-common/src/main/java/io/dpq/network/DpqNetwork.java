package io.dpq.network;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Builds the DPQ computation graph (arXiv 1906.06698) and reaches its parts: backbone → features → embedding → one vertex a
 * quantization level, with two outputs, classification and quantization losses. A graph is not thread-safe.
 */
public final class DpqNetwork {
    /** The input vertex: images [N, 3, S, S], normalised. */
    public static final String INPUT = "input";
    /** The embedding [N, D], −1…1. */
    public static final String EMBEDDING = "embedding";
    /** The first output: class probabilities [N, classes]. */
    public static final String CLASSIFICATION = "classification";
    /** The second output: embedding and states side by side, for the losses. */
    public static final String QUANTIZATION = "quantization";

    private static final String LEVEL = "level_";

    private DpqNetwork() {}

    /**
     * A new, initialised graph: pretrained backbone where the spec names weights.
     *
     * @throws UserException where the weights file is missing or does not fit, the layer to freeze up to does not exist, or
     *     images are too small for the backbone
     */
    public static ComputationGraph build(final NetworkSpec spec) {
        final List<String> backbone = new ArrayList<>();
        final ComputationGraph graph = new ComputationGraph(configuration(spec, DataType.FLOAT, backbone));
        graph.init();
        BackboneFiles.load(spec, graph, backbone);
        return graph;
    }

    /**
     * Refuses what {@link #build} would refuse, without weights and without building: cheap.
     *
     * @throws UserException as {@link #build} does, but for the weights file
     */
    public static void check(final NetworkSpec spec) {
        configuration(spec, DataType.FLOAT, new ArrayList<>());
    }

    /** The configuration, with the names of the backbone's layers added to {@code backbone}. */
    static ComputationGraphConfiguration configuration(
            final NetworkSpec spec, final DataType dataType, final List<String> backbone) {
        checkHeads(spec);
        final Updaters updaters = new Updaters(spec);
        final ComputationGraphConfiguration.GraphBuilder graph = new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(dataType)
                .updater(updaters.head())
                .trainingWorkspaceMode(WorkspaceMode.ENABLED)
                .inferenceWorkspaceMode(WorkspaceMode.ENABLED)
                .graphBuilder()
                .addInputs(INPUT)
                .setInputTypes(InputType.convolutional(spec.inputSide(), spec.inputSide(), 3));
        final GraphAssembly assembly = new GraphAssembly(graph, spec, updaters);
        String features = Backbones.add(spec, assembly, INPUT);
        backbone.addAll(assembly.layers());
        if (spec.normaliseFeatures()) {
            graph.addLayer("features_bn", new BatchNormalization.Builder().build(), features);
            features = "features_bn";
        }
        if (spec.dropout() > 0) {
            graph.addLayer("dropout", new DropoutLayer(1 - spec.dropout()), features);
            features = "dropout";
        }
        addHead(graph, spec, updaters, features);
        return graph.build();
    }

    /** Adds everything behind the features. */
    static void addHead(
            final ComputationGraphConfiguration.GraphBuilder graph,
            final NetworkSpec spec,
            final Updaters updaters,
            final String features) {
        graph.addLayer(
                CLASSIFICATION,
                new OutputLayer.Builder(new ClassificationLoss(spec.loss().classification(), spec.severalLabels()))
                        .nOut(spec.classes())
                        .weightInit(WeightInit.XAVIER)
                        .activation(spec.severalLabels() ? Activation.SIGMOID : Activation.SOFTMAX)
                        .updater(updaters.head())
                        .biasUpdater(updaters.headBias())
                        .weightDecay(spec.optimizer().weightDecay())
                        .build(),
                features);
        graph.addLayer(
                EMBEDDING,
                new DenseLayer.Builder()
                        .nOut(spec.dimensions())
                        .weightInit(WeightInit.XAVIER)
                        .activation(Activation.TANH)
                        .updater(updaters.head())
                        .biasUpdater(updaters.headBias())
                        .weightDecay(spec.optimizer().weightDecay())
                        .build(),
                features);
        final List<String> states = new ArrayList<>(List.of(EMBEDDING));
        for (int level = 1; level <= spec.levels(); level++) {
            final String name = LEVEL + level;
            graph.addLayer(
                    name, new QuantizationBlock(spec, level == 1, updaters.codebooks()), states.get(states.size() - 1));
            states.add(name);
        }
        graph.addVertex("states", new MergeVertex(), states.toArray(new String[0]));
        graph.addLayer(QUANTIZATION, new LossLayer.Builder(QuantizationLoss.of(spec)).build(), "states");
        graph.setOutputs(CLASSIFICATION, QUANTIZATION);
    }

    private static void checkHeads(final NetworkSpec spec) {
        if (spec.labelVectors().length != spec.classes()) {
            throw UserException.usage("There are " + spec.labelVectors().length + " label vectors for " + spec.classes()
                    + " classes, so give labels.embeddings one line a class.");
        }
        for (final float[] vector : spec.labelVectors()) {
            if (vector.length != spec.dimensions()) {
                throw UserException.usage("Label vectors have " + vector.length
                        + " values, so set embedding.dimensions to that, from " + spec.dimensions() + ".");
            }
        }
        if (spec.dropout() < 0 || spec.dropout() >= 1) {
            throw UserException.usage("Set backbone.dropout within 0…1, below 1, from " + spec.dropout() + ".");
        }
    }

    /**
     * A training batch in the form the graph expects.
     *
     * @param images [N, 3, S, S], row-major
     * @param labels N rows of class indices; an empty row has no label
     */
    public static MultiDataSet batch(
            final float[] images, final int[][] labels, final int classes, final int inputSide) {
        final INDArray multiHot = Nd4j.zeros(DataType.FLOAT, labels.length, classes);
        for (int i = 0; i < labels.length; i++) {
            for (final int label : labels[i]) {
                multiHot.putScalar(i, label, 1);
            }
        }
        return new MultiDataSet(
                new INDArray[] {Nd4j.createFromArray(images).reshape('c', labels.length, 3, inputSide, inputSide)},
                new INDArray[] {multiHot, multiHot.dup()});
    }

    /** Embeddings [N, D] of images [N, 3, S, S], in inference mode. */
    public static INDArray embed(final ComputationGraph graph, final INDArray images) {
        return graph.output(List.of(EMBEDDING), false, new INDArray[] {images}, null)[0];
    }

    /** The graph's codebooks. */
    public static Codebooks codebooks(final ComputationGraph graph) {
        final int levels = levels(graph);
        final QuantizationBlock block =
                (QuantizationBlock) graph.getLayer(LEVEL + 1).conf().getLayer();
        final int size = block.getCodewords() * block.getDimensions();
        final float[] values = new float[levels * size];
        for (int level = 0; level < levels; level++) {
            final float[] codebook = codebook(graph, level).dup('c').data().asFloat();
            System.arraycopy(codebook, 0, values, level * size, size);
        }
        return new Codebooks(levels, block.getCodewords(), block.getDimensions(), values);
    }

    /**
     * Replaces the graph's codebooks, as the K-means start does.
     *
     * @throws IllegalArgumentException where their shape is not the graph's
     */
    public static void setCodebooks(final ComputationGraph graph, final Codebooks codebooks) {
        final Codebooks present = codebooks(graph);
        if (present.levels() != codebooks.levels()
                || present.codewords() != codebooks.codewords()
                || present.dimensions() != codebooks.dimensions()) {
            throw new IllegalArgumentException(codebooks + " do not fit a graph with " + present + ".");
        }
        final INDArray values = Nd4j.createFromArray(codebooks.values())
                .reshape('c', codebooks.levels(), codebooks.codewords(), codebooks.dimensions());
        for (int level = 0; level < codebooks.levels(); level++) {
            codebook(graph, level).assign(values.slice(level));
        }
    }

    private static INDArray codebook(final ComputationGraph graph, final int level) {
        return graph.getLayer(LEVEL + (level + 1)).getParam(CodebookParamInitializer.CODEBOOK);
    }

    private static int levels(final ComputationGraph graph) {
        int levels = 0;
        while (graph.getConfiguration().getVertices().containsKey(LEVEL + (levels + 1))) {
            levels++;
        }
        return levels;
    }

    /**
     * Switches the weights of the loss terms, as the step from the semantic to the joint stage does. They are part of the
     * configuration, so that copies of the graph (the workers' ones, network.zip) carry them.
     */
    public static void setLossWeights(final ComputationGraph graph, final NetworkSpec.LossWeights weights) {
        for (final String output : List.of(CLASSIFICATION, QUANTIZATION)) {
            setLossWeights(graph.getLayer(output).conf().getLayer(), weights);
            if (graph.getConfiguration().getVertices().get(output) instanceof LayerVertex vertex) {
                setLossWeights(vertex.getLayerConf().getLayer(), weights);
            }
        }
    }

    /** Losses are shared between copies of a configuration, hence replaced and never changed. */
    private static void setLossWeights(final Layer layer, final NetworkSpec.LossWeights weights) {
        if (layer instanceof LossLayer output && output.getLossFn() instanceof QuantizationLoss loss) {
            output.setLossFn(loss.with(weights));
        } else if (layer instanceof BaseOutputLayer output && output.getLossFn() instanceof ClassificationLoss loss) {
            output.setLossFn(new ClassificationLoss(weights.classification(), loss.several()));
        }
    }
}

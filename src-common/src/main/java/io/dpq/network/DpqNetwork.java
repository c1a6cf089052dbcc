package io.dpq.network;

import io.dpq.config.UserException;
import io.dpq.quantizer.Codebooks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Builds the DPQ computation graph (arXiv 1906.06698) and reaches its parts: backbone → features → embedding → one vertex a
 * quantization level. Its outputs are the classification (where there are classes), the quantization losses, and, where the spec
 * weighs it, the classification from each quantized prefix. A graph is not thread-safe.
 */
public final class DpqNetwork {
    /** The input vertex of a network that sees images [N, 3, S, S], normalised. */
    public static final String INPUT = "input";
    /** The input vertex of a network that takes vectors [N, length]. */
    public static final String VECTOR = "vector";
    /** The embedding [N, D], −1…1 under tanh. */
    public static final String EMBEDDING = "embedding";
    /** The first output: class probabilities [N, classes]; absent where there are no classes. */
    public static final String CLASSIFICATION = "classification";
    /** The next output: embedding and states side by side, for the losses. */
    public static final String QUANTIZATION = "quantization";

    /** The layer that whitens, in a network that does. */
    static final String WHITENING = "whitening";
    /** Side of the patches that it sees. */
    public static final int PATCH = 2;
    /** Values of such a patch, channel by channel and row by row. */
    public static final int PATCH_VALUES = 3 * PATCH * PATCH;
    /** Each filter and its negative, since what follows passes one sign only. */
    static final int WHITENING_FILTERS = 2 * PATCH_VALUES;

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
        final NetworkSpec.Input input = spec.input();
        final String entry = input.vectors() ? VECTOR : INPUT;
        final InputType type = input.vectors()
                ? InputType.feedForward(input.size())
                : InputType.convolutional(input.size(), input.size(), 3);
        final ComputationGraphConfiguration.GraphBuilder graph = new NeuralNetConfiguration.Builder()
                .seed(spec.seed())
                .dataType(dataType)
                .updater(updaters.head())
                .trainingWorkspaceMode(WorkspaceMode.ENABLED)
                .inferenceWorkspaceMode(WorkspaceMode.ENABLED)
                .graphBuilder()
                .addInputs(entry)
                .setInputTypes(type);
        final GraphAssembly assembly = new GraphAssembly(graph, spec, updaters);
        String features = Backbones.add(spec, assembly, entry);
        backbone.addAll(assembly.layers());
        // The scale of given vectors is their owner's affair: what is searched by them later has it too.
        if (spec.backbone().normaliseFeatures() && spec.backbone().kind() != NetworkSpec.Backbone.NONE) {
            graph.addLayer("features_bn", new BatchNormalization.Builder().build(), features);
            features = "features_bn";
        }
        Heads.add(graph, spec, updaters, features);
        final ComputationGraphConfiguration configuration = graph.build();
        checkLength(spec, configuration.getLayerActivationTypes(type));
        return configuration;
    }

    private static void checkLength(final NetworkSpec spec, final Map<String, InputType> types) {
        if (BackboneFiles.isStandIn(spec)) {
            return;
        }
        if (types.get(EMBEDDING) instanceof InputType.InputTypeFeedForward embedding
                && embedding.getSize() != spec.embedding().dimensions()) {
            throw UserException.usage("embedding.kind is identity and there are " + embedding.getSize()
                    + " features, so set embedding.dimensions to that, from "
                    + spec.embedding().dimensions() + ".");
        }
    }

    private static void checkHeads(final NetworkSpec spec) {
        if (spec.classes() == 0 && spec.loss().supervised()) {
            throw UserException.usage("There are no classes, so set loss.margin, loss.classification,"
                    + " loss.prefix-classification, loss.retrieval and loss.prefix-retrieval to 0, or give labels.");
        }
        if (spec.labelVectors().length != spec.classes()) {
            throw UserException.usage("There are " + spec.labelVectors().length + " label vectors for " + spec.classes()
                    + " classes, so give labels.embeddings one line a class.");
        }
        for (final float[] vector : spec.labelVectors()) {
            if (vector.length != spec.embedding().dimensions()) {
                throw UserException.usage(
                        "Label vectors have " + vector.length + " values, so set embedding.dimensions to that, from "
                                + spec.embedding().dimensions() + ".");
            }
        }
        if (spec.backbone().dropout() < 0 || spec.backbone().dropout() >= 1) {
            throw UserException.usage("Set backbone.dropout within 0…1, below 1, from "
                    + spec.backbone().dropout() + ".");
        }
    }

    /** Outputs of the graph of a spec, each of which takes a label array. */
    public static int outputs(final NetworkSpec spec) {
        return (spec.classes() > 0 ? 1 : 0)
                + 1
                + (spec.loss().prefixClassification() != 0 ? spec.quantization().levels() : 0);
    }

    /**
     * A training batch in the form the graph expects.
     *
     * @param values N images or vectors, row-major
     * @param labels N rows of class indices; an empty row has no label
     * @param classes number of classes; 0 is allowed where all rows are empty
     * @param outputs as {@link #outputs} counts them
     */
    public static MultiDataSet batch(
            final float[] values,
            final int[][] labels,
            final int classes,
            final NetworkSpec.Input input,
            final int outputs) {
        return batch(values, labels, classes, input.shape(labels.length), outputs);
    }

    /**
     * As {@link #batch(float[], int[][], int, NetworkSpec.Input, int)}, for a network that takes neither images nor vectors.
     *
     * @param shape of the whole input, N first
     */
    public static MultiDataSet batch(
            final float[] values, final int[][] labels, final int classes, final long[] shape, final int outputs) {
        // An array of no columns is none that Deeplearning4j could hand on.
        final INDArray multiHot = Nd4j.zeros(DataType.FLOAT, labels.length, Math.max(1, classes));
        for (int i = 0; i < labels.length; i++) {
            for (final int label : labels[i]) {
                multiHot.putScalar(i, label, 1);
            }
        }
        final INDArray[] targets = new INDArray[outputs];
        for (int output = 0; output < outputs; output++) {
            targets[output] = output == 0 ? multiHot : multiHot.dup();
        }
        return new MultiDataSet(new INDArray[] {Nd4j.createFromArray(values).reshape('c', shape)}, targets);
    }

    /**
     * Sets the filters that whiten, and their negatives behind them, in a network of the backbone airbench.
     *
     * @param filters {@value #PATCH_VALUES} of them, each of {@value #PATCH_VALUES} values as of a patch
     */
    public static void setWhitening(final ComputationGraph graph, final float[][] filters) {
        final INDArray positive =
                Nd4j.createFromArray(filters).reshape('c', PATCH_VALUES, PATCH_VALUES / (PATCH * PATCH), PATCH, PATCH);
        graph.getParam(WHITENING + "_W").assign(Nd4j.concat(0, positive, positive.neg()));
    }

    /** Embeddings [N, D] of images [N, 3, S, S] or vectors [N, length], in inference mode. */
    public static INDArray embed(final ComputationGraph graph, final INDArray input) {
        return activations(graph, input, EMBEDDING)[0];
    }

    /** The mean of the embeddings [N, D] of images [N, 3, S, S] and of their mirror images, in inference mode. */
    public static INDArray embedBothSides(final ComputationGraph graph, final INDArray images) {
        return embed(graph, images).add(embed(graph, mirrored(images))).muli(0.5);
    }

    /** Images [N, 3, S, S] with left and right exchanged, as a copy. */
    public static INDArray mirrored(final INDArray images) {
        final float[] values = images.dup('c').data().asFloat();
        final int width = (int) images.size(3);
        for (int row = 0; row < values.length; row += width) {
            for (int left = row, right = row + width - 1; left < right; left++, right--) {
                final float value = values[left];
                values[left] = values[right];
                values[right] = value;
            }
        }
        return Nd4j.createFromArray(values).reshape('c', images.shape());
    }

    /** What the named vertices yield of images [N, 3, S, S] or vectors [N, length], in inference mode. */
    public static INDArray[] activations(final ComputationGraph graph, final INDArray input, final String... names) {
        if (!graph.getConfiguration().getNetworkInputs().contains(INPUT)) {
            // Deeplearning4j 1.0.0-M2.1 leaves a workspace open where an output directly follows the input.
            final Map<String, INDArray> all = graph.feedForward(new INDArray[] {input}, false);
            return Arrays.stream(names).map(all::get).toArray(INDArray[]::new);
        }
        return graph.output(List.of(names), false, new INDArray[] {input}, null);
    }

    /** Whether the graph takes vectors and no images. */
    public static boolean takesVectors(final ComputationGraph graph) {
        return graph.getConfiguration().getNetworkInputs().contains(VECTOR);
    }

    /** Whether the graph has classes to tell apart. */
    public static boolean classifies(final ComputationGraph graph) {
        return graph.getConfiguration().getNetworkOutputs().contains(CLASSIFICATION);
    }

    /** D. */
    static int dimensions(final ComputationGraph graph) {
        return block(graph).getDimensions();
    }

    private static QuantizationBlock block(final ComputationGraph graph) {
        return (QuantizationBlock) graph.getLayer(Heads.LEVEL + 1).conf().getLayer();
    }

    /** The graph's codebooks. */
    public static Codebooks codebooks(final ComputationGraph graph) {
        final int levels = levels(graph);
        final QuantizationBlock block = block(graph);
        final int size = block.getCodewords() * block.getDimensions();
        final float[] values = new float[levels * size];
        for (int level = 0; level < levels; level++) {
            final float[] codebook = codebook(graph, level).dup('c').data().asFloat();
            System.arraycopy(codebook, 0, values, level * size, size);
        }
        return new Codebooks(levels, block.getCodewords(), block.getDimensions(), values).by(block.getSimilarity());
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
        return graph.getLayer(Heads.LEVEL + (level + 1)).getParam(CodebookParamInitializer.CODEBOOK);
    }

    private static int levels(final ComputationGraph graph) {
        int levels = 0;
        while (graph.getConfiguration().getVertices().containsKey(Heads.LEVEL + (levels + 1))) {
            levels++;
        }
        return levels;
    }

    /**
     * Switches the weights of the loss terms, as the step from the semantic to the joint stage does. They are part of the
     * configuration, so that copies of the graph (the workers' ones, network.zip) carry them.
     */
    public static void setLossWeights(final ComputationGraph graph, final NetworkSpec.LossWeights weights) {
        for (final String output : graph.getConfiguration().getNetworkOutputs()) {
            setLossWeights(output, graph.getLayer(output).conf().getLayer(), weights);
            if (graph.getConfiguration().getVertices().get(output) instanceof LayerVertex vertex) {
                setLossWeights(output, vertex.getLayerConf().getLayer(), weights);
            }
        }
    }

    /** Losses are shared between copies of a configuration, hence replaced and never changed. */
    private static void setLossWeights(final String name, final Layer layer, final NetworkSpec.LossWeights weights) {
        if (layer instanceof LossLayer output && output.getLossFn() instanceof QuantizationLoss loss) {
            output.setLossFn(loss.with(weights));
        } else if (layer instanceof BaseOutputLayer output && output.getLossFn() instanceof ClassificationLoss loss) {
            output.setLossFn(
                    loss.with(name.equals(CLASSIFICATION) ? weights.classification() : weights.prefixClassification()));
        }
    }
}

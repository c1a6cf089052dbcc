package io.dpq.network;

import io.dpq.quantizer.Similarity;
import java.util.Optional;

/**
 * Everything that decides the network's shape, losses and updaters.
 *
 * @param classes number of classes; 0 where nothing is labelled, and then no term may need labels
 * @param input what the network takes
 * @param backbone from the input to the features
 * @param embedding from the features to what is quantized
 * @param quantization of the embedding
 * @param loss weights of the terms
 * @param labelVectors [classes][D], unit or not; cosine is taken of them
 * @param optimizer updaters and schedule
 * @param totalSteps minibatches per worker of the whole training, for the schedule
 * @param semanticSteps of those, before the quantization terms join: until then codebooks have no gradient
 * @param seed of weights and dropout
 * @param severalLabels whether images may have several labels: sigmoid instead of softmax classification
 */
@SuppressWarnings("ArrayRecordComponent") // The label matrix is handed on, never compared.
public record NetworkSpec(
        int classes,
        Input input,
        BackboneSpec backbone,
        EmbeddingSpec embedding,
        QuantizationSpec quantization,
        LossWeights loss,
        float[][] labelVectors,
        OptimizerSpec optimizer,
        int totalSteps,
        int semanticSteps,
        long seed,
        boolean severalLabels) {
    private static final int CHANNELS = 3;

    /**
     * What the network takes: images [N, 3, size, size] or vectors [N, size].
     *
     * @param vectors whether it takes vectors
     * @param size side of the square images in pixels, or length of the vectors
     */
    public record Input(boolean vectors, int size) {
        /** Square images of a side. */
        public static Input images(final int side) {
            return new Input(false, side);
        }

        /** Vectors of a length. */
        public static Input vectors(final int length) {
            return new Input(true, length);
        }

        /** Floats of one example. */
        public int values() {
            return vectors ? size : CHANNELS * size * size;
        }

        /** Shape of {@code count} examples. */
        public long[] shape(final int count) {
            return vectors ? new long[] {count, size} : new long[] {count, CHANNELS, size, size};
        }
    }

    /** Kinds of backbones. */
    public enum Backbone {
        /** None: the input's vectors are the features. */
        NONE,
        /** A small plain CNN for 32-pixel images. */
        SIMPLE_CNN,
        /** The residual network for 32-pixel images (arXiv 1512.03385, section 4.2). */
        RESIDUAL_CNN,
        /** ResNet-9 for 32-pixel images (Page, myrtle.ai, 2018). */
        RESNET_9,
        /** The network of airbench for 32-pixel images (Jordan, arXiv 2404.00498). */
        AIRBENCH,
        /** SqueezeNet 1.0. */
        SQUEEZENET,
        /** AlexNet with grouped convolutions and LRN. */
        ALEXNET,
        /** The layers of a Keras h5 file. */
        KERAS,
        /** The layers of a Deeplearning4j ComputationGraph. */
        DL4J,
        /** An ONNX model, which never learns: the network then takes its features as vectors. */
        ONNX;

        /** Whether a file says what the backbone consists of, not only its weights. */
        public boolean fromFile() {
            return this == KERAS || this == DL4J || this == ONNX;
        }
    }

    /**
     * The way from the input to the features.
     *
     * @param kind of backbone
     * @param width first width of simple-cnn, residual-cnn, resnet-9 and airbench
     * @param depth weighted layers of residual-cnn, 6n + 2
     * @param weights local file of pretrained weights (Keras h5), or of the whole backbone
     * @param normaliseFeatures batch normalisation of the features before the heads; there is none of input vectors
     * @param frozenUpTo name of the last frozen layer
     * @param dropout probability of dropping a feature, 0…1
     * @param featureLayer the layer of a backbone from a file that yields the features; absent takes the last
     */
    public record BackboneSpec(
            Backbone kind,
            int width,
            int depth,
            Optional<String> weights,
            boolean normaliseFeatures,
            Optional<String> frozenUpTo,
            double dropout,
            Optional<String> featureLayer) {
        /** A backbone that is not cut off before its end. */
        public BackboneSpec(
                final Backbone kind,
                final int width,
                final int depth,
                final Optional<String> weights,
                final boolean normaliseFeatures,
                final Optional<String> frozenUpTo,
                final double dropout) {
            this(kind, width, depth, weights, normaliseFeatures, frozenUpTo, dropout, Optional.empty());
        }
    }

    /** Forms of the embedding. */
    public enum EmbeddingKind {
        /** tanh(W f + b) (the paper). */
        TANH,
        /** W f + b. */
        LINEAR,
        /** The features themselves. */
        IDENTITY
    }

    /**
     * What is quantized.
     *
     * @param kind of embedding
     * @param dimensions D
     */
    public record EmbeddingSpec(EmbeddingKind kind, int dimensions) {}

    /**
     * How the embedding is quantized.
     *
     * @param levels L
     * @param codewords K
     * @param similarity by which residuals choose codewords
     * @param gamma sharpness of the soft assignment
     * @param gradient which parameters distortions move
     */
    public record QuantizationSpec(
            int levels, int codewords, Similarity similarity, double gamma, GradientMode gradient) {}

    /** Which parameters the distortion terms move. */
    public enum GradientMode {
        /** Network and codebooks (the paper). */
        END_TO_END,
        /** Codebooks only (the authors' code). */
        CODEBOOKS_ONLY
    }

    /**
     * Weights of the loss terms; method.md gives the formulas.
     *
     * @param margin weight of L_S
     * @param classification λ
     * @param prefixClassification weight of the classification from each quantized prefix; 0 builds none
     * @param labelSmoothing share of every label that classifications spread evenly over the classes, 0…1
     * @param distortion τ
     * @param hard μ, relative to τ
     * @param match ν, relative to τ
     * @param retrieval weight of embeddings finding those that share a label with them
     * @param prefixRetrieval weight of embeddings finding each quantized prefix
     * @param sharpness κ of both
     */
    public record LossWeights(
            double margin,
            double classification,
            double prefixClassification,
            double labelSmoothing,
            double distortion,
            double hard,
            double match,
            double retrieval,
            double prefixRetrieval,
            double sharpness) {
        /** Without retrieval. */
        public LossWeights(
                final double margin,
                final double classification,
                final double prefixClassification,
                final double labelSmoothing,
                final double distortion,
                final double hard,
                final double match) {
            this(margin, classification, prefixClassification, labelSmoothing, distortion, hard, match, 0, 0, 0);
        }

        /** The terms of the paper alone. */
        public LossWeights(
                final double margin,
                final double classification,
                final double distortion,
                final double hard,
                final double match) {
            this(margin, classification, 0, 0, distortion, hard, match);
        }

        /** The semantic stage: no term that looks at codewords. */
        public LossWeights semanticOnly() {
            return new LossWeights(margin, classification, 0, labelSmoothing, 0, 0, 0, retrieval, 0, sharpness);
        }

        /** Whether any term needs labels. */
        public boolean supervised() {
            return margin != 0
                    || classification != 0
                    || prefixClassification != 0
                    || retrieval != 0
                    || prefixRetrieval != 0;
        }
    }

    /**
     * Updaters and schedule.
     *
     * @param kind of the network's updater
     * @param learningRate that the factors multiply
     * @param momentum of nesterovs and momentum
     * @param weightDecay share of itself, times the rate, that every weight loses a step
     * @param newFactor multiplies the rate for the weights of new layers
     * @param backboneFactor multiplies the rate for the weights of a pretrained backbone
     * @param biasFactor multiplies the rate of a new layer's weights for its biases
     * @param backboneBiasFactor multiplies the rate of a pretrained backbone's weights for its biases
     * @param codebookLearningRate Adam on the codebooks
     * @param schedule shape over totalSteps
     * @param warmupSteps steps of a linear warm-up
     * @param decay factor of the step schedule
     * @param decaySteps steps between two decays
     */
    public record OptimizerSpec(
            Kind kind,
            double learningRate,
            double momentum,
            double weightDecay,
            double newFactor,
            double backboneFactor,
            double biasFactor,
            double backboneBiasFactor,
            double codebookLearningRate,
            Schedule schedule,
            int warmupSteps,
            double decay,
            int decaySteps) {
        /** Updaters. */
        public enum Kind {
            /** Nesterov momentum. */
            NESTEROVS,
            /** Classical momentum (the authors' code). */
            MOMENTUM,
            /** Adam. */
            ADAM,
            /** Plain gradient descent. */
            SGD
        }

        /** Learning-rate shapes. */
        public enum Schedule {
            /** No change. */
            CONSTANT,
            /** Half a cosine down to zero. */
            COSINE,
            /** Times decay every decaySteps. */
            STEP
        }
    }
}

package io.dpq.network;

import java.util.Optional;

/**
 * Everything that decides the network's shape, losses and updaters.
 *
 * @param classes number of classes
 * @param inputSide pixels of the square input
 * @param backbone kind of backbone
 * @param backboneWidth first width of simple-cnn
 * @param weights local file of pretrained weights (Keras h5)
 * @param normaliseFeatures batch normalisation of the features before the heads
 * @param frozenUpTo name of the last frozen layer
 * @param dropout probability of dropping a feature, 0…1
 * @param dimensions D
 * @param levels L
 * @param codewords K
 * @param similarity of the soft assignment
 * @param gamma sharpness of the soft assignment
 * @param gradient which parameters distortions move
 * @param loss weights of the terms
 * @param labelVectors [classes][D], unit or not; cosine is taken of them
 * @param optimizer updaters and schedule
 * @param totalSteps minibatches per worker of the whole training, for the schedule
 * @param semanticSteps of those, before the quantization terms join: until then codebooks have no gradient
 * @param seed of weights and dropout
 * @param severalLabels whether images may have several labels: sigmoid instead of softmax classification
 * @param featureLayer the layer of a backbone from a file that yields the features; absent takes the last
 */
@SuppressWarnings("ArrayRecordComponent") // The label matrix is handed on, never compared.
public record NetworkSpec(
        int classes,
        int inputSide,
        Backbone backbone,
        int backboneWidth,
        Optional<String> weights,
        boolean normaliseFeatures,
        Optional<String> frozenUpTo,
        double dropout,
        int dimensions,
        int levels,
        int codewords,
        Similarity similarity,
        double gamma,
        GradientMode gradient,
        LossWeights loss,
        float[][] labelVectors,
        OptimizerSpec optimizer,
        int totalSteps,
        int semanticSteps,
        long seed,
        boolean severalLabels,
        Optional<String> featureLayer) {
    /** A network whose backbone is not cut off before its end. */
    public NetworkSpec(
            final int classes,
            final int inputSide,
            final Backbone backbone,
            final int backboneWidth,
            final Optional<String> weights,
            final boolean normaliseFeatures,
            final Optional<String> frozenUpTo,
            final double dropout,
            final int dimensions,
            final int levels,
            final int codewords,
            final Similarity similarity,
            final double gamma,
            final GradientMode gradient,
            final LossWeights loss,
            final float[][] labelVectors,
            final OptimizerSpec optimizer,
            final int totalSteps,
            final int semanticSteps,
            final long seed,
            final boolean severalLabels) {
        this(
                classes,
                inputSide,
                backbone,
                backboneWidth,
                weights,
                normaliseFeatures,
                frozenUpTo,
                dropout,
                dimensions,
                levels,
                codewords,
                similarity,
                gamma,
                gradient,
                loss,
                labelVectors,
                optimizer,
                totalSteps,
                semanticSteps,
                seed,
                severalLabels,
                Optional.empty());
    }

    /** Kinds of backbones. */
    public enum Backbone {
        /** A small plain CNN for 32-pixel images. */
        SIMPLE_CNN,
        /** SqueezeNet 1.0. */
        SQUEEZENET,
        /** AlexNet with grouped convolutions and LRN. */
        ALEXNET,
        /** The layers of a Keras h5 file. */
        KERAS,
        /** The layers of a Deeplearning4j ComputationGraph. */
        DL4J,
        /** An ONNX file, which never learns: the network then takes its features. */
        ONNX;

        /** Whether a file says what the backbone consists of, not only its weights. */
        public boolean fromFile() {
            return this == KERAS || this == DL4J || this == ONNX;
        }
    }

    /** Scores of the soft assignment. */
    public enum Similarity {
        /** −‖r − c‖² (the paper). */
        L2,
        /** cosine(r, c) (the authors' code). */
        COSINE
    }

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
     * @param distortion τ
     * @param hard μ, relative to τ
     * @param match ν, relative to τ
     */
    public record LossWeights(double margin, double classification, double distortion, double hard, double match) {
        /** The semantic stage: no quantization terms. */
        public LossWeights semanticOnly() {
            return new LossWeights(margin, classification, 0, 0, 0);
        }
    }

    /**
     * Updaters and schedule.
     *
     * @param kind of the network's updater
     * @param learningRate of new layers
     * @param momentum of nesterovs
     * @param weightDecay L2
     * @param backboneFactor multiplies the rate of the backbone
     * @param biasFactor multiplies the rate of new layers' biases
     * @param codebookLearningRate Adam on the codebooks
     * @param schedule shape over totalSteps
     * @param warmupSteps linear from zero
     * @param decay factor of the step schedule
     * @param decaySteps steps between two decays
     */
    public record OptimizerSpec(
            Kind kind,
            double learningRate,
            double momentum,
            double weightDecay,
            double backboneFactor,
            double biasFactor,
            double codebookLearningRate,
            Schedule schedule,
            int warmupSteps,
            double decay,
            int decaySteps) {
        /** Updaters. */
        public enum Kind {
            /** Nesterov momentum. */
            NESTEROVS,
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

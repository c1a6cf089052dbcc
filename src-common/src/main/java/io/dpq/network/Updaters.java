package io.dpq.network;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ISchedule;

/** The updaters of the network's parts, all on schedules of one shape. */
final class Updaters {
    private final NetworkSpec spec;

    Updaters(final NetworkSpec spec) {
        this.spec = spec;
    }

    /** Weights of new layers. */
    IUpdater head() {
        return network(headRate());
    }

    /** Biases of new layers. */
    IUpdater headBias() {
        return network(headBiasRate());
    }

    /** Weights of heads that learn only in the joint stage. */
    IUpdater jointHead() {
        return joint(headRate());
    }

    /** Biases of heads that learn only in the joint stage. */
    IUpdater jointHeadBias() {
        return joint(headBiasRate());
    }

    /** Weights of the backbone: at a rate of their own where they were trained before, else new. */
    IUpdater backbone() {
        return pretrained() ? network(backboneRate()) : head();
    }

    /** Biases of the backbone, which are new only where it was not trained before. */
    IUpdater backboneBias() {
        return pretrained() ? network(backboneRate() * spec.optimizer().backboneBiasFactor()) : headBias();
    }

    /** Codebooks always take Adam, as the authors' code does. */
    IUpdater codebooks() {
        return new Adam(new JointSchedule(
                RateSchedule.of(spec, spec.optimizer().codebookLearningRate()), spec.semanticSteps()));
    }

    private boolean pretrained() {
        return spec.backbone().weights().isPresent();
    }

    private double headRate() {
        return spec.optimizer().learningRate() * spec.optimizer().newFactor();
    }

    private double headBiasRate() {
        return headRate() * spec.optimizer().biasFactor();
    }

    private double backboneRate() {
        return spec.optimizer().learningRate() * spec.optimizer().backboneFactor();
    }

    /** Weight decay of weights; batch normalisation, biases and codebooks never take it. */
    List<Regularization> decay() {
        final double decay = spec.optimizer().weightDecay();
        return decay > 0 ? new ArrayList<>(List.of(new WeightDecay(decay, true))) : new ArrayList<>();
    }

    private IUpdater network(final double base) {
        return network(RateSchedule.of(spec, base));
    }

    private IUpdater network(final ISchedule rate) {
        return switch (spec.optimizer().kind()) {
            case NESTEROVS -> new Nesterovs(rate, spec.optimizer().momentum());
            case MOMENTUM -> new Momentum(rate, spec.optimizer().momentum());
            case ADAM -> new Adam(rate);
            case SGD -> new Sgd(rate);
        };
    }

    /** Only Adam counts steps before the first gradient; momentum of nothing is nothing. */
    private IUpdater joint(final double base) {
        return spec.optimizer().kind() == NetworkSpec.OptimizerSpec.Kind.ADAM
                ? new Adam(new JointSchedule(RateSchedule.of(spec, base), spec.semanticSteps()))
                : network(new LateSchedule(RateSchedule.of(spec, base), spec.semanticSteps()));
    }
}

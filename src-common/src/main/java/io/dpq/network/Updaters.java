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
        return network(1);
    }

    /** Biases of new layers. */
    IUpdater headBias() {
        return network(spec.optimizer().biasFactor());
    }

    /** Weights of the backbone: slower where they were trained before. */
    IUpdater backbone() {
        return spec.weights().isPresent() ? network(spec.optimizer().backboneFactor()) : head();
    }

    /** Biases of the backbone, which are new only where it was not trained before. */
    IUpdater backboneBias() {
        return spec.weights().isPresent() ? backbone() : headBias();
    }

    /** Codebooks always take Adam, as the authors' code does. */
    IUpdater codebooks() {
        return new Adam(new CodebookSchedule(
                RateSchedule.of(spec, spec.optimizer().codebookLearningRate()), spec.semanticSteps()));
    }

    /** Weight decay of weights; batch normalisation, biases and codebooks never take it. */
    List<Regularization> decay() {
        final double decay = spec.optimizer().weightDecay();
        return decay > 0 ? new ArrayList<>(List.of(new WeightDecay(decay, true))) : new ArrayList<>();
    }

    private IUpdater network(final double factor) {
        final ISchedule rate = RateSchedule.of(spec, factor * spec.optimizer().learningRate());
        return switch (spec.optimizer().kind()) {
            case NESTEROVS -> new Nesterovs(rate, spec.optimizer().momentum());
            case ADAM -> new Adam(rate);
            case SGD -> new Sgd(rate);
        };
    }
}

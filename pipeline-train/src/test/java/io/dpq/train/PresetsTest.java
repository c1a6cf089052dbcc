package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.config.Presets;
import io.dpq.image.Augmentation;
import io.dpq.network.NetworkSpec;
import io.dpq.quantizer.Similarity;
import io.dpq.train.data.EpochPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every preset that is shipped must be one that this job takes. */
class PresetsTest {
    @TempDir
    private Path temporary;

    @ParameterizedTest
    @MethodSource("io.dpq.config.Presets#all")
    void theJobPlansWithIt(final Path preset) throws IOException {
        assertThat(new TrainJob().plan(Presets.load(preset, temporary))).isNotEmpty();
    }

    /** What the preset says of the network, so that a change of a key's meaning shows. */
    @Test
    void thePaperPresetIsTheAuthorsChoice() throws IOException {
        final TrainSettings settings = TrainSettings.from(Presets.load(Presets.named("cifar10-paper.conf"), temporary));
        final NetworkSpec spec = settings.spec(new float[10][300], 19, Optional.of("weights.h5"), false);

        assertThat(spec.backbone().kind()).isEqualTo(NetworkSpec.Backbone.ALEXNET);
        assertThat(spec.backbone().dropout()).isEqualTo(0.5);
        assertThat(spec.loss()).isEqualTo(new NetworkSpec.LossWeights(1, 0.1, 0, 0, 1, 1, 0.1, 0, 0, 6));
        assertThat(spec.quantization())
                .isEqualTo(new NetworkSpec.QuantizationSpec(
                        4, 256, Similarity.COSINE, 1, NetworkSpec.GradientMode.CODEBOOKS_ONLY));
        final NetworkSpec.OptimizerSpec optimizer = spec.optimizer();
        assertThat(optimizer.kind()).isEqualTo(NetworkSpec.OptimizerSpec.Kind.MOMENTUM);
        assertThat(optimizer.learningRate() * optimizer.newFactor()).isEqualTo(1e-2);
        assertThat(optimizer.learningRate() * optimizer.newFactor() * optimizer.biasFactor())
                .isEqualTo(2e-2);
        assertThat(optimizer.learningRate() * optimizer.backboneFactor()).isEqualTo(1e-3);
        assertThat(optimizer.codebookLearningRate()).isEqualTo(1e-4);
        assertThat(settings.start()).isEqualTo(TrainSettings.Start.RANDOM);
        assertThat(settings.augmentation()).isEqualTo(Augmentation.cropAndFlip(true, true));
        assertThat(new EpochPlan(5000, settings.workers(), settings.batchSize(), settings.averagingFrequency())
                        .rounds())
                .isEqualTo(1);
        assertThat(spec.totalSteps()).isEqualTo(2 * spec.semanticSteps()).isEqualTo(1216);
    }
}

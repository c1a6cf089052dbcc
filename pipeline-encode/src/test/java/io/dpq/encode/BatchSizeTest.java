package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import io.dpq.model.ModelManifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BatchSizeTest {
    /** An image's tensor of three channels of four bytes, and what the network holds beside. */
    private static final long IMAGE = 64L * 3 * 4 * TestModel.SIDE * TestModel.SIDE;

    @TempDir
    private static Path folder;

    private static ModelManifest model;

    @BeforeAll
    static void publish() throws IOException {
        model = TestModel.publish(folder.resolve("model").toString(), 1);
    }

    private static BatchSize from(final String... sets) {
        final List<String> all = new ArrayList<>(List.of("seed=1"));
        all.addAll(List.of(sets));
        return BatchSize.from(DpqConfig.load(null, all));
    }

    @Test
    void memoryDecidesUnlessTheConfigurationDoes() {
        assertThat(from().of(model)).isEqualTo(32);
        assertThat(new BatchSize(0, 5 * IMAGE).of(model)).isEqualTo(5);
        assertThat(new BatchSize(0, 1).of(model)).isEqualTo(1);
        assertThat(from("encode.batch-size=100").of(model)).isEqualTo(100);
    }

    @Test
    void aMirrorImageIsOneMoreForTheNetwork() {
        final ImageContract image = model.image();
        final ModelManifest both = new ModelManifest(
                model.formatVersion(),
                model.modelId(),
                model.dimensions(),
                model.levels(),
                model.codewords(),
                model.score(),
                model.similarity(),
                model.labels(),
                new ImageContract(
                        image.version(),
                        image.fit(),
                        image.resize(),
                        image.crop(),
                        image.mean(),
                        image.deviation(),
                        image.maxPixels(),
                        image.maxBytes(),
                        true),
                model.backbone(),
                model.files(),
                model.provenance(),
                model.metrics());
        assertThat(from().of(both)).isEqualTo(16);
        assertThat(new BatchSize(0, 10 * IMAGE).of(both)).isEqualTo(5);
        assertThat(new BatchSize(0, 1).of(both)).isEqualTo(1);
        assertThat(from("encode.batch-size=100").of(both)).isEqualTo(100);
    }

    @Test
    void tasksOfAnExecutorShareItsMemory() {
        assertThat(from(
                                "resources.executor-native=1GiB",
                                "resources.cores-per-executor=4",
                                "resources.tasks-per-executor=4")
                        .nativeBytes())
                .isEqualTo(256L << 20);
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> from("encode.batch-size=0"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("encode.batch-size");
    }
}

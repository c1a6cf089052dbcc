package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.DpqConfig;
import io.dpq.config.Presets;
import io.dpq.config.UserException;
import io.dpq.network.DpqNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KeeperTest {
    @TempDir
    private Path folder;

    /** Its checkpoints would take the place of those of the training that goes on. */
    @Test
    void aTrainingThatWasTakenForDeadKeepsNothingMore() throws IOException {
        final Configuration hadoop = new Configuration();
        Presets.load(Presets.named("quickstart.conf"), folder);
        final TrainSettings settings = TrainSettings.from(
                DpqConfig.load(folder.resolve("quickstart.conf"), List.of("model.path=" + folder.resolve("model"))));
        final CheckpointStore store =
                CheckpointStore.open(folder.resolve("checkpoints").toString(), 2, hadoop);
        final TrainingState state = TrainingState.begin(
                DpqNetwork.build(settings.spec(new float[2][settings.dimensions()], 1, Optional.empty(), false)), 0);
        final List<String> said = new ArrayList<>();
        try (TrainingLocks locks = TrainingLocks.take(settings, hadoop)) {
            final Keeper keeper = new Keeper(store, locks, 1, "run", "revision", new Fingerprint(Map.of()), said::add);
            keeper.afterRound(state, 1, false);
            assertThat(store.newest(said::add)).isPresent();
            store.clear();

            final Path model = Path.of(settings.modelPath());
            Files.delete(model.resolveSibling("_" + model.getFileName() + ".lock"));
            assertThatThrownBy(() -> keeper.afterRound(state, 2, false))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("give its command again with --resume");
            assertThat(store.isEmpty()).isTrue();
        }
        assertThat(said).isEmpty();
    }
}

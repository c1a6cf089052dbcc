package io.dpq.train;

import io.dpq.arch.PipelineRules;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void keepsToTheRulesOfPipelines() {
        PipelineRules.check(
                "train", Set.of("ParameterAveraging", "MendedTrainingMaster", "MendedTrainingWorker", "StartOfRound"));
    }
}

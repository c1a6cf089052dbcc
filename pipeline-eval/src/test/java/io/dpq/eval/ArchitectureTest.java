package io.dpq.eval;

import io.dpq.arch.PipelineRules;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void keepsToTheRulesOfPipelines() {
        PipelineRules.check("eval", Set.of());
    }
}

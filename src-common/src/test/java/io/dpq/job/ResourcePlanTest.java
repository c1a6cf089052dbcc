package io.dpq.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.DpqConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResourcePlanTest {
    private static ResourcePlan plan(final String... sets) {
        return ResourcePlan.from(DpqConfig.load(null, List.of(sets)));
    }

    @Test
    void derivesEveryLimitFromOneBlock() {
        final Map<String, String> properties = plan(
                        "resources.executors=3",
                        "resources.cores-per-executor=8",
                        "resources.tasks-per-executor=2",
                        "resources.executor-heap=4GiB",
                        "resources.executor-native=6GiB")
                .sparkProperties("yarn");
        assertThat(properties)
                .containsEntry("spark.executor.instances", "3")
                .containsEntry("spark.executor.cores", "8")
                .containsEntry("spark.cores.max", "24")
                .containsEntry("spark.task.cpus", "4")
                .containsEntry("spark.executorEnv.OMP_NUM_THREADS", "4")
                .containsEntry("spark.executor.memory", "4096m")
                .containsEntry("spark.executor.memoryOverhead", "6912m");
        assertThat(properties.get("spark.executor.defaultJavaOptions"))
                .contains("-Dorg.bytedeco.javacpp.maxbytes=6144m")
                .contains("-Dorg.bytedeco.javacpp.maxphysicalbytes=11008m")
                .contains("helpers.disable=false")
                .contains("--add-modules=jdk.incubator.vector");
        assertThat(properties.get("spark.driver.defaultJavaOptions")).contains("--add-modules=jdk.incubator.vector");
    }

    @Test
    void aLocalRunTellsWhenCoresWillIdle() {
        assertThat(plan().table("local[1,4]", 2))
                .last()
                .asString()
                .startsWith("Of this machine's 2 cores 1 will work; to use more, raise resources.cores-per-executor");
        assertThat(plan().table("local[2,4]", 2)).hasSize(2);
        assertThat(plan().table("local[*]", 1000)).hasSize(3);
        assertThat(plan().table("yarn", 2)).noneMatch(line -> line.contains("will work"));
    }

    @Test
    void aLocalRunIsOneJvm() {
        final Map<String, String> properties = plan("resources.driver-heap=1GiB", "resources.executor-heap=3GiB")
                .sparkProperties("local[2,4]");
        assertThat(properties)
                .containsEntry("spark.driver.memory", "3072m")
                .containsEntry("spark.task.cpus", "2")
                .doesNotContainKey("spark.executor.memory");
        assertThat(plan().sparkProperties("local[1,4]")).containsEntry("spark.task.cpus", "1");
        assertThat(plan().sparkProperties("local")).containsEntry("spark.task.cpus", "1");
    }

    @Test
    void refusesSetsThatContradictThemselves() {
        assertThatThrownBy(() -> plan("resources.cores-per-executor=4", "resources.tasks-per-executor=3"))
                .hasMessageStartingWith(
                        "resources.tasks-per-executor is 3 but must divide resources.cores-per-executor, 4");
        assertThatThrownBy(() -> plan("resources.executor-native=100MiB"))
                .hasMessage("The key 'resources.executor-native' is 100MiB but must be at least 512MiB.");
        for (final String master : List.of("local[*]", "local[2]", "local", plan().masterOrLocal())) {
            assertThatThrownBy(() -> plan("resources.executor-heap=10000GiB").sparkProperties(master))
                    .hasMessageContaining("lower the heap or native sizes");
        }
        assertThatThrownBy(() -> plan().sparkProperties("local[two]"))
                .hasMessage("The Spark master 'local[two]' is not valid; write local[2] or local[*].");
    }
}

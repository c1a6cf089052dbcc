package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.train.averaging.DistributedTrainer;
import io.dpq.train.averaging.ParameterAveraging;
import io.dpq.train.averaging.RoundObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

class StallWatchdogTest {
    /** Never counted down. */
    private static final CountDownLatch NEVER = new CountDownLatch(1);
    /** Counted down by the driver when it has heard of a batch of a task that still runs. */
    private static final CountDownLatch HEARD = new CountDownLatch(1);

    private static SparkSession session;
    private static JavaSparkContext spark;

    @BeforeAll
    static void start() {
        session = SparkSession.builder()
                .config(LocalSpark.conf().set("spark.executor.heartbeatInterval", "100ms"))
                .getOrCreate();
        spark = LocalSpark.context(session);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    /** Batches, of which one waits in the middle. */
    private static final class Waiting implements Iterator<MultiDataSet> {
        private final CountDownLatch latch;
        private int next;

        Waiting(final CountDownLatch latch) {
            this.latch = latch;
        }

        @Override
        public boolean hasNext() {
            return next < 3;
        }

        @Override
        public MultiDataSet next() {
            next++;
            if (next == 2) {
                try {
                    latch.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return new org.nd4j.linalg.dataset.MultiDataSet(Nd4j.ones(4, 2), Nd4j.ones(4, 3));
        }
    }

    private static JavaRDD<MultiDataSet> hanging() {
        return spark.parallelize(List.of(1, 2), 2)
                .mapPartitions(part -> part.next() == 1 ? new Waiting(NEVER) : new Waiting(new CountDownLatch(0)));
    }

    private static ComputationGraph graph() {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                                .nIn(2)
                                .nOut(3)
                                .build(),
                        "in")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    /** Counts batches and measures nothing. */
    private static final class Counter implements RoundObserver {
        private static final long serialVersionUID = 1L;

        private final org.apache.spark.util.LongAccumulator batches = spark.sc().longAccumulator(RoundMeter.BATCHES);

        @Override
        public void batch() {
            batches.add(1);
        }

        @Override
        public void round(final ComputationGraph graph, final MultiDataSet batch) {}
    }

    @Test
    @Timeout(120)
    void aRoundThatHangsIsGivenUpWithASentence() {
        final DistributedTrainer trainer = new ParameterAveraging(spark, 4, 1, new Counter());
        try (StallWatchdog watchdog = new StallWatchdog(spark, Duration.ofSeconds(2))) {
            assertThatThrownBy(() -> watchdog.watch(
                            "epoch 2/9 (joint)  round 3/7", () -> trainer.round(graph(), 0, hanging(), 3)))
                    .isInstanceOf(StalledException.class)
                    .hasNoCause()
                    .hasMessageContaining("No batch was finished anywhere for 2 s in epoch 2/9 (joint)  round 3/7")
                    .hasMessageContaining("look at the thread dumps and logs of the executors");
            // Spark is whole again, and so is the watchdog.
            assertThat(watchdog.watch(
                            "the next", () -> spark.parallelize(List.of(1, 2)).count()))
                    .isEqualTo(2);
        }
    }

    @Test
    @Timeout(120)
    void aBatchIsHeardOfWhileItsTaskStillRuns() {
        final StallWatchdog.Listener listener = new StallWatchdog.Listener() {
            @Override
            void alive() {
                super.alive();
                HEARD.countDown();
            }
        };
        spark.sc().addSparkListener(listener);
        final DistributedTrainer trainer = new ParameterAveraging(spark, 4, 1, new Counter());
        // The one worker waits, after its first batch, until that batch was heard of: else this never ends.
        trainer.round(graph(), 0, spark.parallelize(List.of(1), 1).mapPartitions(part -> new Waiting(HEARD)), 3);
        assertThat(HEARD.getCount()).isZero();
        spark.sc().removeSparkListener(listener);
    }

    @Test
    void aTimeoutThatHeartbeatsCannotKeepIsRefused() {
        assertThatThrownBy(() -> new StallWatchdog(spark, Duration.ofMillis(150)))
                .isInstanceOf(UserException.class)
                .hasMessage("train.stall-timeout is 150 ms but workers report every 100 ms; raise it to 200 ms or more,"
                        + " or set it to 0.");
        new StallWatchdog(spark, Duration.ZERO).close();
    }
}

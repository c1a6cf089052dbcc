package io.dpq.train.averaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.train.LocalSpark;
import io.dpq.train.random.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Spark must do exactly what the definition of parameter averaging says, to the last bit. */
class ParameterAveragingTest {
    private static final int WORKERS = 2;
    private static final int FREQUENCY = 3;
    private static final int BATCH = 4;
    private static final int ROUNDS = 7;
    private static final int INPUTS = 5;
    private static final int CLASSES = 3;

    private static final RoundObserver NOBODY = new Nobody();

    private static JavaSparkContext spark;
    private static SparkSession session;

    @BeforeAll
    static void start() {
        session = LocalSpark.session();
        spark = LocalSpark.context(session);
    }

    @AfterAll
    static void stop() {
        session.stop();
    }

    static Stream<Arguments> updaters() {
        // The rate changes within a round and between rounds, so a count that restarts cannot go unseen.
        final ISchedule schedule = new MapSchedule(
                ScheduleType.ITERATION, new HashMap<>(Map.of(0, 0.05, 2, 0.04, 4, 0.03, 7, 0.02, 11, 0.1, 16, 0.01)));
        return Stream.of(
                Arguments.of("sgd", new Sgd(schedule)),
                Arguments.of("nesterovs", new Nesterovs(schedule, 0.9)),
                Arguments.of("adam", new Adam(schedule)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("updaters")
    void sparkEqualsTheExactSimulation(final String name, final IUpdater updater) {
        final ComputationGraph trained = graph(updater, 1.0);
        final ComputationGraph expected = graph(updater, 1.0);
        final DistributedTrainer trainer = new ParameterAveraging(spark, BATCH, 1, NOBODY);
        for (int round = 0; round < ROUNDS; round++) {
            final double loss = trainer.round(trained, 0, rdd(round), FREQUENCY);
            final double simulatedLoss = simulate(expected, round);
            assertThat(difference(trained.params(), expected.params()))
                    .as("parameters after round %d", round)
                    .isZero();
            assertThat(loss).isEqualTo(simulatedLoss);
            assertThat(trained.getConfiguration().getIterationCount()).isEqualTo((round + 1) * FREQUENCY);
            assertThat(trained.getConfiguration().getEpochCount()).isZero();
        }
        if (expected.getUpdater().getStateViewArray() != null) {
            assertThat(difference(
                            trained.getUpdater().getStateViewArray(),
                            expected.getUpdater().getStateViewArray()))
                    .isZero();
        }
    }

    /** Three workers fit one sum on the driver, five are added up in groups first; the order of a sum decides its last bits. */
    @ParameterizedTest(name = "{0}, {2} workers, averaged every {3} batches")
    @MethodSource("clusters")
    void anyNumberOfWorkersEqualsTheExactSimulation(
            final String name, final IUpdater updater, final int workers, final int frequency) {
        final ComputationGraph trained = graph(updater, 1.0);
        final ComputationGraph expected = graph(updater, 1.0);
        final DistributedTrainer trainer = new ParameterAveraging(spark, BATCH, 1, NOBODY);
        for (int round = 0; round < ROUNDS; round++) {
            final double loss = trainer.round(trained, 0, rdd(round, workers, frequency), frequency);
            assertThat(loss).isEqualTo(simulate(expected, round, workers, frequency));
            assertThat(difference(trained.params(), expected.params()))
                    .as("parameters after round %d", round)
                    .isZero();
        }
        if (expected.getUpdater().getStateViewArray() != null) {
            assertThat(difference(
                            trained.getUpdater().getStateViewArray(),
                            expected.getUpdater().getStateViewArray()))
                    .isZero();
        }
    }

    static Stream<Arguments> clusters() {
        return updaters()
                .flatMap(updater -> Stream.of(new int[] {3, 1}, new int[] {5, 2})
                        .map(cluster -> Arguments.of(updater.get()[0], updater.get()[1], cluster[0], cluster[1])));
    }

    /** The oracle can tell: upstream, unmended, misses it, with and without averaged updater state. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("updaters")
    void upstreamUnmendedDiffers(final String name, final IUpdater updater) {
        for (final boolean saveUpdater : new boolean[] {false, true}) {
            final ComputationGraph trained = graph(updater, 1.0);
            final ComputationGraph expected = graph(updater, 1.0);
            final SparkComputationGraph upstream = new SparkComputationGraph(
                    spark,
                    trained,
                    new ParameterAveragingTrainingMaster.Builder(WORKERS, BATCH)
                            .batchSizePerWorker(BATCH)
                            .averagingFrequency(FREQUENCY)
                            .repartionData(Repartition.Never)
                            .rddTrainingApproach(RDDTrainingApproach.Direct)
                            .saveUpdater(saveUpdater)
                            .build());
            for (int round = 0; round < ROUNDS; round++) {
                upstream.fitMultiDataSet(rdd(round));
                simulate(expected, round);
            }
            assertThat(difference(trained.params(), expected.params())).isGreaterThan(1e-4);
        }
    }

    @Test
    void epochSchedulesSeeTheEpoch() {
        final ISchedule schedule = new MapSchedule(ScheduleType.EPOCH, new HashMap<>(Map.of(0, 0.05, 1, 0.0)));
        final ComputationGraph trained = graph(new Sgd(schedule), 1.0);
        final DistributedTrainer trainer = new ParameterAveraging(spark, BATCH, 1, NOBODY);
        trainer.round(trained, 0, rdd(0), FREQUENCY);
        final INDArray after = trained.params().dup();
        trainer.round(trained, 1, rdd(1), FREQUENCY);
        assertThat(difference(trained.params(), after)).isZero();
    }

    @Test
    void dropoutIsDrawnFromTheSeed() {
        assertThat(difference(withDropout(5), withDropout(5))).isZero();
        assertThat(difference(withDropout(5), withDropout(6))).isGreaterThan(0);
    }

    @Test
    void workersDropDifferentUnits() {
        // Both workers see the same batch: only their dropout can tell them apart, so the mean must differ from one
        // worker's.
        final ComputationGraph two = graph(new Sgd(0.1), 0.5);
        final ComputationGraph one = graph(new Sgd(0.1), 0.5);
        final MultiDataSet batch = batch(0, 0, 0);
        final DistributedTrainer trainer = new ParameterAveraging(spark, BATCH, 1, NOBODY);
        trainer.round(two, 0, spark.parallelize(List.of(batch, batch), 2), 1);
        trainer.round(one, 0, spark.parallelize(List.of(batch), 1), 1);
        assertThat(difference(two.params(), one.params())).isGreaterThan(0);
    }

    @Test
    void kryoWithoutTheRegistratorIsRefused() {
        final SparkConf kryo =
                new SparkConf(false).set("spark.serializer", "org.apache.spark.serializer.KryoSerializer");
        assertThatThrownBy(() -> SerializerPreflight.check(kryo))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("spark.kryo.registrator=org.nd4j.kryo.Nd4jRegistrator");
        SerializerPreflight.check(
                kryo.set("spark.kryo.registrator", "com.example.Mine, org.nd4j.kryo.Nd4jRegistrator"));
        SerializerPreflight.check(new SparkConf(false));
    }

    private static INDArray withDropout(final long seed) {
        final ComputationGraph graph = graph(new Sgd(0.1), 0.5);
        final DistributedTrainer trainer = new ParameterAveraging(spark, BATCH, seed, NOBODY);
        for (int round = 0; round < 2; round++) {
            trainer.round(graph, 0, rdd(round), FREQUENCY);
        }
        return graph.params();
    }

    /** The definition: copies of the graph and its updater, each with its own batches, and the mean of both. */
    private static double simulate(final ComputationGraph graph, final int round) {
        return simulate(graph, round, WORKERS, FREQUENCY);
    }

    private static double simulate(
            final ComputationGraph graph, final int round, final int count, final int frequency) {
        final int iteration = round * frequency;
        final List<ComputationGraph> workers = new ArrayList<>();
        final List<Double> losses = new ArrayList<>();
        for (int worker = 0; worker < count; worker++) {
            final ComputationGraph copy =
                    new ComputationGraph(graph.getConfiguration().clone());
            copy.init(graph.params().dup(), false);
            if (graph.getUpdater().getStateViewArray() != null) {
                copy.getUpdater()
                        .setStateViewArray(
                                graph.getUpdater().getStateViewArray().dup());
            }
            copy.getConfiguration().setIterationCount(iteration);
            double sum = 0;
            for (int batch = 0; batch < frequency; batch++) {
                copy.fit(batch(round, worker, batch));
                sum += copy.score();
            }
            losses.add(sum / frequency);
            workers.add(copy);
        }
        graph.setParams(sum(workers.stream().map(ComputationGraph::params).toList(), INDArray::add)
                .div(count));
        if (graph.getUpdater().getStateViewArray() != null) {
            graph.getUpdater()
                    .setStateViewArray(sum(
                                    workers.stream()
                                            .map(worker -> worker.getUpdater().getStateViewArray())
                                            .toList(),
                                    INDArray::add)
                            .div(count));
        }
        return sum(losses, Double::sum) / count;
    }

    /** Up to three from the first to the last; more in groups of √K, rounded up, and then the groups. */
    private static <T> T sum(final List<T> values, final BinaryOperator<T> plus) {
        if (values.size() <= 3) {
            return values.stream().reduce(plus).orElseThrow();
        }
        final int group = (int) Math.ceil(Math.sqrt(values.size()));
        final List<T> groups = new ArrayList<>();
        for (int from = 0; from < values.size(); from += group) {
            groups.add(values.subList(from, Math.min(values.size(), from + group)).stream()
                    .reduce(plus)
                    .orElseThrow());
        }
        return groups.stream().reduce(plus).orElseThrow();
    }

    /** Watches nothing. */
    private static final class Nobody implements RoundObserver {
        private static final long serialVersionUID = 1L;

        @Override
        public void batch() {}

        @Override
        public void round(final ComputationGraph graph, final MultiDataSet batch) {}
    }

    private static JavaRDD<MultiDataSet> rdd(final int round) {
        return rdd(round, WORKERS, FREQUENCY);
    }

    private static JavaRDD<MultiDataSet> rdd(final int round, final int workers, final int frequency) {
        final List<MultiDataSet> batches = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            for (int batch = 0; batch < frequency; batch++) {
                batches.add(batch(round, worker, batch));
            }
        }
        return spark.parallelize(batches, workers);
    }

    private static MultiDataSet batch(final int round, final int worker, final int batch) {
        final INDArray features = Nd4j.create(BATCH, INPUTS);
        final INDArray labels = Nd4j.create(BATCH, CLASSES);
        final java.util.Random random = new java.util.Random(Seeds.mix(9, round, worker, batch));
        for (int row = 0; row < BATCH; row++) {
            for (int column = 0; column < INPUTS; column++) {
                features.putScalar(row, column, random.nextGaussian());
            }
            labels.putScalar(row, random.nextInt(CLASSES), 1);
        }
        return new org.nd4j.linalg.dataset.MultiDataSet(features, labels);
    }

    private static ComputationGraph graph(final IUpdater updater, final double keep) {
        final ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(updater)
                .weightInit(WeightInit.XAVIER)
                .graphBuilder()
                .addInputs("in")
                .addLayer(
                        "hidden",
                        new DenseLayer.Builder()
                                .nIn(INPUTS)
                                .nOut(6)
                                .dropOut(keep == 1.0 ? 0 : keep)
                                .activation(Activation.TANH)
                                .build(),
                        "in")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                                .nIn(6)
                                .nOut(CLASSES)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "hidden")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    private static double difference(final INDArray a, final INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}

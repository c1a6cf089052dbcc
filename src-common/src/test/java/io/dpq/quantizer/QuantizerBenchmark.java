package io.dpq.quantizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Vectors encoded a second, one thread, at the usual shape: D = 300, 4 levels of 256. Not a test: run by name with
 * {@code -Dbench=rounds}. The contenders alternate, each round in JVMs of their own, so that what else the machine does
 * meets all alike; medians of the rounds are printed.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 1)
public class QuantizerBenchmark {
    private static final int COUNT = 960;
    private static final int FEW = 48;
    private static final int LEVELS = 4;
    private static final int CODEWORDS = 256;
    private static final int DIMENSIONS = 300;

    /** Which kernel. */
    @Param({"plain", "best"})
    public String kernel = "plain";

    private Codebooks codebooks = new Codebooks(1, 2, 1, new float[2]);
    private ResidualEncoder encoder = new ResidualEncoder(codebooks);
    private float[] vectors = {};
    private final short[] codes = new short[COUNT * LEVELS];

    /** Codebooks as training leaves them: fitted, each level shorter than the one before. */
    @Setup
    public void fit() {
        final Random random = new Random(1);
        vectors = new float[COUNT * DIMENSIONS];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) Math.tanh(random.nextGaussian());
        }
        codebooks = ResidualKMeans.fit(vectors, COUNT, DIMENSIONS, LEVELS, CODEWORDS, 3, 1);
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) Math.tanh(random.nextGaussian());
        }
        encoder = new ResidualEncoder(codebooks, kernel.equals("plain") ? new PlainKernel() : Kernels.best());
    }

    /** The product's encoder with the kernel of the parameter. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public short[] encode() {
        encoder.encode(vectors, COUNT, codes);
        return codes;
    }

    /** The residual definition, word for word. */
    @Benchmark
    @OperationsPerInvocation(FEW)
    public short[] definition() {
        return PlainResidual.encode(codebooks, vectors, FEW);
    }

    @Test
    @EnabledIfSystemProperty(named = "bench", matches = "[1-9][0-9]*")
    void compare() throws Exception {
        final Map<String, List<Double>> rates = new TreeMap<>();
        for (int round = 0; round < Integer.getInteger("bench"); round++) {
            for (final String contender : List.of("encode best", "encode plain", "definition plain")) {
                final String[] words = contender.split(" ");
                final double rate = new Runner(new OptionsBuilder()
                                .include(QuantizerBenchmark.class.getName() + "." + words[0] + "$")
                                .param("kernel", words[1])
                                .forks(1)
                                .threads(1)
                                .timeout(TimeValue.minutes(2))
                                .jvmArgs("-Xmx1g", "--add-modules=jdk.incubator.vector")
                                .build())
                        .runSingle()
                        .getPrimaryResult()
                        .getScore();
                rates.computeIfAbsent(contender, unused -> new ArrayList<>()).add(rate);
            }
        }
        System.out.println("Kernel of this JVM: " + Kernels.best().description());
        rates.forEach((contender, all) -> {
            final double[] sorted =
                    all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            System.out.printf(
                    Locale.ROOT,
                    "%-18s median %8.0f vectors/s of %s%n",
                    contender,
                    sorted[sorted.length / 2],
                    Arrays.toString(Arrays.stream(sorted).mapToLong(Math::round).toArray()));
        });
    }
}

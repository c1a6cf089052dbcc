package io.dpq.network;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** How far an exported encoder is from the network it was made of. Stateless. */
public final class ExportParity {
    /** Inputs that an export is tried on at once. */
    static final int PROBES = 4;

    private static final int BATCHES = 5;
    /** No rounding is that large, whatever cancels. */
    private static final double MOST_ROUNDING = 1e-2;

    private ExportParity() {}

    /** As {@link #of(ComputationGraph, byte[], NetworkSpec.Input, boolean, long)}, of an encoder that takes inputs as they are. */
    public static double of(
            final ComputationGraph graph, final byte[] onnx, final NetworkSpec.Input input, final long seed) {
        return of(graph, onnx, input, false, seed);
    }

    /**
     * Largest difference between the graph and its export on seeded probes, relative to the largest embedding value. Half of a batch
     * is of faint inputs, which leave tanh unsaturated, half of loud ones; each half is measured by itself, lest the one hide the
     * other, and the worse one counts. Of five batches the median is returned, or NaN where anything is no finite number: large
     * values that happen to cancel before tanh leave a rounding a hundred times as large as usual, which an export that is wrong
     * shows everywhere.
     *
     * @param mirror whether the encoder takes both sides of an image
     */
    public static double of(
            final ComputationGraph graph,
            final byte[] onnx,
            final NetworkSpec.Input input,
            final boolean mirror,
            final long seed) {
        final long[] shape = input.shape(PROBES);
        final List<float[]> batches = batches(input, seed);
        final List<float[][]> found = EncoderExport.run(onnx, batches, shape);
        final double[] differences = new double[BATCHES];
        for (int batch = 0; batch < BATCHES; batch++) {
            final INDArray inputs = Nd4j.createFromArray(batches.get(batch)).reshape('c', shape);
            final INDArray expected =
                    mirror ? DpqNetwork.embedBothSides(graph, inputs) : DpqNetwork.embed(graph, inputs);
            differences[batch] = worseHalf(expected.toFloatMatrix(), found.get(batch));
        }
        return typical(differences);
    }

    /** The median, or the largest where that is beyond what rounding does, or NaN where any is no finite number. */
    static double typical(final double[] differences) {
        final double[] sorted = differences.clone();
        Arrays.sort(sorted);
        // NaN is sorted behind everything.
        final double largest = sorted[sorted.length - 1];
        if (!Double.isFinite(largest)) {
            return Double.NaN;
        }
        return largest > MOST_ROUNDING ? largest : sorted[sorted.length / 2];
    }

    /** Probes of all batches. */
    static List<float[]> batches(final NetworkSpec.Input input, final long seed) {
        return LongStream.range(seed, seed + BATCHES)
                .mapToObj(batch -> probes(input, batch))
                .toList();
    }

    /** Four seeded inputs, two of them faint and two loud. */
    private static float[] probes(final NetworkSpec.Input input, final long seed) {
        final float[] values = new float[PROBES * input.values()];
        final Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (i < values.length / 2 ? 1 : 64));
        }
        return values;
    }

    static double worseHalf(final float[][] expected, final float[][] actual) {
        final int half = expected.length / 2;
        return Math.max(relative(expected, actual, 0, half), relative(expected, actual, half, expected.length));
    }

    private static double relative(final float[][] expected, final float[][] actual, final int from, final int to) {
        double difference = 0;
        double largest = 0;
        for (int row = from; row < to; row++) {
            for (int d = 0; d < expected[row].length; d++) {
                difference = Math.max(difference, Math.abs((double) actual[row][d] - expected[row][d]));
                largest = Math.max(largest, Math.abs(expected[row][d]));
            }
        }
        return difference / largest;
    }
}

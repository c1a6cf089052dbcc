package io.dpq.model;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.dpq.config.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Embeds by ONNX Runtime on {@code encoder.onnx} (input "image" [N,3,S,S] or "vector" [N,length], output "embedding" [N,D]). A graph with other
 * names is taken too if it has exactly one input and one output. Thread-safe; must not be closed while a call runs.
 */
public final class OnnxEmbedder implements Embedder {
    private static final int CHANNELS = 3;

    private final OrtSession session;
    private final OrtEnvironment environment;
    private final String input;
    private final String output;
    private final int inputSide;
    private final int vectorLength;
    private final int dimensions;
    /** Native memory of finished calls, one buffer a concurrent caller: allocating it anew costs a page fault a page. */
    private final Queue<FloatBuffer> buffers = new ConcurrentLinkedQueue<>();

    /**
     * Opens a session.
     *
     * @param onnx the bytes of encoder.onnx
     * @param inputSide S
     * @param threads intra-op threads of one call
     */
    public OnnxEmbedder(final byte[] onnx, final int inputSide, final int threads) {
        this.inputSide = inputSide;
        this.environment = OrtEnvironment.getEnvironment();
        this.session = open(environment, onnx, threads);
        try {
            this.input = single("input", session.getInputNames());
            this.output = single("output", session.getOutputNames());
            this.vectorLength = vectorLength(tensor(session.getInputInfo().get(input), input), inputSide);
            this.dimensions = dimensions(tensor(session.getOutputInfo().get(output), output));
        } catch (final OrtException e) {
            close();
            throw unusable(e);
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    private static OrtSession open(final OrtEnvironment environment, final byte[] onnx, final int threads) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            // Idle threads would otherwise burn the cores that the other tasks of the executor decode on.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            return environment.createSession(onnx, options);
        } catch (final OrtException e) {
            throw unusable(e);
        }
    }

    private static UserException unusable(final OrtException e) {
        return UserException.data(
                "The model's encoder.onnx cannot be opened by ONNX Runtime (" + e.getMessage()
                        + "); export the model again.",
                e);
    }

    private static String single(final String what, final Set<String> names) {
        if (names.size() != 1) {
            throw UserException.data("The model's encoder.onnx has the " + what + "s " + names
                    + " but must have exactly one; export the model again.");
        }
        return names.iterator().next();
    }

    private static TensorInfo tensor(final @Nullable NodeInfo node, final String name) {
        if (node != null && node.getInfo() instanceof TensorInfo info && info.type == OnnxJavaType.FLOAT) {
            return info;
        }
        throw UserException.data(
                "The value '" + name + "' of the model's encoder.onnx is not a float tensor; export the model again.");
    }

    /** The length of the vectors that are asked for, or 0 where they are images. */
    private static int vectorLength(final TensorInfo info, final int inputSide) {
        final long[] shape = info.getShape();
        if (shape.length == 2 && shape[1] > 0) {
            return Math.toIntExact(shape[1]);
        }
        final boolean fits = shape.length == 4
                && free(shape[0])
                && (free(shape[1]) || shape[1] == CHANNELS)
                && (free(shape[2]) || shape[2] == inputSide)
                && (free(shape[3]) || shape[3] == inputSide);
        if (!fits) {
            throw UserException.data("The input of the model's encoder.onnx has the shape "
                    + Arrays.toString(shape) + " but [N, 3, " + inputSide + ", " + inputSide
                    + "] is asked for; set image.crop to the side that the model was trained with.");
        }
        return 0;
    }

    private int inputLength() {
        return vectorLength > 0 ? vectorLength : CHANNELS * inputSide * inputSide;
    }

    private static boolean free(final long dimension) {
        return dimension < 0;
    }

    private int dimensions(final TensorInfo info) throws OrtException {
        final long[] declared = info.getShape();
        if (declared.length == 2 && declared[1] > 0) {
            return Math.toIntExact(declared[1]);
        }
        // The graph leaves the length open: one black image tells it.
        final int values = inputLength();
        final FloatBuffer buffer = direct(values);
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, buffer, shape(1));
                OrtSession.Result result = session.run(Map.of(input, tensor))) {
            if (result.get(0) instanceof OnnxTensor found && found.getInfo().getShape().length == 2) {
                return Math.toIntExact(found.getInfo().getShape()[1]);
            }
        }
        throw UserException.data("The output '" + output
                + "' of the model's encoder.onnx is not of shape [N, D]; export the model again.");
    }

    private long[] shape(final int count) {
        return vectorLength > 0 ? new long[] {count, vectorLength} : new long[] {count, CHANNELS, inputSide, inputSide};
    }

    private static FloatBuffer direct(final int values) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(values, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    @Override
    public int vectorLength() {
        return vectorLength;
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    @Override
    public float[] embed(final float[] images, final int count) {
        final int values = Math.multiplyExact(count, inputLength());
        if (count < 1 || images.length < values) {
            throw new IllegalArgumentException(
                    images.length + " floats are not " + count + " inputs of " + inputLength() + " floats");
        }
        final float[] embeddings = new float[count * dimensions];
        embed(count, buffer -> buffer.put(images, 0, values), embeddings);
        return embeddings;
    }

    @Override
    public void embed(final float[][] inputs, final float[] embeddings) {
        for (final float[] one : inputs) {
            if (one.length != inputLength()) {
                throw new IllegalArgumentException(
                        one.length + " floats are not an input of " + inputLength() + " floats");
            }
        }
        embed(
                inputs.length,
                buffer -> {
                    for (final float[] one : inputs) {
                        buffer.put(one);
                    }
                },
                embeddings);
    }

    private void embed(final int count, final Consumer<FloatBuffer> inputs, final float[] into) {
        final int values = Math.multiplyExact(count, inputLength());
        final FloatBuffer buffer = borrow(values);
        buffer.clear().limit(values);
        inputs.accept(buffer);
        buffer.flip();
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, buffer, shape(count));
                OrtSession.Result result = session.run(Map.of(input, tensor))) {
            final FloatBuffer embeddings = ((OnnxTensor) result.get(0)).getFloatBuffer();
            if (embeddings.remaining() != count * dimensions) {
                throw new IllegalStateException("ONNX Runtime returned " + embeddings.remaining() + " values for "
                        + count + " embeddings of " + dimensions);
            }
            embeddings.get(into, 0, count * dimensions);
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime failed on a batch of " + count, e);
        } finally {
            buffers.add(buffer);
        }
    }

    private FloatBuffer borrow(final int values) {
        final FloatBuffer pooled = buffers.poll();
        return pooled != null && pooled.capacity() >= values ? pooled : direct(values);
    }

    @Override
    public void close() {
        buffers.clear();
        try {
            session.close();
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime could not close the session", e);
        }
    }
}

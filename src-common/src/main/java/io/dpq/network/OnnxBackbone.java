package io.dpq.network;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.dpq.config.UserException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import onnx.Onnx;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.InvalidProtocolBufferException;

/**
 * A given ONNX image model as a frozen backbone: checked at the door, cut off behind its features, and joined to the head that
 * was trained on them. Immutable.
 */
public final class OnnxBackbone {
    /** The first version whose operators all have the forms that a head is written in. */
    private static final long LEAST_OPSET = 7;

    private static final String IMAGE = "image";
    private static final String FEATURES = "features";
    private static final int PROBES = 2;

    private final String file;
    private final Onnx.ModelProto model;
    private final int length;

    private OnnxBackbone(final String file, final Onnx.ModelProto model, final int length) {
        this.file = file;
        this.model = model;
        this.length = length;
    }

    /**
     * Checks a model on images of a side.
     *
     * @param file for messages
     * @param feature name of the value that holds features [N, F] or [N, C, H, W], which are averaged over the image; absent
     *     takes the only output
     * @throws UserException where the model does not take images [N, 3, side, side] or does not yield such features
     */
    public static OnnxBackbone open(
            final String file, final byte[] onnx, final Optional<String> feature, final int side) {
        final Onnx.ModelProto given = parse(file, onnx);
        final String input = OnnxParts.input(given.getGraph())
                .orElseThrow(() -> refuse(file, "does not have exactly one input", "choose a model of images alone"));
        final List<String> outputs = given.getGraph().getOutputList().stream()
                .map(Onnx.ValueInfoProto::getName)
                .toList();
        final String output = feature.orElseGet(() -> {
            if (outputs.size() != 1) {
                throw UserException.usage("The model " + file + " has the outputs " + String.join(", ", outputs)
                        + ", so name one of them in backbone.feature-layer.");
            }
            return outputs.get(0);
        });
        if (!OnnxParts.yields(given.getGraph(), output)) {
            throw UserException.usage("backbone.feature-layer names \"" + output + "\", which the model " + file
                    + " does not yield; its outputs are " + String.join(", ", outputs) + ".");
        }
        final Onnx.ModelProto cut = OnnxParts.cut(given, input, IMAGE, output);
        final long[] shape = tryOut(file, cut, side);
        return new OnnxBackbone(
                file, OnnxParts.withFeatures(cut, shape.length == 4, FEATURES), Math.toIntExact(shape[1]));
    }

    private static UserException refuse(final String file, final String what, final String remedy) {
        return UserException.data("The ONNX model " + file + " " + what + ", so " + remedy + ".");
    }

    private static Onnx.ModelProto parse(final String file, final byte[] onnx) {
        final Onnx.ModelProto model;
        try {
            model = Onnx.ModelProto.parseFrom(onnx);
        } catch (final InvalidProtocolBufferException e) {
            throw UserException.data("The file " + file + " is no ONNX model, so point backbone.weights to one.", e);
        }
        if (OnnxParts.isExternal(model.getGraph())) {
            throw refuse(file, "keeps weights in other files", "save it as one file");
        }
        final long opset = model.getOpsetImportList().stream()
                .filter(set -> set.getDomain().isEmpty() || set.getDomain().equals("ai.onnx"))
                .mapToLong(Onnx.OperatorSetIdProto::getVersion)
                .max()
                .orElse(0);
        if (opset < LEAST_OPSET) {
            throw refuse(file, "is of operator set " + opset, "export it again with operator set 13 or later");
        }
        return model;
    }

    /** The shape of two images' features. */
    private static long[] tryOut(final String file, final Onnx.ModelProto model, final int side) {
        final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(model.toByteArray())) {
            checkInput(file, session.getInputInfo().values().iterator().next(), side);
            final long[] shape = {PROBES, 3, side, side};
            try (OnnxTensor images = OnnxTensor.createTensor(
                            environment, FloatBuffer.allocate(PROBES * 3 * side * side), shape);
                    OrtSession.Result result = session.run(Map.of(IMAGE, images))) {
                if (!(result.get(0) instanceof OnnxTensor features) || features.getInfo().type != OnnxJavaType.FLOAT) {
                    throw refuse(file, "does not yield float features", "name others in backbone.feature-layer");
                }
                final long[] found = features.getInfo().getShape();
                if ((found.length != 2 && found.length != 4) || found[0] != PROBES) {
                    throw refuse(
                            file,
                            "yields " + Arrays.toString(found) + " for two images and not [2, F] or [2, C, H, W]",
                            "name other features in backbone.feature-layer");
                }
                return found;
            }
        } catch (final OrtException e) {
            throw UserException.data(
                    "The ONNX model " + file + " cannot be run on images of " + side + " pixels (" + e.getMessage()
                            + "), so set image.crop to the side it was made for or export it again.",
                    e);
        }
    }

    private static void checkInput(final String file, final NodeInfo node, final int side) {
        if (!(node.getInfo() instanceof TensorInfo info) || info.type != OnnxJavaType.FLOAT) {
            throw refuse(file, "does not take float images", "export it with float32 input");
        }
        final long[] shape = info.getShape();
        if (shape.length == 4 && shape[3] == 3 && shape[1] != 3) {
            throw refuse(file, "takes channel-last images " + Arrays.toString(shape), "export it channel-first");
        }
        if (shape.length != 4 || (shape[1] >= 0 && shape[1] != 3)) {
            throw refuse(file, "takes inputs " + Arrays.toString(shape), "choose one of colour images [N, 3, S, S]");
        }
        if (shape[0] >= 0) {
            throw refuse(file, "takes exactly " + shape[0] + " images at once", "export it with a free batch size");
        }
        for (final long size : new long[] {shape[2], shape[3]}) {
            if (size >= 0 && size != side) {
                throw UserException.usage("The ONNX model " + file + " takes images of " + shape[2] + " by " + shape[3]
                        + " pixels, so set image.crop to that, from " + side + ".");
            }
        }
    }

    /** F. */
    public int length() {
        return length;
    }

    /** The model alone: input "image" [N, 3, S, S], output "features" [N, F]. */
    public byte[] features() {
        return model.toByteArray();
    }

    /**
     * The whole encoder: the model with a head behind it.
     *
     * @param head trained on the features: its export has one input and the output "embedding"
     * @throws UserException where both together are larger than an ONNX file can be
     */
    public byte[] with(final ComputationGraph head) {
        final byte[] exported = EncoderExport.toOnnx(head);
        if ((long) model.getSerializedSize() + exported.length > Integer.MAX_VALUE - 1024) {
            throw refuse(file, "is too large to be stored with the head in one file of 2 GB", "choose a smaller one");
        }
        try {
            return OnnxParts.join(model, FEATURES, Onnx.ModelProto.parseFrom(exported))
                    .toByteArray();
        } catch (final InvalidProtocolBufferException e) {
            throw new IllegalStateException("The head's export is no ONNX model.", e);
        }
    }

    /** As {@link ExportParity#of}, of a head on this model's features against the encoder that {@link #with} made. */
    public double parity(final ComputationGraph head, final byte[] encoder, final int side, final long seed) {
        final NetworkSpec.Input input = NetworkSpec.Input.images(side);
        final long[] shape = input.shape(ExportParity.PROBES);
        final List<float[]> batches = ExportParity.batches(input, seed);
        final List<float[][]> features = EncoderExport.run(features(), batches, shape);
        final List<float[][]> found = EncoderExport.run(encoder, batches, shape);
        final double[] differences = new double[batches.size()];
        Arrays.setAll(
                differences,
                batch -> ExportParity.worseHalf(
                        DpqNetwork.embed(head, Nd4j.create(features.get(batch))).toFloatMatrix(), found.get(batch)));
        return ExportParity.typical(differences);
    }
}

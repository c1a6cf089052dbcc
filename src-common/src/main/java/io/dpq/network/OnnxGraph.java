package io.dpq.network;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import onnx.Onnx;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.protobuf.ByteString;

/** Puts together an ONNX graph node by node. Every node yields one value and bears its name. */
final class OnnxGraph {
    /** Opset 13 holds every operator used and is read by every ONNX Runtime since 2021. */
    private static final int OPSET = 13;

    private static final int IR_VERSION = 7;

    private final Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder().setName("encoder");

    /** A float input or output, a name for a dimension of any size and a number for a fixed one. */
    private static Onnx.ValueInfoProto value(final String name, final List<Object> shape) {
        final Onnx.TensorShapeProto.Builder dimensions = Onnx.TensorShapeProto.newBuilder();
        for (final Object size : shape) {
            dimensions.addDim(
                    size instanceof Number number
                            ? Onnx.TensorShapeProto.Dimension.newBuilder().setDimValue(number.longValue())
                            : Onnx.TensorShapeProto.Dimension.newBuilder().setDimParam(size.toString()));
        }
        return Onnx.ValueInfoProto.newBuilder()
                .setName(name)
                .setType(Onnx.TypeProto.newBuilder()
                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                .setElemType(Onnx.TensorProto.DataType.FLOAT.getNumber())
                                .setShape(dimensions)))
                .build();
    }

    void input(final String name, final Object... shape) {
        graph.addInput(value(name, List.of(shape)));
    }

    void output(final String name, final Object... shape) {
        graph.addOutput(value(name, List.of(shape)));
    }

    /** A constant float tensor; returns its name. */
    String constant(final String name, final INDArray values) {
        final float[] floats = values.dup('c').data().asFloat();
        final ByteBuffer bytes =
                ByteBuffer.allocate(floats.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(floats);
        final Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT.getNumber())
                .setRawData(ByteString.copyFrom(bytes));
        for (final long size : values.shape()) {
            tensor.addDims(size);
        }
        graph.addInitializer(tensor);
        return name;
    }

    /** A constant list of integers; returns its name. */
    String constant(final String name, final long... values) {
        final Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.INT64.getNumber())
                .addDims(values.length);
        for (final long value : values) {
            tensor.addInt64Data(value);
        }
        graph.addInitializer(tensor);
        return name;
    }

    /** A constant number; returns its name. */
    String scalar(final String name, final float value) {
        graph.addInitializer(Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT.getNumber())
                .addFloatData(value));
        return name;
    }

    /** A node whose attributes follow by {@link #integers} and its like; returns its output's name. */
    String node(
            final String operator,
            final String name,
            final List<String> inputs,
            final Onnx.AttributeProto... attributes) {
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType(operator)
                .setName(name)
                .addAllInput(inputs)
                .addOutput(name)
                .addAllAttribute(List.of(attributes)));
        return name;
    }

    static Onnx.AttributeProto integers(final String name, final int... values) {
        final Onnx.AttributeProto.Builder attribute =
                Onnx.AttributeProto.newBuilder().setName(name).setType(Onnx.AttributeProto.AttributeType.INTS);
        for (final int value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }

    static Onnx.AttributeProto integer(final String name, final long value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static Onnx.AttributeProto real(final String name, final double value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.FLOAT)
                .setF((float) value)
                .build();
    }

    static Onnx.AttributeProto text(final String name, final String value) {
        return Onnx.AttributeProto.newBuilder()
                .setName(name)
                .setType(Onnx.AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    byte[] toBytes() {
        return Onnx.ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("dpq")
                .addOpsetImport(
                        Onnx.OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
                .setGraph(graph)
                .build()
                .toByteArray();
    }
}

package io.dpq.train;

import java.util.List;
import onnx.Onnx;

/** An ONNX image model without weights that yields features which {@link TinyLake} is learnt from. */
final class TinyOnnx {
    private TinyOnnx() {}

    /** Of each channel the part below zero, twice: an image [N, 3, H, W], which becomes three features. */
    static byte[] model() {
        final Onnx.TensorShapeProto.Builder shape = Onnx.TensorShapeProto.newBuilder();
        for (final String size : List.of("N", "3", "H", "W")) {
            final Onnx.TensorShapeProto.Dimension.Builder dimension = Onnx.TensorShapeProto.Dimension.newBuilder();
            shape.addDim(size.equals("3") ? dimension.setDimValue(3) : dimension.setDimParam(size));
        }
        return Onnx.ModelProto.newBuilder()
                .setIrVersion(7)
                .addOpsetImport(Onnx.OperatorSetIdProto.newBuilder().setVersion(12))
                .setGraph(Onnx.GraphProto.newBuilder()
                        .setName("colours")
                        .addInput(Onnx.ValueInfoProto.newBuilder()
                                .setName("pixels")
                                .setType(Onnx.TypeProto.newBuilder()
                                        .setTensorType(Onnx.TypeProto.Tensor.newBuilder()
                                                .setElemType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                                                .setShape(shape))))
                        .addNode(Onnx.NodeProto.newBuilder()
                                .setOpType("Abs")
                                .addInput("pixels")
                                .addOutput("bright"))
                        .addNode(Onnx.NodeProto.newBuilder()
                                .setOpType("Sub")
                                .addInput("pixels")
                                .addInput("bright")
                                .addOutput("dark"))
                        .addOutput(Onnx.ValueInfoProto.newBuilder().setName("dark")))
                .build()
                .toByteArray();
    }
}

package io.dpq.network;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import onnx.Onnx;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/** The ONNX forms of activations. Stateless. */
final class OnnxActivations {
    private static final Map<Activation, String> PLAIN = Map.of(
            Activation.IDENTITY, "Identity",
            Activation.RELU, "Relu",
            Activation.TANH, "Tanh",
            Activation.SIGMOID, "Sigmoid",
            Activation.SOFTPLUS, "Softplus",
            Activation.SOFTSIGN, "Softsign");

    private OnnxActivations() {}

    /** Adds an activation under a name and returns that, or nothing where it has no ONNX form. */
    static Optional<String> add(
            final OnnxGraph onnx, final String name, final IActivation activation, final String input) {
        final List<String> inputs = List.of(input);
        for (final Map.Entry<Activation, String> plain : PLAIN.entrySet()) {
            if (activation.equals(plain.getKey().getActivationFunction())) {
                return Optional.of(onnx.node(plain.getValue(), name, inputs));
            }
        }
        return Optional.ofNullable(parametric(onnx, name, activation, input, inputs));
    }

    private static @Nullable String parametric(
            final OnnxGraph onnx,
            final String name,
            final IActivation activation,
            final String input,
            final List<String> inputs) {
        if (activation instanceof ActivationSoftmax) {
            return onnx.node("Softmax", name, inputs, OnnxGraph.integer("axis", 1));
        }
        if (activation instanceof ActivationLReLU leaky) {
            return onnx.node("LeakyRelu", name, inputs, alpha(leaky.getAlpha()));
        }
        if (activation instanceof ActivationELU exponential) {
            return onnx.node("Elu", name, inputs, alpha(exponential.getAlpha()));
        }
        if (activation.equals(Activation.RELU6.getActivationFunction())) {
            return onnx.node(
                    "Clip", name, List.of(input, onnx.scalar(name + ".least", 0), onnx.scalar(name + ".most", 6)));
        }
        if (activation instanceof GatedActivation gated) {
            return gated(onnx, name, gated.getSteepness(), input);
        }
        if (activation.equals(Activation.SWISH.getActivationFunction())) {
            return gated(onnx, name, GatedActivation.SWISH, input);
        }
        if (activation.equals(Activation.GELU.getActivationFunction())) {
            return gated(onnx, name, GatedActivation.GELU, input);
        }
        return null;
    }

    private static String gated(final OnnxGraph onnx, final String name, final double steepness, final String input) {
        final String steep = steepness == 1
                ? input
                : onnx.node("Mul", name + ".steep", List.of(input, onnx.scalar(name + ".slope", (float) steepness)));
        return onnx.node("Mul", name, List.of(input, onnx.node("Sigmoid", name + ".gate", List.of(steep))));
    }

    private static Onnx.AttributeProto alpha(final double value) {
        return OnnxGraph.real("alpha", value);
    }
}

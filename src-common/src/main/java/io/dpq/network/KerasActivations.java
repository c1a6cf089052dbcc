package io.dpq.network;

import com.fasterxml.jackson.databind.JsonNode;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/** Keras' activations as Deeplearning4j's, where both compute the same. Stateless. */
final class KerasActivations {
    private static final double SIX = 6;

    private KerasActivations() {}

    /** The activation that a layer names in {@code activation}. */
    static IActivation named(final KerasLayer layer) {
        final JsonNode given = layer.config().path("activation");
        // Some versions write a function as an object that holds its name.
        final String name =
                given.isObject() ? given.path("config").asText() : given.isTextual() ? given.asText() : "linear";
        if (name.equals("swish") || name.equals("silu")) {
            return new GatedActivation(GatedActivation.SWISH);
        }
        final Activation found = switch (name) {
            case "linear" -> Activation.IDENTITY;
            case "relu" -> Activation.RELU;
            case "relu6" -> Activation.RELU6;
            case "sigmoid" -> Activation.SIGMOID;
            case "tanh" -> Activation.TANH;
            case "softmax" -> Activation.SOFTMAX;
            case "elu" -> Activation.ELU;
            case "softplus" -> Activation.SOFTPLUS;
            case "softsign" -> Activation.SOFTSIGN;
            default -> throw layer.refuse("has the activation " + given + ", which cannot be taken over");
        };
        return found.getActivationFunction();
    }

    /** The activation that a layer is. */
    static IActivation of(final KerasLayer layer) {
        return switch (layer.type()) {
            case "ELU" -> new ActivationELU(layer.number("alpha", 1));
            case "LeakyReLU" -> new ActivationLReLU(layer.number("negative_slope", layer.number("alpha", 0.3)));
            case "ReLU" -> rectifier(layer);
            default -> {
                final int axis = layer.config().path("axis").asInt(-1);
                if (axis != -1 && axis != 1) {
                    throw layer.refuse("is a softmax along axis " + axis);
                }
                yield new ActivationSoftmax();
            }
        };
    }

    private static IActivation rectifier(final KerasLayer layer) {
        final double most = layer.number("max_value", Double.POSITIVE_INFINITY);
        final double slope = layer.number("negative_slope", 0);
        if (layer.number("threshold", 0) == 0 && Double.isInfinite(most)) {
            return slope == 0 ? Activation.RELU.getActivationFunction() : new ActivationLReLU(slope);
        }
        if (layer.number("threshold", 0) == 0 && most == SIX && slope == 0) {
            return Activation.RELU6.getActivationFunction();
        }
        throw layer.refuse("is a rectifier with a threshold or a ceiling other than 6");
    }

    static boolean isSoftmax(final IActivation activation) {
        return activation instanceof ActivationSoftmax;
    }
}

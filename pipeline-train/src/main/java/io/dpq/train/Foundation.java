package io.dpq.train;

import io.dpq.network.EncoderExport;
import io.dpq.network.ExportParity;
import io.dpq.network.FrozenPart;
import io.dpq.network.NetworkSpec;
import io.dpq.network.OnnxBackbone;
import org.deeplearning4j.nn.graph.ComputationGraph;

/** What the network that learns stands on: nothing, the frozen part of a larger one, or a model that is no network of ours. */
interface Foundation {
    /** The network to publish for training on: whole, but for an ONNX model, which it cannot hold. */
    ComputationGraph whole(ComputationGraph learnt);

    /** The encoder, from the input of every job to the embedding. */
    byte[] encoder(ComputationGraph learnt);

    /** How far an encoder is from the networks it was made of, as {@link ExportParity#of} measures it. */
    double parity(ComputationGraph learnt, byte[] encoder, long seed);

    /**
     * Of a network that learns as a whole.
     *
     * @param mirror whether the encoder takes both sides of an image
     */
    static Foundation nothing(final NetworkSpec.Input input, final boolean mirror) {
        return new Foundation() {
            @Override
            public ComputationGraph whole(final ComputationGraph learnt) {
                return learnt;
            }

            @Override
            public byte[] encoder(final ComputationGraph learnt) {
                return EncoderExport.toOnnx(learnt, mirror);
            }

            @Override
            public double parity(final ComputationGraph learnt, final byte[] encoder, final long seed) {
                return ExportParity.of(learnt, encoder, input, mirror, seed);
            }
        };
    }

    /** Of the rest behind a frozen part. */
    static Foundation of(final FrozenPart part, final NetworkSpec.Input input) {
        final Foundation ofWhole = nothing(input, false);
        return new Foundation() {
            @Override
            public ComputationGraph whole(final ComputationGraph learnt) {
                return part.whole(learnt);
            }

            @Override
            public byte[] encoder(final ComputationGraph learnt) {
                return ofWhole.encoder(whole(learnt));
            }

            @Override
            public double parity(final ComputationGraph learnt, final byte[] encoder, final long seed) {
                return ofWhole.parity(whole(learnt), encoder, seed);
            }
        };
    }

    /** Of a head behind an ONNX model. */
    static Foundation of(final OnnxBackbone onnx, final int side) {
        return new Foundation() {
            @Override
            public ComputationGraph whole(final ComputationGraph learnt) {
                return learnt;
            }

            @Override
            public byte[] encoder(final ComputationGraph learnt) {
                return onnx.with(learnt);
            }

            @Override
            public double parity(final ComputationGraph learnt, final byte[] encoder, final long seed) {
                return onnx.parity(learnt, encoder, side, seed);
            }
        };
    }
}

package io.dpq.encode;

import io.dpq.image.ImageContract;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelDraft;
import io.dpq.model.ModelPublisher;
import io.dpq.network.DpqNetwork;
import io.dpq.network.EncoderExport;
import io.dpq.network.NetworkSpec;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import io.dpq.quantizer.ResidualKMeans;
import io.dpq.quantizer.Similarity;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;

/** Untrained models of the usual shape, D = 300 and 4 × 256 codewords, for measuring: what they find means nothing. Stateless. */
final class BenchModels {
    static final int DIMENSIONS = 300;

    private static final int LEVELS = 4;
    private static final int CODEWORDS = 256;
    private static final int SIDE = 227;
    private static final int LEARNT_FROM = 4096;
    private static final int ITERATIONS = 4;

    private BenchModels() {}

    /** SqueezeNet 1.0 on images of 227 pixels; weights of a Keras file, or random. */
    static void squeezenet(final String path, final Optional<String> weights) throws IOException {
        publish(
                path,
                NetworkSpec.Input.images(SIDE),
                new NetworkSpec.BackboneSpec(NetworkSpec.Backbone.SQUEEZENET, 0, 0, weights, true, Optional.empty(), 0),
                NetworkSpec.EmbeddingKind.TANH,
                "squeezenet");
    }

    /** Vectors that are their own embedding. */
    static void vectors(final String path) throws IOException {
        publish(
                path,
                NetworkSpec.Input.vectors(DIMENSIONS),
                new NetworkSpec.BackboneSpec(
                        NetworkSpec.Backbone.NONE, 0, 0, Optional.empty(), false, Optional.empty(), 0),
                NetworkSpec.EmbeddingKind.IDENTITY,
                "none");
    }

    /** Values as a tanh embedding has them. */
    static float[] draw(final Random random, final int count) {
        final float[] vectors = new float[count * DIMENSIONS];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) Math.tanh(random.nextGaussian());
        }
        return vectors;
    }

    private static void publish(
            final String path,
            final NetworkSpec.Input input,
            final NetworkSpec.BackboneSpec backbone,
            final NetworkSpec.EmbeddingKind embedding,
            final String name)
            throws IOException {
        final ComputationGraph graph = DpqNetwork.build(spec(input, backbone, embedding));
        final Codebooks codebooks = ResidualKMeans.fit(
                draw(new Random(1), LEARNT_FROM), LEARNT_FROM, DIMENSIONS, LEVELS, CODEWORDS, ITERATIONS, 1);
        DpqNetwork.setCodebooks(graph, codebooks);
        final ByteArrayOutputStream zip = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, zip, true);
        ModelPublisher.publish(
                path,
                new Configuration(),
                new ModelDraft(
                        DIMENSIONS, LEVELS, CODEWORDS, Similarity.L2, List.of(), contract(), name, Map.of(), Map.of()),
                Map.of(
                        ModelDirectory.NETWORK, zip.toByteArray(),
                        ModelDirectory.ENCODER, EncoderExport.toOnnx(graph),
                        ModelDirectory.CODEBOOKS, CodebooksNpy.write(codebooks)));
    }

    private static ImageContract contract() {
        return new ImageContract(
                ImageContract.VERSION,
                ImageContract.Fit.STRETCH,
                256,
                SIDE,
                List.of(123.0, 117.0, 104.0),
                List.of(1.0, 1.0, 1.0),
                200_000_000,
                256L << 20);
    }

    private static NetworkSpec spec(
            final NetworkSpec.Input input,
            final NetworkSpec.BackboneSpec backbone,
            final NetworkSpec.EmbeddingKind embedding) {
        return new NetworkSpec(
                0,
                input,
                backbone,
                new NetworkSpec.EmbeddingSpec(embedding, DIMENSIONS),
                new NetworkSpec.QuantizationSpec(
                        LEVELS, CODEWORDS, Similarity.L2, 1, NetworkSpec.GradientMode.END_TO_END),
                new NetworkSpec.LossWeights(0, 0, 1, 1, 0.1),
                new float[0][],
                new NetworkSpec.OptimizerSpec(
                        NetworkSpec.OptimizerSpec.Kind.ADAM,
                        1e-3,
                        0.9,
                        0,
                        1,
                        1,
                        1,
                        1,
                        1e-3,
                        NetworkSpec.OptimizerSpec.Schedule.CONSTANT,
                        0,
                        1,
                        1),
                1,
                0,
                1,
                false);
    }
}

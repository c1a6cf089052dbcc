package io.dpq.encode;

import io.dpq.image.ImageContract;
import io.dpq.model.ModelDirectory;
import io.dpq.model.ModelDraft;
import io.dpq.model.ModelManifest;
import io.dpq.model.ModelPublisher;
import io.dpq.network.DpqNetwork;
import io.dpq.network.EncoderExport;
import io.dpq.network.NetworkSpec;
import io.dpq.network.NetworkZip;
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
import org.nd4j.linalg.factory.Nd4j;

/** A small untrained model, published: random weights, codebooks fitted to its embeddings of noise. */
final class TestModel {
    static final int SIDE = 32;
    static final int LEVELS = 3;
    static final int CODEWORDS = 16;
    static final int DIMENSIONS = 12;
    static final List<String> CLASSES = List.of("a", "b", "c");

    private TestModel() {}

    static ModelManifest publish(final String path, final long seed) throws IOException {
        return publish(path, seed, new Configuration());
    }

    static ModelManifest publish(final String path, final long seed, final Configuration hadoop) throws IOException {
        final ComputationGraph graph = DpqNetwork.build(spec(seed, DIMENSIONS));
        final Codebooks codebooks = codebooks(graph, seed);
        DpqNetwork.setCodebooks(graph, codebooks);
        final ByteArrayOutputStream zip = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, zip, true);
        return ModelPublisher.publish(
                path,
                hadoop,
                new ModelDraft(
                        DIMENSIONS,
                        LEVELS,
                        CODEWORDS,
                        Similarity.L2,
                        CLASSES,
                        contract(),
                        "simple-cnn",
                        Map.of("seed", seed),
                        Map.of()),
                Map.of(
                        ModelDirectory.NETWORK, zip.toByteArray(),
                        ModelDirectory.ENCODER, EncoderExport.toOnnx(graph),
                        ModelDirectory.CODEBOOKS, CodebooksNpy.write(codebooks)));
    }

    static ImageContract contract() {
        return new ImageContract(
                ImageContract.VERSION,
                ImageContract.Fit.STRETCH,
                SIDE + 4,
                SIDE,
                List.of(120.0, 120.0, 120.0),
                List.of(64.0, 64.0, 64.0),
                10_000_000,
                10_000_000);
    }

    private static Codebooks codebooks(final ComputationGraph graph, final long seed) {
        final int count = 256;
        final float[] noise = noise(count, seed);
        final float[] embeddings = DpqNetwork.embed(
                        graph, Nd4j.createFromArray(noise).reshape('c', count, 3, SIDE, SIDE))
                .dup('c')
                .data()
                .asFloat();
        return ResidualKMeans.fit(embeddings, count, DIMENSIONS, LEVELS, CODEWORDS, 10, seed);
    }

    /** Inputs [count, 3, SIDE, SIDE] of varying brightness. */
    static float[] noise(final int count, final long seed) {
        final Random random = new Random(seed);
        final int length = 3 * SIDE * SIDE;
        final float[] values = new float[count * length];
        for (int i = 0; i < count; i++) {
            final float brightness = (float) random.nextGaussian();
            for (int j = 0; j < length; j++) {
                values[i * length + j] = brightness + 0.5f * (float) random.nextGaussian();
            }
        }
        return values;
    }

    /** Vectors that are their own embedding. */
    static NetworkSpec vectors(final int length) {
        return spec(
                1,
                NetworkSpec.Input.vectors(length),
                NetworkSpec.Backbone.NONE,
                new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.IDENTITY, length),
                new NetworkSpec.LossWeights(0, 0, 1, 1, 0.1),
                new float[0][]);
    }

    /** A model of such vectors, published. */
    static Codebooks publishVectors(final String path, final int length) throws IOException {
        final ComputationGraph graph = DpqNetwork.build(vectors(length));
        final float[] values = new float[LEVELS * CODEWORDS * length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.cos(i * i);
        }
        final Codebooks codebooks = new Codebooks(LEVELS, CODEWORDS, length, values);
        DpqNetwork.setCodebooks(graph, codebooks);
        ModelPublisher.publish(
                path,
                new Configuration(),
                new ModelDraft(
                        length, LEVELS, CODEWORDS, Similarity.L2, List.of(), contract(), "none", Map.of(), Map.of()),
                Map.of(
                        ModelDirectory.NETWORK, NetworkZip.write(graph, true),
                        ModelDirectory.ENCODER, EncoderExport.toOnnx(graph),
                        ModelDirectory.CODEBOOKS, CodebooksNpy.write(codebooks)));
        return codebooks;
    }

    static NetworkSpec spec(final long seed, final int dimensions) {
        final float[][] labels = new float[CLASSES.size()][dimensions];
        for (int c = 0; c < labels.length; c++) {
            labels[c][c] = 1;
        }
        return spec(
                seed,
                NetworkSpec.Input.images(SIDE),
                NetworkSpec.Backbone.SIMPLE_CNN,
                new NetworkSpec.EmbeddingSpec(NetworkSpec.EmbeddingKind.TANH, dimensions),
                new NetworkSpec.LossWeights(1, 0.1, 1, 1, 0.1),
                labels);
    }

    private static NetworkSpec spec(
            final long seed,
            final NetworkSpec.Input input,
            final NetworkSpec.Backbone backbone,
            final NetworkSpec.EmbeddingSpec embedding,
            final NetworkSpec.LossWeights loss,
            final float[][] labels) {
        return new NetworkSpec(
                labels.length,
                input,
                new NetworkSpec.BackboneSpec(backbone, 8, 8, Optional.empty(), true, Optional.empty(), 0),
                embedding,
                new NetworkSpec.QuantizationSpec(
                        LEVELS, CODEWORDS, Similarity.L2, 1, NetworkSpec.GradientMode.END_TO_END),
                loss,
                labels,
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
                10,
                0,
                seed,
                false);
    }
}

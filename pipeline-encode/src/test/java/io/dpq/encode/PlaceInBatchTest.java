package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.model.Embedder;
import io.dpq.model.OnnxEmbedder;
import io.dpq.network.DpqNetwork;
import io.dpq.network.EncoderExport;
import io.dpq.network.NetworkEmbedder;
import io.dpq.network.NetworkSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;

/** What encoding relies on: in a batch of one size, an embedding depends on its image alone, to the last bit. */
final class PlaceInBatchTest {
    // The length of the published label vectors, so that the last matrix product has its real width.
    private static final int DIMENSIONS = 300;
    private static final int COUNT = 11;

    private final ComputationGraph graph = DpqNetwork.build(TestModel.spec(3, DIMENSIONS));

    @Test
    void onnxRuntime() {
        for (final int threads : new int[] {1, 2}) {
            try (Embedder embedder = new OnnxEmbedder(EncoderExport.toOnnx(graph), TestModel.SIDE, threads)) {
                assertPlaceDoesNotMatter(embedder);
            }
        }
    }

    @Test
    void deeplearning4j() throws IOException {
        final ByteArrayOutputStream zip = new ByteArrayOutputStream();
        ModelSerializer.writeModel(graph, zip, false);
        try (Embedder embedder = new NetworkEmbedder(zip.toByteArray(), NetworkSpec.Input.images(TestModel.SIDE))) {
            assertPlaceDoesNotMatter(embedder);
        }
    }

    private static void assertPlaceDoesNotMatter(final Embedder embedder) {
        final float[] images = TestModel.noise(COUNT, 9);
        final float[] embeddings = embedder.embed(images, COUNT);
        assertThat(Arrays.copyOf(embeddings, DIMENSIONS))
                .isNotEqualTo(Arrays.copyOfRange(embeddings, DIMENSIONS, 2 * DIMENSIONS));
        for (int shift = 1; shift < COUNT; shift++) {
            // Rotated, and with zeros where padding would be.
            final float[] moved = rotated(images, shift);
            final int padded = shift % 3;
            Arrays.fill(moved, (COUNT - padded) * images.length / COUNT, moved.length, 0);
            final float[] found = embedder.embed(moved, COUNT);
            final float[] expected = rotated(embeddings, shift);
            final int kept = (COUNT - padded) * DIMENSIONS;
            assertThat(Arrays.copyOf(found, kept)).isEqualTo(Arrays.copyOf(expected, kept));
        }
    }

    private static float[] rotated(final float[] rows, final int shift) {
        final int start = rows.length / COUNT * shift;
        final float[] rotated = new float[rows.length];
        System.arraycopy(rows, start, rotated, 0, rows.length - start);
        System.arraycopy(rows, 0, rotated, rows.length - start, start);
        return rotated;
    }
}

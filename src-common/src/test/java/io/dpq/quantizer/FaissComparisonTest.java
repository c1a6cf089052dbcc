package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Codebooks against those of Faiss's residual quantizer (beam 1, its default training) on the same vectors of a Gaussian
 * mixture. Faiss itself is the judge: it encodes with both. {@code -Ddpq.faiss.vectors=50000 -Ddpq.faiss.dimensions=300}
 * makes the test as large as one likes.
 */
class FaissComparisonTest {
    private static final int VECTORS = Integer.getInteger("dpq.faiss.vectors", 12_000);
    private static final int DIMENSIONS = Integer.getInteger("dpq.faiss.dimensions", 64);
    private static final int ITERATIONS = Integer.getInteger("dpq.faiss.iterations", 50);
    private static final int LEVELS = 4;
    private static final int CODEWORDS = 256;
    private static final int COMPONENTS = 1000;

    private static final String JUDGE = """
            import sys
            try:
                import faiss, numpy as n
            except ImportError:
                print('absent'); sys.exit()
            vectors, codebooks, d = sys.argv[1], sys.argv[2], int(sys.argv[3])
            x = n.fromfile(vectors, dtype='<f4').reshape(-1, d)
            ours = n.load(codebooks)
            levels, k, _ = ours.shape
            def errors(rq):
                books = faiss.vector_to_array(rq.codebooks).reshape(levels, k, d)
                codes = rq.compute_codes(x)
                rest, found = x.copy(), []
                for l in range(levels):
                    rest -= books[l][codes[:, l]]
                    found.append(float((rest.astype('f8') ** 2).sum() / (x.astype('f8') ** 2).sum()))
                return found
            theirs = faiss.ResidualQuantizer(d, levels, k.bit_length() - 1)
            theirs.max_beam_size = 1
            theirs.train(x)
            mine = faiss.ResidualQuantizer(d, levels, k.bit_length() - 1)
            mine.max_beam_size = 1
            faiss.copy_array_to_vector(ours.ravel(), mine.codebooks)
            mine.is_trained = True
            print('judged', *(errors(mine) + errors(theirs)))
            """;

    @TempDir
    private Path folder;

    @Test
    void everyPrefixIsReconstructedNoWorseThanByFaiss() throws Exception {
        final float[] vectors = mixture(VECTORS, DIMENSIONS, 1);
        final Codebooks codebooks = ResidualKMeans.fit(vectors, VECTORS, DIMENSIONS, LEVELS, CODEWORDS, ITERATIONS, 1);
        final ByteBuffer bytes =
                ByteBuffer.allocate(vectors.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vectors);
        Files.write(folder.resolve("vectors.f32"), bytes.array());
        Files.write(folder.resolve("codebooks.npy"), CodebooksNpy.write(codebooks));
        final String[] judged = judge();
        assumeTrue(judged.length > 0, "python3 with Faiss (python3-faiss) is not installed");
        System.out.println("Relative errors of our prefixes, then of Faiss's: " + String.join(" ", judged));
        for (int level = 0; level < LEVELS; level++) {
            final double ours = Double.parseDouble(judged[1 + level]);
            final double theirs = Double.parseDouble(judged[1 + LEVELS + level]);
            assertThat(ours).as("relative error of prefix %d", level + 1).isLessThanOrEqualTo(theirs);
        }
    }

    /** Points around the means of many equally likely Gaussians, which are Gaussian themselves. */
    static float[] mixture(final int count, final int dimensions, final long seed) {
        final Random random = new Random(seed);
        final float[] means = new float[COMPONENTS * dimensions];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) random.nextGaussian();
        }
        final float[] vectors = new float[count * dimensions];
        for (int i = 0; i < count; i++) {
            final int component = random.nextInt(COMPONENTS);
            for (int d = 0; d < dimensions; d++) {
                vectors[i * dimensions + d] = means[component * dimensions + d] + 0.5f * (float) random.nextGaussian();
            }
        }
        return vectors;
    }

    /** What Faiss says: errors of our prefixes, then of its own; nothing where it is not installed. */
    private String[] judge() throws Exception {
        // Debian's package belongs to the system's Python, which need not be the first on the path.
        for (final String python : new String[] {"python3", "/usr/bin/python3"}) {
            final Process process;
            final ProcessBuilder builder = new ProcessBuilder(
                            python,
                            "-c",
                            JUDGE,
                            folder.resolve("vectors.f32").toString(),
                            folder.resolve("codebooks.npy").toString(),
                            String.valueOf(DIMENSIONS))
                    .redirectErrorStream(true);
            // Its threads wait by spinning, which takes minutes where others want the cores too.
            builder.environment().put("OMP_NUM_THREADS", "1");
            try {
                process = builder.start();
            } catch (final IOException e) {
                continue;
            }
            final String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
            assertThat(process.waitFor()).as(said).isZero();
            final String last = said.substring(said.lastIndexOf('\n') + 1);
            if (last.startsWith("judged")) {
                return last.split(" ");
            }
        }
        return new String[0];
    }
}

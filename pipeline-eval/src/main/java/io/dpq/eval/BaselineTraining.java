package io.dpq.eval;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import io.dpq.quantizer.ResidualKMeans;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Learns the baselines on the executors, a task each; every one of the model's code lengths is a task of its own, but for RQ,
 * whose one quantizer serves all. The same seed and sample give the same quantizers, wherever they are learnt.
 *
 * @param codebooks of the model, whose levels and codewords they take on
 * @param settings which ones, and the seed
 */
record BaselineTraining(Codebooks codebooks, Settings settings) {
    private static final int ITERATIONS = 25;

    /** The quantizers, method by method, shortest code first; lengths that a method cannot have are left out. */
    List<Baseline> learn(final JavaSparkContext spark, final EmbeddingSample sample) {
        final int levels = codebooks.levels();
        final int bits = codebooks.bits(1);
        final List<Lesson> lessons = new ArrayList<>();
        for (final BaselineKind kind : settings.baselines()) {
            final int most = kind == BaselineKind.ITQ
                    ? Math.min(levels, codebooks.dimensions() / bits)
                    : kind == BaselineKind.RQ ? levels : Math.min(levels, codebooks.dimensions());
            for (int level = kind == BaselineKind.RQ ? most : 1; level <= most; level++) {
                lessons.add(new Lesson(kind, level, bits, settings.seed()));
            }
        }
        if (lessons.isEmpty()) {
            return List.of();
        }
        final Broadcast<Sample> shared = spark.broadcast(new Sample(sample));
        final List<Baseline> learnt = spark.parallelize(lessons, lessons.size())
                .map(lesson -> lesson.learn(shared.value()))
                .collect();
        shared.destroy();
        return learnt;
    }

    /** A sample on its way. No record, because Spark's Kryo cannot write one. */
    private static final class Sample implements Serializable {
        private static final long serialVersionUID = 1L;

        private final float[] vectors;
        private final int count;
        private final int dimensions;

        Sample(final EmbeddingSample sample) {
            this.vectors = sample.vectors();
            this.count = sample.count();
            this.dimensions = sample.dimensions();
        }

        EmbeddingSample get() {
            return new EmbeddingSample(vectors, count, dimensions);
        }
    }

    /** One quantizer to learn. No record, because Spark's Kryo cannot write one. */
    private static final class Lesson implements Serializable {
        private static final long serialVersionUID = 1L;

        private final BaselineKind kind;
        private final int level;
        private final int bits;
        private final long seed;

        Lesson(final BaselineKind kind, final int level, final int bits, final long seed) {
            this.kind = kind;
            this.level = level;
            this.bits = bits;
            this.seed = seed;
        }

        Baseline learn(final Sample shared) {
            final EmbeddingSample sample = shared.get();
            final int codewords = 1 << bits;
            return switch (kind) {
                case PQ -> additive(level, ProductQuantization.fit(sample, level, codewords, seed), sample);
                case OPQ -> additive(level, ProductQuantization.fitRotated(sample, level, codewords, seed), sample);
                case RQ ->
                    additive(
                            1,
                            ResidualKMeans.fit(
                                    sample.vectors(),
                                    sample.count(),
                                    sample.dimensions(),
                                    level,
                                    codewords,
                                    ITERATIONS,
                                    seed),
                            sample);
                case ITQ ->
                    new Baseline(
                            kind,
                            level,
                            IterativeQuantization.corners(level, bits),
                            IterativeQuantization.fit(sample, level * bits, seed),
                            new double[0]);
            };
        }

        private Baseline additive(final int firstLevel, final Codebooks books, final EmbeddingSample sample) {
            final short[] codes = new short[sample.count() * books.levels()];
            new ResidualEncoder(books).encode(sample.vectors(), sample.count(), codes);
            final double[] errors = Reconstruction.meanSquaredErrors(books, sample.vectors(), codes, sample.count());
            for (int i = errors.length - 1; i >= 0; i--) {
                errors[i] = errors[0] > 0 ? errors[i] / errors[0] : 0;
            }
            return new Baseline(kind, firstLevel, books, Projection.NONE, errors);
        }
    }
}

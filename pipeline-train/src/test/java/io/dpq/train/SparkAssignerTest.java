package io.dpq.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualKMeans;
import io.dpq.quantizer.Similarity;
import java.util.Random;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SparkAssignerTest {
    @Test
    void codebooksLearntByTheExecutorsAreThoseOfOneThread() {
        final int count = 5000;
        final int dimensions = 6;
        final float[] vectors = new float[count * dimensions];
        final Random random = new Random(2);
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) random.nextGaussian();
        }
        final Codebooks alone = ResidualKMeans.fit(vectors, count, dimensions, 3, 16, 12, 5);
        try (SparkSession session = LocalSpark.session()) {
            final JavaSparkContext spark = LocalSpark.context(session);
            spark.setJobGroup("kmeans", "");
            final Codebooks together = ResidualKMeans.fit(
                    vectors, count, dimensions, 3, 16, 12, 5, Similarity.L2, new SparkAssigner(spark, 3));
            assertThat(together).isEqualTo(alone);
            // At the least the first assignment of each level.
            assertThat(spark.statusTracker().getJobIdsForGroup("kmeans")).hasSizeGreaterThan(3);
        }
    }
}

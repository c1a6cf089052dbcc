package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.train.data.BatchRecipe;
import io.dpq.train.data.TrainRow;
import io.dpq.train.random.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * The second moments E[p pᵀ] of the small patches p of images, and the filters that whiten these (Page, "How to Train Your ResNet",
 * myrtle.ai, 2018; Jordan, arXiv 2404.00498). Where neighbouring values tell nearly the same, which those of photographs do, what
 * comes next learns faster from values that tell different things. Immutable.
 */
final class PatchMoments {
    private static final int VALUES = DpqNetwork.PATCH_VALUES;
    private static final int SIDE = DpqNetwork.PATCH;
    /**
     * Share of a value's mean moment that is added to each: keeps ways in which patches hardly differ, such as fine colours that JPEG
     * leaves out, from being made loud. Jordan adds as much to images of unit variance.
     */
    private static final double DAMPING = 5e-4;

    /** Sums of p pᵀ, row by row, and behind them the number of patches: an array, since it travels. */
    private final double[] sums;

    private PatchMoments(final double[] sums) {
        this.sums = sums;
    }

    /**
     * Of a sample of images, as every job but training sees them.
     *
     * @param rows from which the sample is drawn by the seed
     * @param share of them, 0…1
     */
    static PatchMoments of(
            final JavaRDD<TrainRow> rows, final BatchRecipe recipe, final double share, final long seed) {
        final double below = share * Long.MAX_VALUE;
        final double[] sums = new double[VALUES * VALUES + 1];
        // In the order of keys, so that the sums round alike however rows lie in partitions.
        rows
                .filter(row -> Seeds.mix(seed, row.key()) >>> 1 <= below)
                .mapPartitions(part -> {
                    final BatchRecipe.Kitchen kitchen = recipe.open();
                    final List<Tuple2<Long, double[]>> images = new ArrayList<>();
                    part.forEachRemaining(
                            row -> images.add(new Tuple2<>(row.key(), of(kitchen.centred(List.of(row))).sums)));
                    return images.iterator();
                })
                .collect()
                .stream()
                .sorted(Comparator.comparingLong(Tuple2::_1))
                .forEach(image -> Arrays.setAll(sums, i -> sums[i] + image._2()[i]));
        return new PatchMoments(sums);
    }

    /** Of one image [3][side][side]. */
    static PatchMoments of(final float[] image) {
        final double[] sums = new double[VALUES * VALUES + 1];
        add(image, sums);
        return new PatchMoments(sums);
    }

    private static void add(final float[] image, final double[] sums) {
        final int side = (int) Math.sqrt(image.length / 3.0);
        final double[] patch = new double[VALUES];
        for (int y = 0; y + SIDE <= side; y++) {
            for (int x = 0; x + SIDE <= side; x++) {
                for (int value = 0; value < VALUES; value++) {
                    final int channel = value / (SIDE * SIDE);
                    final int row = y + value / SIDE % SIDE;
                    patch[value] = image[(channel * side + row) * side + x + value % SIDE];
                }
                for (int i = 0; i < VALUES; i++) {
                    for (int j = 0; j < VALUES; j++) {
                        sums[i * VALUES + j] += patch[i] * patch[j];
                    }
                }
                sums[VALUES * VALUES]++;
            }
        }
    }

    /** Filters w such that the w·p have the moments of the identity, but for the damping; in the order of falling moments. */
    float[][] whitening() {
        final RealMatrix moments = MatrixUtils.createRealMatrix(VALUES, VALUES);
        for (int i = 0; i < VALUES; i++) {
            for (int j = 0; j < VALUES; j++) {
                moments.setEntry(i, j, sums[i * VALUES + j] / sums[VALUES * VALUES]);
            }
        }
        final EigenDecomposition parts = new EigenDecomposition(moments);
        // Images of one colour, the mean, differ in no way at all.
        final double mean = moments.getTrace() > 0 ? moments.getTrace() / VALUES : 1;
        final float[][] filters = new float[VALUES][VALUES];
        for (int f = 0; f < VALUES; f++) {
            final double length = 1 / Math.sqrt(Math.max(0, parts.getRealEigenvalue(f)) + DAMPING * mean);
            for (int value = 0; value < VALUES; value++) {
                filters[f][value] = (float) (length * parts.getEigenvector(f).getEntry(value));
            }
        }
        return filters;
    }
}

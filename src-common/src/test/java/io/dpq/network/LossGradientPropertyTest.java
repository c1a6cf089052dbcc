package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dpq.quantizer.Similarity;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The gradients of the assignment and of every loss by themselves, in double precision, against central differences at a few
 * places of random shapes; the corners where something has no direction, no label or no distance are part of them.
 */
class LossGradientPropertyTest {
    private static final double STEP = 1e-6;
    private static final int PLACES = 8;

    private static void compare(
            final INDArray at, final INDArray gradient, final DoubleSupplier score, final Random random) {
        assertThat(gradient.shape()).isEqualTo(at.shape());
        for (int i = 0; i < PLACES; i++) {
            final int place = random.nextInt((int) at.length());
            final double value = at.getDouble(place);
            at.putScalar(place, value + STEP);
            final double above = score.getAsDouble();
            at.putScalar(place, value - STEP);
            final double below = score.getAsDouble();
            at.putScalar(place, value);
            final double expected = (above - below) / (2 * STEP);
            final double actual = gradient.getDouble(place);
            // The floor is what rounding of the score leaves of a difference quotient.
            assertThat(Math.abs(actual - expected))
                    .as("place %d: %s against %s", place, actual, expected)
                    .isLessThanOrEqualTo(1e-5 * Math.max(2e-3, Math.abs(actual) + Math.abs(expected)));
        }
    }

    private static void assertFinite(final INDArray values) {
        for (final double value : values.dup().data().asDouble()) {
            assertThat(value).isFinite();
        }
    }

    private static INDArray gaussian(final Random random, final long... shape) {
        final INDArray values = Nd4j.zeros(DataType.DOUBLE, shape);
        for (int i = 0; i < values.length(); i++) {
            values.putScalar(i, random.nextGaussian());
        }
        return values;
    }

    /** ⟨A, h⟩ + ⟨B, q⟩ with the chosen codewords held fixed, in plain arithmetic. */
    private static double surrogate(
            final INDArray residual,
            final INDArray codebook,
            final int[] chosen,
            final Similarity similarity,
            final double gamma,
            final INDArray ofHard,
            final INDArray ofSoft) {
        final double[][] r = residual.toDoubleMatrix();
        final double[][] c = codebook.toDoubleMatrix();
        final double[][] a = ofHard.toDoubleMatrix();
        final double[][] b = ofSoft.toDoubleMatrix();
        double sum = 0;
        for (int n = 0; n < r.length; n++) {
            final double[] scores = new double[c.length];
            for (int k = 0; k < c.length; k++) {
                scores[k] = gamma * score(r[n], c[k], similarity);
            }
            final double largest = Arrays.stream(scores).max().getAsDouble();
            double total = 0;
            double soft = 0;
            for (int k = 0; k < c.length; k++) {
                final double weight = Math.exp(scores[k] - largest);
                total += weight;
                soft += weight * dot(b[n], c[k]);
            }
            sum += dot(a[n], c[chosen[n]]) + soft / total;
        }
        return sum;
    }

    private static double score(final double[] r, final double[] c, final Similarity similarity) {
        if (similarity == Similarity.COSINE) {
            final double norms = Math.sqrt(dot(r, r) * dot(c, c));
            return norms == 0 ? 0 : dot(r, c) / norms;
        }
        return 2 * dot(r, c) - dot(r, r) - dot(c, c);
    }

    private static double dot(final double[] a, final double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Property(tries = 60, seed = "20260611")
    void theAssignmentHasTheGradientOfItsSurrogate(
            @ForAll @IntRange(min = 1, max = 4) final int rows,
            @ForAll @IntRange(min = 1, max = 9) final int dimensions,
            @ForAll @IntRange(min = 1, max = 8) final int bits,
            @ForAll final Similarity similarity,
            @ForAll @DoubleRange(min = 0, max = 8) final double gamma,
            @ForAll final boolean equalCodewords,
            @ForAll final boolean zeroResidual,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final int codewords = 1 << bits;
        final INDArray residual = gaussian(random, rows, dimensions);
        final INDArray codebook = gaussian(random, codewords, dimensions);
        if (equalCodewords) {
            codebook.getRow(codewords - 1).assign(codebook.getRow(0).dup());
        }
        // The cosine has no gradient where there is no direction; that corner has a test of its own.
        if (zeroResidual && similarity == Similarity.L2) {
            residual.getRow(0).assign(0);
        }
        final INDArray ofHard = gaussian(random, rows, dimensions);
        final INDArray ofSoft = gaussian(random, rows, dimensions);
        final Assignment assignment = new Assignment(residual, codebook, similarity, gamma);
        final int[] chosen = assignment.chosen();
        final Assignment.Gradients gradients = assignment.backward(ofHard.dup(), ofSoft.dup());
        final DoubleSupplier score = () -> surrogate(residual, codebook, chosen, similarity, gamma, ofHard, ofSoft);

        compare(residual, gradients.residual(), score, random);
        compare(codebook, gradients.codebook(), score, random);
        for (int n = 0; n < rows; n++) {
            final double[] r = residual.getRow(n).toDoubleVector();
            final double best = score(r, codebook.getRow(chosen[n]).toDoubleVector(), similarity);
            for (int k = 0; k < codewords; k++) {
                assertThat(score(r, codebook.getRow(k).toDoubleVector(), similarity))
                        .isLessThanOrEqualTo(best + 1e-9);
            }
        }
    }

    @Property(tries = 20, seed = "20260612")
    void whatHasNoDirectionGivesNoNaNAndNoGradient(
            @ForAll @IntRange(min = 1, max = 5) final int dimensions,
            @ForAll final Similarity similarity,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final INDArray residual = gaussian(random, 3, dimensions);
        residual.getRow(1).assign(0);
        final INDArray codebook = gaussian(random, 4, dimensions);
        codebook.getRow(2).assign(0);
        final Assignment assignment = new Assignment(residual, codebook, similarity, 1e6);
        final Assignment.Gradients gradients =
                assignment.backward(gaussian(random, 3, dimensions), gaussian(random, 3, dimensions));

        assertFinite(assignment.hard());
        assertFinite(assignment.soft());
        assertFinite(gradients.residual());
        assertFinite(gradients.codebook());
        if (similarity == Similarity.COSINE) {
            assertThat(gradients.residual().getRow(1).amaxNumber().doubleValue())
                    .isZero();
        }
        final Assignment nothing = new Assignment(residual.mul(0), codebook.mul(0), similarity, 1);
        assertThat(nothing.chosen()).containsOnly(0);
        assertFinite(nothing.soft());
        assertFinite(nothing.backward(residual.dup(), residual.dup()).codebook());
    }

    private static INDArray labels(final Random random, final int rows, final int classes, final int most) {
        final INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes);
        for (int n = 0; n < rows; n++) {
            for (int i = random.nextInt(most + 1); i > 0; i--) {
                labels.putScalar(n, random.nextInt(classes), 1);
            }
        }
        return labels;
    }

    @Property(tries = 60, seed = "20260613")
    void theQuantizationLossHasTheGradientOfItsScore(
            @ForAll @IntRange(min = 1, max = 4) final int rows,
            @ForAll @IntRange(min = 2, max = 7) final int dimensions,
            @ForAll @IntRange(min = 1, max = 6) final int levels,
            @ForAll @IntRange(min = 1, max = 5) final int classes,
            @ForAll @IntRange(min = 0, max = 3) final int mostLabels,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        // Another seed than that of the states: an embedding that is its label's own vector sits on the hinge.
        final float[][] vectors = Specs.gaussian(classes, dimensions, seed + 1);
        final QuantizationLoss loss =
                new QuantizationLoss(1.3, 0.9, 1.1, 0.4, 0.6, 0, 2, true, dimensions, levels, vectors);
        final INDArray states = gaussian(random, rows, dimensions + 3L * dimensions * levels);
        final INDArray labels = labels(random, rows, classes, mostLabels);
        final INDArray gradient = loss.computeGradient(labels, states, null, null);

        compare(states, gradient, () -> loss.computeScore(labels, states, null, null, false), random);

        final QuantizationLoss codebooksOnly =
                new QuantizationLoss(1.3, 0.9, 1.1, 0.4, 0.6, 0, 2, false, dimensions, levels, vectors);
        final QuantizationLoss semanticOnly =
                new QuantizationLoss(1.3, 0, 0, 0, 0.6, 0, 2, true, dimensions, levels, vectors);
        final INDArray apart = codebooksOnly.computeGradient(labels, states, null, null);
        final INDArray semantic = semanticOnly.computeGradient(labels, states, null, null);
        for (int n = 0; n < rows; n++) {
            for (int d = 0; d < states.size(1); d++) {
                assertThat(apart.getDouble(n, d))
                        .isEqualTo(d < dimensions ? semantic.getDouble(n, d) : gradient.getDouble(n, d));
            }
        }
    }

    /** The sum over queries in plain arithmetic, term by term as the formula has them. */
    private static double retrieval(
            final INDArray queries, final INDArray items, final INDArray labels, final double sharpness) {
        final double[][] x = queries.toDoubleMatrix();
        final double[][] y = items.toDoubleMatrix();
        final double[][] has = labels.toDoubleMatrix();
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            double found = 0;
            int relevant = 0;
            for (int j = 0; j < x.length; j++) {
                if (j != i && dot(has[i], has[j]) > 0) {
                    double total = 0;
                    for (int k = 0; k < x.length; k++) {
                        total += k == i || dot(has[k], has[k]) == 0
                                ? 0
                                : Math.exp(sharpness / x[i].length * (dot(x[i], y[k]) - dot(x[i], y[j])));
                    }
                    found += Math.log(total);
                    relevant++;
                }
            }
            sum += relevant == 0 ? 0 : found / relevant;
        }
        return sum;
    }

    @Property(tries = 60, seed = "20261126")
    void theRetrievalLossIsItsFormulaAndHasItsGradient(
            @ForAll @IntRange(min = 1, max = 7) final int rows,
            @ForAll @IntRange(min = 1, max = 7) final int dimensions,
            @ForAll @IntRange(min = 1, max = 4) final int classes,
            @ForAll @IntRange(min = 0, max = 2) final int mostLabels,
            @ForAll @DoubleRange(min = 0.1, max = 8) final double sharpness,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final INDArray queries = gaussian(random, rows, dimensions);
        final INDArray items = gaussian(random, rows, dimensions);
        final INDArray labels = labels(random, rows, classes, mostLabels);
        final RetrievalLoss loss = new RetrievalLoss(queries, items, labels, sharpness);
        final DoubleSupplier score = () -> retrieval(queries, items, labels, sharpness);

        assertThat(Arrays.stream(loss.scores()).sum()).isCloseTo(score.getAsDouble(), within(1e-9));
        assertThat(Arrays.stream(loss.scores()).min().orElse(0)).isNotNegative();
        compare(queries, loss.gradientOfQueries(), score, random);
        compare(items, loss.gradientOfItems(), score, random);
    }

    @Property(tries = 40, seed = "20261127")
    void whatPrefixesAreFoundByMovesThemAndStraightThroughTheEmbedding(
            @ForAll @IntRange(min = 2, max = 5) final int rows,
            @ForAll @IntRange(min = 2, max = 5) final int dimensions,
            @ForAll @IntRange(min = 1, max = 4) final int levels,
            @ForAll final boolean endToEnd,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final QuantizationLoss loss =
                new QuantizationLoss(0, 0, 0, 0, 0, 0.7, 3, endToEnd, dimensions, levels, new float[3][dimensions]);
        final INDArray states = gaussian(random, rows, dimensions + 3L * dimensions * levels);
        final INDArray labels = labels(random, rows, 3, 2);
        final INDArray expected = Nd4j.zeros(DataType.DOUBLE, states.shape());
        double score = 0;
        for (int level = 0; level < levels; level++) {
            final INDArray items = columns(states, 2 + 3 * level, dimensions);
            final RetrievalLoss alone = new RetrievalLoss(columns(states, 0, dimensions), items, labels, 3);
            score += 0.7 * Arrays.stream(alone.scores()).sum();
            columns(expected, 2 + 3 * level, dimensions)
                    .addi(alone.gradientOfItems().mul(0.7));
            columns(expected, 0, dimensions)
                    .addi(alone.gradientOfQueries().add(alone.gradientOfItems()).mul(0.7));
        }

        assertThat(loss.computeScore(labels, states, null, null, false)).isCloseTo(score, within(1e-9));
        assertThat(loss.computeGradient(labels, states, null, null).distance2(expected))
                .isLessThan(1e-9);
    }

    private static INDArray columns(final INDArray states, final int block, final int dimensions) {
        return states.get(
                NDArrayIndex.all(), NDArrayIndex.interval((long) block * dimensions, (long) (block + 1) * dimensions));
    }

    @Property(tries = 20, seed = "20260614")
    void lossesOfNothingAreFinite(
            @ForAll @IntRange(min = 1, max = 6) final int levels,
            @ForAll @IntRange(min = 1, max = 4) final int classes,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final QuantizationLoss loss = new QuantizationLoss(1, 1, 1, 1, 1, 1, 6, true, 3, levels, new float[classes][3]);
        final INDArray states = Nd4j.zeros(DataType.DOUBLE, 2, 3 + 9L * levels);
        final INDArray labels = labels(random, 2, classes, 2);

        assertThat(loss.computeScore(labels, states, null, null, true)).isFinite();
        assertFinite(loss.computeGradient(labels, states, null, null));
    }

    @Property(tries = 60, seed = "20260615")
    void theClassificationHasTheGradientOfItsScore(
            @ForAll @IntRange(min = 1, max = 5) final int rows,
            @ForAll @IntRange(min = 1, max = 9) final int classes,
            @ForAll @IntRange(min = 0, max = 3) final int mostLabels,
            @ForAll final boolean several,
            @ForAll @DoubleRange(min = 0, max = 1) final double smoothing,
            @ForAll @IntRange(max = 1 << 20) final int seed) {
        final Random random = new Random(seed);
        final ClassificationLoss loss = new ClassificationLoss(0.7, several, smoothing);
        final INDArray logits = gaussian(random, rows, classes).muli(3);
        final INDArray labels = labels(random, rows, classes, mostLabels);

        compare(
                logits,
                loss.computeGradient(labels, logits, null, null),
                () -> loss.computeScore(labels, logits, null, null, false),
                random);
        for (int n = 0; n < rows; n++) {
            if (labels.getRow(n).sumNumber().doubleValue() == 0) {
                assertThat(loss.computeGradient(labels, logits, null, null)
                                .getRow(n)
                                .amaxNumber()
                                .doubleValue())
                        .isZero();
            }
        }
        final INDArray loud = logits.mul(1e4);
        assertThat(loss.computeScore(labels, loud, null, null, true)).isFinite();
        assertFinite(loss.computeGradient(labels, loud, null, null));
    }
}

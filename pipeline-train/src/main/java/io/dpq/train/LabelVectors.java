package io.dpq.train;

import io.dpq.config.UserException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The vectors v_j of the classes that the adaptive margin (arXiv 1906.06698) pulls embeddings towards: [classes][D]. */
final class LabelVectors {
    private static final int SHOWN = 3;

    private LabelVectors() {}

    /**
     * Reads a text file of one vector a line, numbers apart by blanks or commas; empty lines are passed over.
     *
     * @param dimensions D
     */
    static float[][] read(final String file, final Configuration hadoop, final int dimensions) {
        LocalCopy.require("labels.embeddings", file, hadoop);
        final Path path = new Path(file);
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(path.getFileSystem(hadoop).open(path), StandardCharsets.UTF_8))) {
            return parse(reader.lines().toList(), file, dimensions);
        } catch (IOException | UncheckedIOException e) {
            throw UserException.data("The file " + file + " cannot be read; correct labels.embeddings.", e);
        }
    }

    static float[][] parse(final List<String> lines, final String file, final int dimensions) {
        final List<String> rows =
                lines.stream().map(String::trim).filter(line -> !line.isEmpty()).toList();
        final float[][] vectors = new float[rows.size()][];
        for (int row = 0; row < vectors.length; row++) {
            vectors[row] = vector(rows.get(row), file, row + 1, dimensions);
        }
        return vectors;
    }

    /**
     * The vectors, once it is known that there is one for every class.
     *
     * @param vectors as read from the file
     * @param classes class names in the order of the lines
     */
    static float[][] matched(final float[][] vectors, final String file, final List<String> classes) {
        if (vectors.length != classes.size()) {
            throw UserException.data("The label vectors " + file + " hold " + vectors.length
                    + " lines but the training images show " + classes.size()
                    + " classes; give one line a class, in the order " + order(classes) + ".");
        }
        return vectors;
    }

    private static String order(final List<String> classes) {
        return String.join(", ", classes.subList(0, Math.min(SHOWN, classes.size())))
                + (classes.size() > SHOWN ? ", …" : "");
    }

    private static float[] vector(final String line, final String file, final int number, final int dimensions) {
        final String[] parts = line.split("[\\s,]+", -1);
        if (parts.length != dimensions) {
            throw UserException.data("Line " + number + " of the label vectors " + file + " holds " + parts.length
                    + " numbers but embedding.dimensions is " + dimensions + "; make them equal.");
        }
        final float[] vector = new float[dimensions];
        double square = 0;
        for (int i = 0; i < dimensions; i++) {
            try {
                vector[i] = Float.parseFloat(parts[i]);
            } catch (NumberFormatException e) {
                throw UserException.data(
                        "Line " + number + " of the label vectors " + file + " holds '" + parts[i]
                                + "', which is no number; correct it.",
                        e);
            }
            square += (double) vector[i] * vector[i];
        }
        if (!(square > 0) || Double.isInfinite(square)) {
            throw UserException.data("Line " + number + " of the label vectors " + file
                    + " has no direction; give a finite vector that is not all zero.");
        }
        return vector;
    }

    /** Orthonormal vectors from the seed: Gaussian directions, made orthogonal one after the other (Gram and Schmidt). */
    static float[][] orthonormal(final int classes, final int dimensions, final long seed) {
        if (dimensions < classes) {
            throw UserException.usage("embedding.dimensions is " + dimensions + " but " + classes
                    + " classes need as many orthogonal directions; raise it to " + classes
                    + " or give label vectors in labels.embeddings.");
        }
        final SplittableRandom random = new SplittableRandom(seed);
        final double[][] basis = new double[classes][dimensions];
        for (int row = 0; row < classes; row++) {
            for (int i = 0; i < dimensions; i++) {
                basis[row][i] = random.nextGaussian();
            }
            // Twice, because once leaves rounding errors where the directions nearly agree.
            for (int pass = 0; pass < 2; pass++) {
                for (int other = 0; other < row; other++) {
                    subtractProjection(basis[row], basis[other]);
                }
            }
            normalise(basis[row]);
        }
        final float[][] vectors = new float[classes][dimensions];
        for (int row = 0; row < classes; row++) {
            for (int i = 0; i < dimensions; i++) {
                vectors[row][i] = (float) basis[row][i];
            }
        }
        return vectors;
    }

    private static void subtractProjection(final double[] vector, final double[] unit) {
        double dot = 0;
        for (int i = 0; i < unit.length; i++) {
            dot += vector[i] * unit[i];
        }
        for (int i = 0; i < unit.length; i++) {
            vector[i] -= dot * unit[i];
        }
    }

    private static void normalise(final double[] vector) {
        double square = 0;
        for (final double value : vector) {
            square += value * value;
        }
        final double norm = Math.sqrt(square);
        for (int i = 0; i < vector.length; i++) {
            vector[i] /= norm;
        }
    }
}

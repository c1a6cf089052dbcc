package io.dpq.lake;

import java.util.SplittableRandom;

/**
 * Draws one procedural picture of a class: the class decides texture, shape and layout, chance everything else (colours,
 * size, aspect, scale, position, a small turn, lighting, noise), so that colour alone does not tell the class. StrictMath
 * and a specified generator make the samples equal on every JVM.
 */
final class SamplePicture {
    /** The classes, in the order of their names; the name says what is drawn. */
    enum Kind {
        BLOBS,
        BRICKS,
        CHECKS,
        CROSS,
        DOTS,
        GRADIENT,
        RINGS,
        STRIPES_FLAT,
        STRIPES_SLANTED,
        STRIPES_UPRIGHT,
        TRIANGLE,
        WAVES
    }

    private static final int MIN_SIDE = 24;
    private static final int MAX_SIDE = 160;
    private static final int SUPERSAMPLING = 2;
    private static final int CHANNELS = 3;
    /** Least summed difference of the two colours' channels, in 0…3. */
    private static final double MIN_CONTRAST = 0.7;

    private static final double MAX_TURN = 0.14;
    private static final int LATTICE = 16;

    private final Kind kind;
    private final int width;
    private final int height;
    private final double cells;
    private final double cellsAcross;
    private final double phaseX;
    private final double phaseY;
    private final double share;
    private final double amplitude;
    private final double slope;
    private final double size;
    private final double centreX;
    private final double centreY;
    private final double cosine;
    private final double sine;
    private final double[] lattice = new double[LATTICE * LATTICE];
    private final double[] ink;
    private final double[] paper;
    private final double lightX;
    private final double lightY;
    private final double noise;
    private final SplittableRandom random;

    SamplePicture(final Kind kind, final SplittableRandom random) {
        this.kind = kind;
        this.random = random;
        final int side = MIN_SIDE + random.nextInt(MAX_SIDE - MIN_SIDE + 1);
        final double aspect = between(0.7, 1.4);
        this.width = clampSide(side * StrictMath.sqrt(aspect));
        this.height = clampSide(side / StrictMath.sqrt(aspect));
        this.cells = between(3, 5.5);
        this.cellsAcross = cells * between(0.8, 1.25);
        this.phaseX = random.nextDouble();
        this.phaseY = random.nextDouble();
        this.share = between(0.35, 0.65);
        this.amplitude = between(0.45, 0.8);
        this.slope = random.nextBoolean() ? 1 : -1;
        this.size = between(0.6, 1.0);
        this.centreX = 0.5 + between(-0.12, 0.12);
        this.centreY = 0.5 + between(-0.12, 0.12);
        final double turn = between(-MAX_TURN, MAX_TURN);
        this.cosine = StrictMath.cos(turn);
        this.sine = StrictMath.sin(turn);
        for (int i = 0; i < lattice.length; i++) {
            lattice[i] = random.nextDouble();
        }
        this.paper = colour();
        this.ink = contrasting(paper);
        this.lightX = between(-0.15, 0.15);
        this.lightY = between(-0.15, 0.15);
        this.noise = between(0.0, 0.06);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** The pixels as 0xRRGGBB, row by row. */
    int[] pixels() {
        final int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                pixels[y * width + x] = pixel(x, y);
            }
        }
        return pixels;
    }

    private int pixel(final int x, final int y) {
        double covered = 0;
        for (int i = 0; i < SUPERSAMPLING; i++) {
            for (int j = 0; j < SUPERSAMPLING; j++) {
                covered += turned(
                        (x + (i + 0.5) / SUPERSAMPLING) / width - 0.5, (y + (j + 0.5) / SUPERSAMPLING) / height - 0.5);
            }
        }
        covered /= SUPERSAMPLING * SUPERSAMPLING;
        final double light = 1 + lightX * ((double) x / width - 0.5) + lightY * ((double) y / height - 0.5);
        int rgb = 0;
        for (int c = 0; c < CHANNELS; c++) {
            final double clean = (paper[c] + (ink[c] - paper[c]) * covered) * light;
            final double grain = noise * (random.nextDouble() + random.nextDouble() - 1) * 2;
            rgb = (rgb << 8) | (int) StrictMath.rint(255 * Math.min(1, Math.max(0, clean + grain)));
        }
        return rgb;
    }

    private double turned(final double x, final double y) {
        return ink(x * cosine - y * sine + 0.5, x * sine + y * cosine + 0.5);
    }

    /** How much ink lies at a point of the unit square. */
    private double ink(final double x, final double y) {
        return switch (kind) {
            case BLOBS -> Math.min(1, Math.max(0, (noise(x * cells + 4, y * cells + 4) - 0.5) * 5 + 0.5));
            case BRICKS -> brick(x * cells * 0.7 + phaseX, y * cells + phaseY);
            case CHECKS -> (floor(x * cellsAcross + phaseX) + floor(y * cells + phaseY)) % 2 == 0 ? 1 : 0;
            case CROSS -> cross((x - centreX) / size, (y - centreY) / size);
            case DOTS -> dot(x * cellsAcross + phaseX, y * cells + phaseY);
            case GRADIENT -> gradient(x, y);
            case RINGS -> fraction(distance(x - centreX, y - centreY) * cells * 1.3 + phaseX) < share ? 1 : 0;
            case STRIPES_FLAT -> fraction(y * cells + phaseY) < share ? 1 : 0;
            case STRIPES_SLANTED -> fraction((x + slope * y) * cells * 0.75 + phaseX) < share ? 1 : 0;
            case STRIPES_UPRIGHT -> fraction(x * cells + phaseX) < share ? 1 : 0;
            case TRIANGLE -> triangle((x - centreX) / size, (y - centreY) / size);
            case WAVES ->
                fraction(y * cells
                                        + phaseY
                                        + amplitude
                                                * StrictMath.sin((x * cellsAcross * 0.55 + phaseX) * 2 * StrictMath.PI))
                                < share
                        ? 1
                        : 0;
        };
    }

    /** Bricks with joints; every other course is shifted by half a brick. */
    private double brick(final double x, final double y) {
        final double joint = 0.12 + 0.08 * share;
        final double shifted = x + 0.5 * (floor(y) & 1);
        return fraction(y) > joint * 1.4 && fraction(shifted) > joint ? 1 : 0;
    }

    private double cross(final double x, final double y) {
        final double arm = 0.08 + 0.1 * share;
        final double longest = Math.max(Math.abs(x), Math.abs(y));
        return longest < 0.45 && Math.min(Math.abs(x), Math.abs(y)) < arm ? 1 : 0;
    }

    private double dot(final double x, final double y) {
        final double radius = 0.22 + 0.16 * share;
        return distance(fraction(x) - 0.5, fraction(y) - 0.5) < radius ? 1 : 0;
    }

    private double gradient(final double x, final double y) {
        final double angle = phaseX * 2 * StrictMath.PI;
        final double along = (x - 0.5) * StrictMath.cos(angle) + (y - 0.5) * StrictMath.sin(angle);
        return Math.min(1, Math.max(0, along + 0.5));
    }

    private static double triangle(final double x, final double y) {
        final double fromTop = y + 0.45;
        return fromTop > 0 && fromTop < 0.85 && Math.abs(x) < fromTop * 0.56 ? 1 : 0;
    }

    /** Smooth value noise on a lattice of random heights. */
    private double noise(final double x, final double y) {
        final int left = floor(x);
        final int top = floor(y);
        final double u = smooth(x - left);
        final double v = smooth(y - top);
        final double upper = height(left, top) * (1 - u) + height(left + 1, top) * u;
        final double lower = height(left, top + 1) * (1 - u) + height(left + 1, top + 1) * u;
        return upper * (1 - v) + lower * v;
    }

    private double height(final int column, final int row) {
        return lattice[Math.floorMod(row, LATTICE) * LATTICE + Math.floorMod(column, LATTICE)];
    }

    private static double distance(final double x, final double y) {
        return StrictMath.sqrt(x * x + y * y);
    }

    private static double smooth(final double t) {
        return t * t * (3 - 2 * t);
    }

    private static int floor(final double value) {
        return (int) StrictMath.floor(value);
    }

    private static double fraction(final double value) {
        return value - StrictMath.floor(value);
    }

    private double between(final double from, final double until) {
        return from + (until - from) * random.nextDouble();
    }

    private double[] colour() {
        return new double[] {random.nextDouble(), random.nextDouble(), random.nextDouble()};
    }

    private double[] contrasting(final double[] other) {
        while (true) {
            final double[] candidate = colour();
            double difference = 0;
            for (int c = 0; c < CHANNELS; c++) {
                difference += Math.abs(candidate[c] - other[c]);
            }
            if (difference >= MIN_CONTRAST) {
                return candidate;
            }
        }
    }

    private static int clampSide(final double side) {
        return (int) Math.min(MAX_SIDE, Math.max(MIN_SIDE, StrictMath.rint(side)));
    }
}

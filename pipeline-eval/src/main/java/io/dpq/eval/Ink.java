package io.dpq.eval;

import java.awt.Color;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The colours that a drawing may use. Each stands for a colour of the page's style sheet, by which one drawing serves light and
 * dark: Java's drawing libraries know fixed colours alone, so each ink has one that nothing else has, and {@link SvgCanvas}
 * writes the page's own in its place.
 */
enum Ink {
    /** The model. */
    C0(1),
    /** What the model is set against, and labels; the same holds for the rest. */
    C1(2),
    C2(3),
    C3(4),
    C4(5),
    C5(6),
    C6(7),
    C7(8),
    /** Unquantized embeddings. */
    EXACT(9),
    /** Random codes, and what has no colour of its own. */
    RANDOM(10),
    /** Text at axes. */
    SOFT(11),
    /** Lines of the grid. */
    LINE(12);

    private static final int SERIES = 8;

    private final Color colour;

    Ink(final int blue) {
        this.colour = new Color(1, 2, blue);
    }

    /** The ink of the i-th of some lines, counted from 0; they come round again. */
    static Ink of(final int i) {
        return values()[i % SERIES];
    }

    /** Its name in the style sheet: as a class and, after two dashes, as a variable. */
    String style() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The colour that stands for it. */
    Color colour() {
        return colour;
    }

    /** The ink that an SVG colour such as {@code rgb(1,2,3)} stands for; null where it stands for none. */
    static @Nullable Ink ofSvg(final String colour) {
        for (final Ink ink : values()) {
            if (colour.equals("rgb(1,2," + ink.colour.getBlue() + ")")) {
                return ink;
            }
        }
        return null;
    }
}

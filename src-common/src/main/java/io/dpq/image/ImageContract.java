package io.dpq.image;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.util.List;

/**
 * How stored bytes become network input; part of the model. Two models with equal contracts see equal pixels.
 *
 * @param version of the decoding rules themselves, raised when any pixel would change
 * @param fit how the image is brought to {@code resize}
 * @param resize pixels of the square (stretch) or of the shorter side (cover)
 * @param crop side of the square the network sees, at most {@code resize}
 * @param mean subtracted from red, green and blue, in 0…255
 * @param deviation divides red, green and blue after the mean
 * @param maxPixels images whose header promises more are refused
 * @param maxBytes files longer than this are refused
 * @param mirror whether an image's embedding is the mean of its own and of its mirror image's; absent from a model where it is not
 */
public record ImageContract(
        int version,
        Fit fit,
        int resize,
        int crop,
        List<Double> mean,
        List<Double> deviation,
        long maxPixels,
        long maxBytes,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean mirror) {
    /** The version that this code implements. */
    public static final int VERSION = 1;

    /** How an image is brought to size. */
    public enum Fit {
        /** Both sides become {@code resize}; the aspect changes. */
        STRETCH,
        /** The shorter side becomes {@code resize}; the aspect stays. */
        COVER
    }

    /** Checks the values. */
    public ImageContract {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (crop > resize) {
            throw new IllegalArgumentException("a crop of " + crop + " from " + resize + " pixels");
        }
    }

    /** Of images that are embedded as they are. */
    public ImageContract(
            final int version,
            final Fit fit,
            final int resize,
            final int crop,
            final List<Double> mean,
            final List<Double> deviation,
            final long maxPixels,
            final long maxBytes) {
        this(version, fit, resize, crop, mean, deviation, maxPixels, maxBytes, false);
    }

    /** Reads the section {@code image}. */
    public static ImageContract from(final DpqConfig config) {
        final int resize = config.integer("image.resize", 8, 4096);
        final int crop = config.integer("image.crop", 8, 4096);
        if (crop > resize) {
            throw UserException.usage("image.crop is " + crop + " but must be at most image.resize, " + resize + ".");
        }
        final List<Double> deviation = three(config, "image.deviation");
        if (deviation.stream().anyMatch(d -> d <= 0)) {
            throw config.wrong("image.deviation", "three numbers above 0");
        }
        return new ImageContract(
                VERSION,
                config.choice("image.fit", Fit.class),
                resize,
                crop,
                three(config, "image.mean"),
                deviation,
                config.whole("image.max-pixels", 1, Integer.MAX_VALUE / 3),
                config.bytes("image.max-bytes"),
                config.bool("image.mirror"));
    }

    private static List<Double> three(final DpqConfig config, final String key) {
        final List<Double> values = config.decimals(key);
        if (values.size() != 3) {
            throw config.wrong(key, "three numbers, for red, green and blue");
        }
        return values;
    }

    /** Floats of one network input, 3 · crop · crop. */
    public int tensorLength() {
        return 3 * crop * crop;
    }
}

package io.dpq.lake;

import io.dpq.config.DpqConfig;
import java.util.Optional;

/**
 * Which images a job reads.
 *
 * @param section the section of the configuration it came from, for messages
 * @param kind how the lake is stored
 * @param path where, any Hadoop path
 * @param list a file of "path label[,label…]" lines that restricts and labels the lake
 */
public record LakeSettings(String section, Kind kind, String path, Optional<String> list) {
    /** Kinds of lakes. */
    public enum Kind {
        /** Image files in folders. */
        DIRECTORY
    }

    /** Reads a lake's section, such as {@code train.lake}. */
    public static LakeSettings from(final DpqConfig config, final String section) {
        return new LakeSettings(
                section,
                config.choice(section + ".kind", Kind.class),
                config.string(section + ".path"),
                config.optionalString(section + ".list"));
    }
}

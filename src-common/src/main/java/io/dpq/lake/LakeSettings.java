package io.dpq.lake;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a job reads.
 *
 * @param section the section of the configuration it came from, for messages
 * @param kind how the lake is stored
 * @param path where, any Hadoop path
 * @param list a file of "id label[,label…]" lines that restricts and labels the lake
 * @param columns of Parquet files
 * @param labelMembers kinds of members that label a webdataset sample, the preferred one first
 * @param labelField of a webdataset sample's JSON member
 */
public record LakeSettings(
        String section,
        Kind kind,
        String path,
        Optional<String> list,
        ParquetColumns columns,
        List<String> labelMembers,
        String labelField) {
    private static final List<String> LABEL_MEMBERS = List.of("cls", "json", "txt");

    /** Kinds of lakes. */
    public enum Kind {
        /** Image files in folders. */
        DIRECTORY,
        /** Parquet files with a column of image bytes. */
        PARQUET,
        /** Tar shards of samples. */
        WEBDATASET,
        /** Hadoop SequenceFiles of names and images. */
        SEQUENCE,
        /** The binary batches of CIFAR-10 and CIFAR-100. */
        CIFAR,
        /** Vectors instead of images: Parquet, NumPy or fvecs files. */
        VECTORS
    }

    /** A lake with the usual names of columns and members. */
    public LakeSettings(final String section, final Kind kind, final String path, final Optional<String> list) {
        this(
                section,
                kind,
                path,
                list,
                kind == Kind.VECTORS
                        ? new ParquetColumns(Optional.of("id"), "vector", Optional.of("labels"))
                        : ParquetColumns.USUAL,
                LABEL_MEMBERS,
                "labels");
    }

    /** Whether rows hold vectors rather than images. */
    public boolean holdsVectors() {
        return kind == Kind.VECTORS;
    }

    /** Refuses a lake of images where a model takes vectors, and the other way round. */
    public void requireFits(final boolean vectorModel, final String modelPath) {
        if (vectorModel != holdsVectors()) {
            throw UserException.data("The model at " + modelPath + " takes " + (vectorModel ? "vectors" : "images")
                    + " but " + section + ".kind is " + DpqConfig.kebab(kind) + "; set " + section
                    + ".kind to what the lake is, or model.path to another model.");
        }
    }

    /** Reads a lake's section, such as {@code train.lake}. */
    public static LakeSettings from(final DpqConfig config, final String section) {
        final Kind kind = config.choice(section + ".kind", Kind.class);
        final List<String> members = config.strings(section + ".label-members");
        if (!Set.copyOf(LABEL_MEMBERS).containsAll(members)) {
            throw config.wrong(section + ".label-members", "a list of some of cls, json and txt");
        }
        return new LakeSettings(
                section,
                kind,
                config.string(section + ".path"),
                config.optionalString(section + ".list"),
                new ParquetColumns(
                        config.optionalString(section + ".columns.id"),
                        config.string(section + ".columns." + (kind == Kind.VECTORS ? "vector" : "content")),
                        config.optionalString(section + ".columns.labels")),
                members,
                config.string(section + ".label-field"));
    }
}

package io.dpq.train;

import io.dpq.config.UserException;
import io.dpq.storage.Hashes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/**
 * Everything that decides what a training comes to: the configuration but for what does not matter, the images, and the files it
 * names by their contents. Two trainings of equal fingerprints on one worker give the same network. Immutable.
 *
 * @param parts by name, in the order of names
 */
record Fingerprint(Map<String, String> parts) {
    /** Sections that training does not read, or that decide where and how fast it runs. */
    private static final Set<String> OTHER_SECTIONS =
            Set.of("codes", "encode", "evaluate", "export", "model", "pack", "resources", "search");
    /** Keys that name what is hashed by content, say what happens beside the training, or stand in another form below. */
    private static final List<String> OTHER_KEYS = List.of(
            "backbone.weights",
            "labels.embeddings",
            "train.lake.list",
            "train.lake.path",
            "train.checkpoint.",
            "train.feature-cache.keep",
            "train.feature-cache.path",
            "train.max-loss-growth",
            "train.publish.",
            "train.stall-timeout",
            "train.validation.lake.list",
            "train.validation.lake.path",
            "train.workers");

    /** Keys that came later than checkpoints that are still about, and what was done before there was a choice. */
    private static final Map<String, String> LATER = Map.of("image.mirror", "false");

    /** Keys of what is done after the last checkpoint, so that it can be decided anew from any of them. */
    private static final String AFTERWARDS = "quantization.refit";

    /**
     * Of a training.
     *
     * @param images hash of what is learnt from
     * @param validation hash of what is measured on, where anything is
     * @param labelVectors [classes][D]
     */
    static Fingerprint of(
            final TrainSettings settings,
            final String images,
            final Optional<String> validation,
            final float[][] labelVectors,
            final Configuration hadoop) {
        final Map<String, String> parts = new TreeMap<>();
        settings.config().flat().forEach((key, value) -> {
            if (matters(key) && !String.valueOf(value).equals(LATER.get(key))) {
                parts.put(key, String.valueOf(value));
            }
        });
        parts.put("train.workers", Integer.toString(settings.workers()));
        parts.put("images of train.lake", images);
        validation.ifPresent(hash -> parts.put("images of train.validation", hash));
        parts.put("vectors of labels.embeddings", Hashes.of(out -> {
            for (final float[] vector : labelVectors) {
                for (final float value : vector) {
                    out.writeFloat(value);
                }
            }
        }));
        settings.weights().ifPresent(file -> parts.put("content of backbone.weights", content(file, hadoop)));
        return new Fingerprint(parts);
    }

    private static boolean matters(final String key) {
        return !OTHER_SECTIONS.contains(key.replaceFirst("\\..*", ""))
                && OTHER_KEYS.stream()
                        .noneMatch(other -> other.endsWith(".") ? key.startsWith(other) : key.equals(other));
    }

    private static String content(final String file, final Configuration hadoop) {
        try {
            final Path path = new Path(file);
            try (InputStream in = path.getFileSystem(hadoop).open(path)) {
                return Hashes.of(in::transferTo);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One hash of all parts. */
    String hash() {
        return Hashes.of(out -> {
            for (final Map.Entry<String, String> part : new TreeMap<>(parts).entrySet()) {
                out.writeUTF(part.getKey());
                out.writeUTF(part.getValue());
            }
        });
    }

    /**
     * Refuses to go on from a checkpoint of another training.
     *
     * @param kept parts of the checkpoint's fingerprint
     * @param path of the checkpoint
     * @throws UserException that names what differs
     */
    void requireSame(final Map<String, String> kept, final String path) {
        final List<String> differences = new ArrayList<>();
        final Set<String> names = new TreeSet<>(parts.keySet());
        names.addAll(kept.keySet());
        names.removeIf(name -> name.startsWith(AFTERWARDS));
        for (final String name : names) {
            final @Nullable String before = kept.get(name);
            final @Nullable String now = parts.get(name);
            if (now == null || !now.equals(before)) {
                differences.add(
                        name.contains(" ")
                                ? "the " + name
                                : name + " (" + text(before) + " then, " + text(now) + " now)");
            }
        }
        if (!differences.isEmpty()) {
            throw UserException.usage("The training cannot go on from the checkpoint " + path + ", which differs in "
                    + String.join(", ", differences)
                    + "; make them equal again, or leave --resume away to begin anew.");
        }
    }

    private static String text(final @Nullable String value) {
        return value == null ? "unset" : value;
    }
}

package io.dpq.codes;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one encoding run did; a run exists only once its manifest does. Counts add up, and a manifest whose counts do not
 * cannot be made or read: listed = encoded + refreshed + quarantined + unchanged. Immutable.
 *
 * @param formatVersion of this file
 * @param runId sorts by time
 * @param modelId SHA-256 id of the model whose codes these are
 * @param decodeVersion version of the decode contract the images were read under
 * @param levels L
 * @param codewords K
 * @param startedAt ISO-8601 instant
 * @param finishedAt ISO-8601 instant
 * @param listed images of the lake
 * @param encoded images encoded
 * @param refreshed images whose earlier code was written again, with other labels or another modification time
 * @param quarantined images no decoder took
 * @param quarantinedAgain those of them that were in the quarantine before, tried again and not taken again
 * @param unchanged images left as an earlier run has them, in the codes or in the quarantine
 * @param deleted images of earlier runs that the lake has no more; not among those listed
 * @param superseded ids whose rows in earlier runs no longer count: of images written again, and of deleted ones
 * @param quarantineReasons count per reason
 * @param files data files, paths relative to the table's root
 * @param supersededFiles files of the superseded ids, paths relative to the table's root
 * @param replaces runs that this one has taken in: they exist no longer, even where their files do
 * @param metrics what the run measured of itself, by name; empty in earlier formats
 * @param config the resolved configuration, secrets starred out
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunManifest(
        int formatVersion,
        String runId,
        String modelId,
        int decodeVersion,
        int levels,
        int codewords,
        String startedAt,
        String finishedAt,
        long listed,
        long encoded,
        long refreshed,
        long quarantined,
        long quarantinedAgain,
        long unchanged,
        long deleted,
        long superseded,
        Map<String, Long> quarantineReasons,
        List<DataFile> files,
        List<DataFile> supersededFiles,
        List<String> replaces,
        Map<String, Long> metrics,
        Map<String, Object> config) {
    /** The version that this code writes. */
    public static final int VERSION = 3;

    /** Checks that the counts reconcile. */
    public RunManifest {
        quarantineReasons = Map.copyOf(quarantineReasons);
        files = List.copyOf(files);
        supersededFiles = List.copyOf(supersededFiles);
        replaces = List.copyOf(replaces);
        metrics = Collections.unmodifiableMap(new TreeMap<>(metrics));
        // Not Map.copyOf: a configuration may hold nulls, and its order is for people.
        config = Collections.unmodifiableMap(new TreeMap<>(config));
        if (Math.min(Math.min(encoded, refreshed), Math.min(quarantined, unchanged)) < 0
                || listed != encoded + refreshed + quarantined + unchanged) {
            throw new IllegalArgumentException("counts do not add up: " + listed + " listed, but " + encoded
                    + " encoded, " + refreshed + " refreshed, " + quarantined + " quarantined and " + unchanged
                    + " unchanged");
        }
        if (rows(files) != encoded + refreshed) {
            throw new IllegalArgumentException(
                    "the files do not hold the " + (encoded + refreshed) + " rows encoded or refreshed");
        }
        if (quarantinedAgain < 0 || quarantinedAgain > quarantined) {
            throw new IllegalArgumentException(
                    "of " + quarantined + " quarantined " + quarantinedAgain + " cannot have been there before");
        }
        if (deleted < 0 || deleted > superseded || rows(supersededFiles) != superseded) {
            throw new IllegalArgumentException("the files do not hold the " + superseded + " ids superseded");
        }
        if (quarantineReasons.values().stream().mapToLong(Long::longValue).sum() != quarantined) {
            throw new IllegalArgumentException("the reasons do not add up to the " + quarantined + " quarantined");
        }
    }

    private static long rows(final List<DataFile> files) {
        return files.stream().mapToLong(DataFile::rows).sum();
    }

    /**
     * A data file of the run.
     *
     * @param path relative to the table's root
     * @param rows in the file
     * @param bytes of the file
     */
    public record DataFile(String path, long rows, long bytes) {}
}

package io.dpq.codes;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one encoding run did; a run exists only once its manifest does. Counts add up, and a manifest whose counts do not
 * cannot be made or read: listed = encoded + quarantined + unchanged. Immutable.
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
 * @param encoded rows written
 * @param quarantined images no decoder took
 * @param unchanged images left as an earlier run encoded them
 * @param quarantineReasons count per reason
 * @param files data files, paths relative to the table's root
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
        long quarantined,
        long unchanged,
        Map<String, Long> quarantineReasons,
        List<DataFile> files,
        Map<String, Object> config) {
    /** The version that this code writes. */
    public static final int VERSION = 1;

    /** Checks that the counts reconcile. */
    public RunManifest {
        quarantineReasons = Map.copyOf(quarantineReasons);
        files = List.copyOf(files);
        // Not Map.copyOf: a configuration may hold nulls, and its order is for people.
        config = Collections.unmodifiableMap(new TreeMap<>(config));
        if (encoded < 0 || quarantined < 0 || unchanged < 0 || listed != encoded + quarantined + unchanged) {
            throw new IllegalArgumentException("counts do not add up: " + listed + " listed, but " + encoded
                    + " encoded, " + quarantined + " quarantined and " + unchanged + " unchanged");
        }
        if (files.stream().mapToLong(DataFile::rows).sum() != encoded) {
            throw new IllegalArgumentException("the files do not hold the " + encoded + " rows encoded");
        }
        if (quarantineReasons.values().stream().mapToLong(Long::longValue).sum() != quarantined) {
            throw new IllegalArgumentException("the reasons do not add up to the " + quarantined + " quarantined");
        }
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

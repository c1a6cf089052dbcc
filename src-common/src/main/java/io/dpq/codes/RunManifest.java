package io.dpq.codes;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/**
 * What one encoding run did; a run exists only once its manifest does. Counts add up: listed = encoded + quarantined +
 * unchanged.
 *
 * @param formatVersion of this file
 * @param runId sorts by time
 * @param modelId SHA-256 id of the model whose codes these are
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

    /**
     * A data file of the run.
     *
     * @param path relative to the table's root
     * @param rows in the file
     * @param bytes of the file
     */
    public record DataFile(String path, long rows, long bytes) {}
}

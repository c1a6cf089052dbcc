package io.dpq.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.dpq.image.ImageContract;
import io.dpq.quantizer.Similarity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code manifest.json} of a model directory, written last.
 *
 * @param formatVersion of the directory's layout
 * @param modelId SHA-256 over the hashes of all files but the training log, and over every field here but provenance and
 *     metrics
 * @param dimensions D
 * @param levels L
 * @param codewords K
 * @param score how items are ranked, {@code inner-product}
 * @param similarity by which codes choose codewords; absent for L2
 * @param labels class names, in the order of the classifier's outputs
 * @param image how images become network input
 * @param backbone kind of backbone
 * @param files SHA-256 and length of every other file
 * @param provenance resolved configuration, data summary, seed, workers, averaging frequency, code revision, versions
 * @param metrics figures measured while training and exporting
 */
public record ModelManifest(
        int formatVersion,
        String modelId,
        int dimensions,
        int levels,
        int codewords,
        String score,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Similarity similarity,
        List<String> labels,
        ImageContract image,
        String backbone,
        Map<String, FileHash> files,
        Map<String, Object> provenance,
        Map<String, Object> metrics) {
    /** The version that this code writes and reads. */
    public static final int VERSION = 1;

    /**
     * Hash of one file.
     *
     * @param sha256 lower-case hexadecimal
     * @param bytes length
     */
    public record FileHash(String sha256, long bytes) {}
}

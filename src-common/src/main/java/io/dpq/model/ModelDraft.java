package io.dpq.model;

import io.dpq.image.ImageContract;
import io.dpq.quantizer.Similarity;
import java.util.List;
import java.util.Map;

/**
 * What a training knows of its model before the files are hashed; the fields are those of {@link ModelManifest}.
 *
 * @param dimensions D
 * @param levels L
 * @param codewords K
 * @param similarity by which codes choose codewords
 * @param labels class names, in the order of the classifier's outputs
 * @param image how images become network input
 * @param backbone kind of backbone
 * @param provenance resolved configuration, data summary, seed, workers, averaging frequency, code revision, versions
 * @param metrics figures measured while training and exporting
 */
public record ModelDraft(
        int dimensions,
        int levels,
        int codewords,
        Similarity similarity,
        List<String> labels,
        ImageContract image,
        String backbone,
        Map<String, Object> provenance,
        Map<String, Object> metrics) {
    /** Items are ranked by the inner product of query and reconstruction. */
    static final String INNER_PRODUCT = "inner-product";

    ModelManifest manifest(final Map<String, ModelManifest.FileHash> files) {
        final ModelManifest unnamed = manifest("", files);
        return manifest(ModelHashes.modelId(unnamed), files);
    }

    private ModelManifest manifest(final String modelId, final Map<String, ModelManifest.FileHash> files) {
        return new ModelManifest(
                ModelManifest.VERSION,
                modelId,
                dimensions,
                levels,
                codewords,
                INNER_PRODUCT,
                similarity == Similarity.L2 ? null : similarity,
                labels,
                image,
                backbone,
                files,
                provenance,
                metrics);
    }
}

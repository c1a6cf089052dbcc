package io.dpq.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.storage.Hashes;
import java.util.Map;
import java.util.TreeMap;

/** SHA-256 of files, and of a model as a whole. */
final class ModelHashes {
    private ModelHashes() {}

    static ModelManifest.FileHash of(final byte[] content) {
        return new ModelManifest.FileHash(Hashes.of(content), content.length);
    }

    /**
     * SHA-256 over everything that decides a code: the hashes of files, and of the manifest what tells how to use them.
     * Provenance, metrics and the training log only describe, and are left out: one training has one id however long it took.
     */
    static String modelId(final ModelManifest manifest) {
        final Map<String, ModelManifest.FileHash> files = new TreeMap<>(manifest.files());
        files.remove(ModelDirectory.TRAINING_LOG);
        final ModelManifest essence = new ModelManifest(
                manifest.formatVersion(),
                "",
                manifest.dimensions(),
                manifest.levels(),
                manifest.codewords(),
                manifest.score(),
                manifest.similarity(),
                manifest.labels(),
                manifest.image(),
                manifest.backbone(),
                files,
                Map.of(),
                Map.of());
        try {
            return Hashes.of(new ObjectMapper().writeValueAsBytes(essence));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A manifest is always JSON.", e);
        }
    }
}

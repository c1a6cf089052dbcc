package io.dpq.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** SHA-256 of files, and of a model as a whole. */
final class ModelHashes {
    private ModelHashes() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    static String hex(final MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    static ModelManifest.FileHash of(final byte[] content) {
        final MessageDigest digest = sha256();
        digest.update(content);
        return new ModelManifest.FileHash(hex(digest), content.length);
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
                manifest.labels(),
                manifest.image(),
                manifest.backbone(),
                files,
                Map.of(),
                Map.of());
        final MessageDigest digest = sha256();
        try {
            digest.update(new ObjectMapper().writeValueAsBytes(essence));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A manifest is always JSON.", e);
        }
        return hex(digest);
    }
}

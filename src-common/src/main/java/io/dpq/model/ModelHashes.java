package io.dpq.model;

import java.nio.charset.StandardCharsets;
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

    /** SHA-256 over "name hash" lines in the order of the names. */
    static String modelId(final Map<String, ModelManifest.FileHash> files) {
        final MessageDigest digest = sha256();
        new TreeMap<>(files)
                .forEach((name, hash) ->
                        digest.update((name + " " + hash.sha256() + "\n").getBytes(StandardCharsets.UTF_8)));
        return hex(digest);
    }
}

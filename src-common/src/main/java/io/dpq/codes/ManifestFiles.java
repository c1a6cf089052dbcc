package io.dpq.codes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dpq.config.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Run manifests as JSON files. Stateless. */
final class ManifestFiles {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private ManifestFiles() {}

    static RunManifest read(final FileSystem files, final Path path) {
        final JsonNode tree;
        try (InputStream in = files.open(path)) {
            tree = JSON.readTree(in);
        } catch (JsonProcessingException e) {
            throw damaged(path, e.getOriginalMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + path, e);
        }
        // The version first: a later version may look entirely different, and that is not damage.
        final int version = tree.path("formatVersion").asInt(0);
        if (version > RunManifest.VERSION) {
            throw UserException.data("The run manifest " + path + " has format version " + version
                    + ", but this release reads up to " + RunManifest.VERSION + "; use the release that wrote it.");
        }
        if (version < 1) {
            throw damaged(path, "it has no format version");
        }
        if (version == 1 && tree instanceof ObjectNode object) {
            // The first format knew neither changed nor deleted images.
            List.of("refreshed", "deleted", "superseded").forEach(count -> object.put(count, 0));
            List.of("supersededFiles", "replaces").forEach(object::putArray);
        }
        if (version < RunManifest.VERSION && tree instanceof ObjectNode object) {
            object.putObject("metrics");
        }
        try {
            return JSON.treeToValue(tree, RunManifest.class);
        } catch (JsonProcessingException e) {
            throw damaged(path, e.getOriginalMessage());
        }
    }

    static UserException damaged(final Path path, final String what) {
        return UserException.data("The run manifest " + path + " is damaged ("
                + what.lines().findFirst().orElse("") + "); restore it, or delete it and run encode again.");
    }

    static void write(final FileSystem files, final Path path, final RunManifest manifest) throws IOException {
        try (OutputStream out = files.create(path, false)) {
            out.write(JSON.writeValueAsBytes(manifest));
        }
    }
}

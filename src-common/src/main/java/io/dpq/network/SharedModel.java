package io.dpq.network;

import io.dpq.image.ImageContract;
import io.dpq.image.InputReader;
import io.dpq.model.Embedder;
import io.dpq.quantizer.ResidualEncoder;

/**
 * All that turns stored images or vectors into codes, loaded. Thread-safe, since its parts are.
 *
 * @param image how images become network input
 * @param embedder images to embeddings; belongs to the cache, so never close it
 * @param quantizer embeddings to codes
 */
public record SharedModel(ImageContract image, Embedder embedder, ResidualEncoder quantizer) {
    /** What reads stored content for this model; for one thread. */
    public InputReader reader() {
        return embedder.vectorLength() > 0
                ? InputReader.ofVectors(embedder.vectorLength())
                : InputReader.ofImages(image);
    }
}

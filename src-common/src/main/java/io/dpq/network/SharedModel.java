package io.dpq.network;

import io.dpq.image.ImageContract;
import io.dpq.model.Embedder;
import io.dpq.quantizer.ResidualEncoder;

/**
 * All that turns a decoded image into a code, loaded. Thread-safe, since its parts are.
 *
 * @param image how images become network input
 * @param embedder images to embeddings; belongs to the cache, so never close it
 * @param quantizer embeddings to codes
 */
public record SharedModel(ImageContract image, Embedder embedder, ResidualEncoder quantizer) {}

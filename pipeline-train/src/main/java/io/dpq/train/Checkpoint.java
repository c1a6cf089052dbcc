package io.dpq.train;

import java.util.Map;

/**
 * A whole checkpoint, in memory.
 *
 * @param path for messages
 * @param manifest what it is
 * @param files content by name
 */
record Checkpoint(String path, CheckpointManifest manifest, Map<String, byte[]> files) {}

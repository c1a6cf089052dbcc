package io.dpq.train;

import io.dpq.model.ModelManifest.FileHash;
import java.util.Map;

/**
 * {@code checkpoint.json}, written when all other files of a checkpoint are there.
 *
 * @param formatVersion of the checkpoint's layout
 * @param run the training it belongs to, the same when that is resumed
 * @param revision of the code that wrote it
 * @param fingerprint of everything that decides the training's result
 * @param standing how far the training had come
 * @param files SHA-256 and length of every other file
 */
record CheckpointManifest(
        int formatVersion,
        String run,
        String revision,
        Map<String, String> fingerprint,
        Standing standing,
        Map<String, FileHash> files) {
    /** The version that this code writes and reads. */
    static final int VERSION = 1;
}

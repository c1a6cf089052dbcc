package io.dpq.train.data;

import io.dpq.train.random.Seeds;

/**
 * Which images validation keeps from training: a share of them by a hash of their ids, whatever the seed, so that an image
 * once held out stays held out in every later training with that share or a larger one.
 */
public final class HeldOut {
    private static final long SALT = 0x76616c6964617465L;

    private HeldOut() {}

    /**
     * Whether the image of a key is held out.
     *
     * @param fraction of all images, 0…1
     */
    public static boolean contains(final long key, final double fraction) {
        return (Seeds.mix(SALT, key) >>> 11) * 0x1.0p-53 < fraction;
    }
}

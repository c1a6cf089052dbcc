package io.dpq.network;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Small networks whose backbones come from files. */
final class BackboneSpecs {
    private BackboneSpecs() {}

    static NetworkSpec file(
            final NetworkSpec.Backbone kind,
            final String file,
            final int side,
            final @Nullable String feature,
            final @Nullable String frozen) {
        return Specs.with(
                Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, side, 6),
                new NetworkSpec.BackboneSpec(
                        kind,
                        4,
                        8,
                        Optional.of(file),
                        false,
                        Optional.ofNullable(frozen),
                        0,
                        Optional.ofNullable(feature)));
    }
}

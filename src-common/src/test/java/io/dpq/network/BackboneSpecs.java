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
        final NetworkSpec plain = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, side, 6);
        return new NetworkSpec(
                3,
                side,
                kind,
                4,
                Optional.of(file),
                false,
                Optional.ofNullable(frozen),
                0,
                6,
                2,
                4,
                plain.similarity(),
                4,
                plain.gradient(),
                plain.loss(),
                plain.labelVectors(),
                Specs.optimizer(1),
                100,
                0,
                7,
                false,
                Optional.ofNullable(feature));
    }
}

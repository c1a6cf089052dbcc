package io.dpq.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class IllustrationsTest {
    @SuppressWarnings("unchecked")
    private static <E extends Exception> void undeclared(final Exception failure) throws E {
        throw (E) failure;
    }

    /** Also one that fails as Spark's jobs do. */
    @Test
    void aPartThatFailsIsLeftOut() {
        assertThat(Illustrations.orNone("a map", () -> "drawn", "none")).isEqualTo("drawn");
        assertThat(Illustrations.<String>orNone(
                        "a map",
                        () -> {
                            IllustrationsTest.<RuntimeException>undeclared(new IOException("lost"));
                            return "drawn";
                        },
                        "none"))
                .isEqualTo("none");
    }
}

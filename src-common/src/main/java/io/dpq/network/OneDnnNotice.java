package io.dpq.network;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once per JVM, in the executor's log, where layers do not compute by oneDNN and are therefore many times slower. */
public final class OneDnnNotice {
    private OneDnnNotice() {}

    /** Warns at the first call in this JVM. */
    public static void give() {
        Once.touch();
    }

    /** A class is initialised once, by one thread: no state is needed to remember that the notice was given. */
    private static final class Once {
        private static final Logger LOG = LoggerFactory.getLogger(OneDnnNotice.class);

        static {
            if (!OneDnn.enabled()) {
                LOG.warn(
                        "Layers do not compute by oneDNN here, which is many times slower; start the JVM with -D{}=false.",
                        OneDnn.DISABLED);
            }
        }

        private static void touch() {
            // Its call alone initialises the class.
        }
    }
}

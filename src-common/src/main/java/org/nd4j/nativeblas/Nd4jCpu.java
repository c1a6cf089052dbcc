package org.nd4j.nativeblas;

/**
 * The name under which Deeplearning4j 1.0.0-M2.1 asks, by reflection, whether oneDNN may be used. The back end has moved
 * the class; without this one the question fails, and every convolution silently runs 2 to 8 times slower.
 */
public final class Nd4jCpu {
    private Nd4jCpu() {}

    /** Forwards to the environment of today's back end. */
    public static final class Environment {
        private static final Environment INSTANCE = new Environment();

        private Environment() {}

        /** The only instance; it holds no state of its own. */
        public static Environment getInstance() {
            return INSTANCE;
        }

        /** Whether the native back end was built with oneDNN and may use it. */
        public boolean isUseMKLDNN() {
            return org.nd4j.linalg.cpu.nativecpu.bindings.Nd4jCpu.Environment.getInstance()
                    .isUseONEDNN();
        }
    }
}

package io.dpq.image;

/** The horizontal pass of a resampling. All implementations give the same integers. Thread-safe. */
interface RowPass {
    /**
     * Resamples every row.
     *
     * @param in RGB bytes, {@code rows} times {@code inWidth} pixels
     * @param weights from {@code inWidth} to {@code width} positions
     * @param out receives RGB values 0…255, {@code rows} times {@code width} pixels
     */
    void across(byte[] in, int inWidth, int rows, Weights weights, int[] out, int width);

    /** By the Vector API where the JVM was started with its module, else plain Java. */
    static RowPass best() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return new PlainRowPass();
        }
        try {
            // By name, so that no other class fails to load where the module is absent.
            return Class.forName("io.dpq.image.VectorRowPass")
                    .asSubclass(RowPass.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            // The module is incubating: another Java release may have changed what the class was compiled against.
            return new PlainRowPass();
        }
    }
}

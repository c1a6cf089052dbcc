package io.dpq.quantizer;

/** Chooses the fastest kernel that this JVM can run. Stateless. */
final class Kernels {
    private static final String MODULE = "jdk.incubator.vector";
    private static final String VECTOR_KERNEL = "io.dpq.quantizer.VectorKernel";

    private Kernels() {}

    /** The Vector API where the JVM was started with its module and its vectors are worth it, else plain Java. */
    static ScoreKernel best() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return new PlainKernel();
        }
        try {
            // By name, so that no other class fails to load where the module is absent.
            return Class.forName(VECTOR_KERNEL)
                    .asSubclass(ScoreKernel.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            // The module is incubating: another Java release may have changed what the class was compiled against.
            return new PlainKernel();
        }
    }
}

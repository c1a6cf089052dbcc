package io.dpq.image;

/**
 * The arithmetic on rows of pixels. All implementations give the same integers. Stateless and thread-safe.
 *
 * <p>Where it is said, a row has {@value #SLACK} places behind its last pixel, whose values have no meaning: an implementation may
 * read them, and write there what is left of its last vector.
 */
interface RowKernel {
    /** Places behind a row's last pixel. */
    int SLACK = 16;

    /**
     * YCC as in JFIF 1.02 (ITU-R BT.601) to RGB.
     *
     * @param ycc three bytes a pixel, and {@value #SLACK} places
     * @param rgb receives three values 0…255 a pixel, and has {@value #SLACK} places
     */
    void rgb(byte[] ycc, int pixels, int[] rgb);

    /**
     * The weights of a horizontal resampling, in the order that {@link #across} wants them.
     *
     * @param weights from one width to another
     */
    int[] factors(Weights weights);

    /**
     * Resamples a row.
     *
     * @param line RGB values 0…255 of a row, and {@value #SLACK} places
     * @param factors what {@link #factors} gave for {@code weights}
     * @param out receives RGB values 0…255, and has {@value #SLACK} places
     */
    void across(int[] line, Weights weights, int[] factors, int[] out);

    /**
     * The weighted sum of rows.
     *
     * @param rows of RGB values 0…255, one for each weight of the row {@code y}
     * @param weights from one height to another
     * @param y the row of the output
     * @param out receives {@code values} bytes from {@code to} on
     */
    void down(int[][] rows, Weights weights, int y, byte[] out, int to, int values);

    /** By the Vector API where the JVM was started with its module, else plain Java. */
    static RowKernel best() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return new PlainRowKernel();
        }
        try {
            // By name, so that no other class fails to load where the module is absent.
            return Class.forName("io.dpq.image.VectorRowKernel")
                    .asSubclass(RowKernel.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            // The module is incubating: another Java release may have changed what the class was compiled against.
            return new PlainRowKernel();
        }
    }
}

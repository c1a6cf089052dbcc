package io.dpq.network;

import java.util.Locale;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.layers.LayerHelper;
import org.deeplearning4j.nn.layers.mkldnn.BaseMKLDNNHelper;

/**
 * Tells whether Deeplearning4j really computes by oneDNN. It needs three things: a back end built with oneDNN, the system
 * property {@value #DISABLED} set to false, and the class {@link org.nd4j.nativeblas.Nd4jCpu} that answers under the old name.
 */
public final class OneDnn {
    /** The system property that must be {@code false} on driver and executors; Deeplearning4j takes its absence for true. */
    public static final String DISABLED = "org.eclipse.deeplearning4j.helpers.disable";

    private OneDnn() {}

    /** Whether layers made from now on compute by oneDNN. */
    public static boolean enabled() {
        return !Boolean.parseBoolean(System.getProperty(DISABLED, "true")) && BaseMKLDNNHelper.mklDnnEnabled();
    }

    /** Whether this very layer computes by oneDNN. */
    public static boolean active(final Layer layer) {
        final LayerHelper helper = layer.getHelper();
        return helper != null
                && helper.getClass().getSimpleName().toUpperCase(Locale.ROOT).startsWith("MKLDNN")
                && helper.checkSupported();
    }
}

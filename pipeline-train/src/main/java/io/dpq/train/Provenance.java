package io.dpq.train;

import ai.onnxruntime.OrtEnvironment;
import io.dpq.job.BuildInfo;
import io.dpq.network.NetworkSpec;
import io.dpq.network.OneDnn;
import io.dpq.train.data.DataSummary;
import io.dpq.train.data.EpochPlan;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.spark.api.java.JavaSparkContext;

/** Where a model came from, for its manifest. */
final class Provenance {
    private static final String UNKNOWN = "unknown";

    private Provenance() {}

    static Map<String, Object> of(
            final JavaSparkContext spark,
            final TrainSettings settings,
            final DataSummary data,
            final EpochPlan plan,
            final NetworkSpec spec,
            final String run,
            final Fingerprint fingerprint) {
        final BuildInfo build = new BuildInfo();
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("release", build.version());
        map.put("revision", build.revision());
        map.put(StartingPoint.RUN, run);
        map.put(StartingPoint.FINGERPRINT, fingerprint.hash());
        map.put("application", spark.sc().applicationId());
        map.put("seed", settings.seed());
        map.put("workers", settings.workers());
        map.put("averagingFrequency", settings.averagingFrequency());
        map.put("stepsPerEpoch", plan.steps());
        map.put("totalSteps", spec.totalSteps());
        map.put("data", data.provenance());
        // Of the driver; executors take the same option from the submission, and warn in their logs without it.
        map.put("oneDnn", OneDnn.enabled());
        map.put("versions", versions(spark));
        map.put("config", settings.config().flat());
        return map;
    }

    private static Map<String, Object> versions(final JavaSparkContext spark) {
        final Map<String, Object> versions = new LinkedHashMap<>();
        versions.put("java", Runtime.version().toString());
        versions.put("spark", spark.version());
        versions.put("deeplearning4j", maven("org.deeplearning4j", "deeplearning4j-nn"));
        versions.put("dl4j-spark", maven("org.deeplearning4j", "dl4j-spark_2.12"));
        versions.put("nd4j", maven("org.nd4j", "nd4j-api"));
        versions.put("onnxruntime", OrtEnvironment.getEnvironment().getVersion());
        return versions;
    }

    /** The version that Maven left in a library's jar. */
    private static String maven(final String group, final String artifact) {
        final Properties properties = new Properties();
        try (InputStream in =
                Provenance.class.getResourceAsStream("/META-INF/maven/" + group + "/" + artifact + "/pom.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version", UNKNOWN);
    }
}

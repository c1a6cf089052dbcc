package io.dpq.job;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Which build this is; recorded in models, runs and reports. */
public final class BuildInfo implements IVersionProvider {
    private static final String UNKNOWN = "unknown";

    private final Properties properties = new Properties();

    /** Reads what the build left in the jar; a build outside a repository has no revision. */
    public BuildInfo() {
        try (InputStream in = BuildInfo.class.getResourceAsStream("/io/dpq/job/build.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The release. */
    public String version() {
        return properties.getProperty("git.build.version", UNKNOWN);
    }

    /** The commit, ending in {@code -dirty} where the tree had changes. */
    public String revision() {
        return properties.getProperty("git.commit.id.describe", UNKNOWN);
    }

    @Override
    public String[] getVersion() {
        return new String[] {"DPQ on Spark " + version() + " (" + revision() + ")"};
    }
}

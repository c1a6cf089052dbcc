package io.dpq.encode;

import io.dpq.job.JobMain;

/** The main class that spark-submit starts. */
public final class Compact {
    private Compact() {}

    /** Runs the job; {@code --help} lists the options. */
    public static void main(final String[] args) {
        JobMain.main(new CompactJob(), args);
    }
}

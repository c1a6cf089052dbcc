package io.dpq.encode;

import io.dpq.job.JobMain;

/** The main class that spark-submit starts to pack a lake. */
public final class Pack {
    private Pack() {}

    /** Runs the job; {@code --help} lists the options. */
    public static void main(final String[] args) {
        JobMain.main(new PackJob(), args);
    }
}

package io.dpq.train;

import io.dpq.job.JobMain;

/** The training job on the command line and under spark-submit. */
public final class Train {
    private Train() {}

    /** Runs the job; see {@code --help}. */
    public static void main(final String[] args) {
        JobMain.main(new TrainJob(), args);
    }
}

package io.dpq.eval;

import io.dpq.job.JobMain;

/** The class that spark-submit is given. */
public final class Evaluate {
    private Evaluate() {}

    /** Runs the job. */
    public static void main(final String[] args) {
        JobMain.main(new EvaluateJob(), args);
    }
}

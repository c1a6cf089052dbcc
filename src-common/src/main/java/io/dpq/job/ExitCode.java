package io.dpq.job;

/** Exit codes of every job. */
enum ExitCode {
    /** The job is done. */
    DONE(0),
    /** Wrong usage or configuration. */
    USAGE(1),
    /** The user's data, paths or stored artefacts. */
    DATA(2),
    /** The project's fault, or the cluster's. */
    INTERNAL(3),
    /** Finished, but over the failure budget or under the bar for publication. */
    OVER_BUDGET(4);

    private final int code;

    ExitCode(final int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}

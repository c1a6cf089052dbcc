package io.dpq.job;

import io.dpq.config.DpqConfig;
import java.util.List;

/** One Spark job: what it does, without the frame around it. Implementations are stateless. */
public interface Job {
    /** The verb of the command line, such as {@code train}. */
    String name();

    /** One sentence for {@code --help}. */
    String description();

    /**
     * Checks the configuration as far as it goes without Spark, throwing {@link io.dpq.config.UserException}, and tells what
     * the job will do, a line each, for {@code --dry-run} and the log.
     */
    List<String> plan(DpqConfig config);

    /** Whether an interrupted run can be gone on with, by {@code --resume}. */
    default boolean resumable() {
        return false;
    }

    /** Whether it takes {@code --retry-failed}. */
    default boolean retrying() {
        return false;
    }

    /** Whether it takes {@code --compare} and {@code --gate}. */
    default boolean comparing() {
        return false;
    }

    /** Runs; a mistake of the user is a {@link io.dpq.config.UserException}, anything else is the project's fault. */
    Outcome run(JobContext context) throws Exception;

    /** The class with the job's main method: what spark-submit is given. */
    Class<?> mainClass();

    /** How a job that finished ended. */
    enum Outcome {
        /** All is well: exit code 0. */
        DONE,
        /** Finished, but over the failure budget or under the bar for publication: exit code 4. */
        OVER_BUDGET
    }
}
